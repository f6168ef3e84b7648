"""From waiting messages to jobs: who may be called now, what is due there, and one commit that owns it."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import DataError, Error, IntegrityError, transaction

from providers.base import OutboundSms, Receipts
from sms.domain.lifecycle import Status, choose, remaining
from sms.domain.routing import Candidate

from . import clock, erasure, gates, keys, metrics, outbox, snapshot
from .ahead import Ahead
from .calls import Job, Probe, Send, trace_of
from .gates import Gate, Look
from .history import tries_of
from .outbox import Due
from .snapshot import Account, Snapshot
from .traffic import allowance, give_probe_back, take_probe

log = structlog.get_logger(__name__)

LATER = {True: 1.0, False: 5.0}
"""Seconds until a message that nobody may carry now is looked at again; OTPs sooner."""
LATER_WHEN_CLOSED = {True: 1.0, False: 30.0}
"""The same while its providers may not be called: when one opens again, the first that wait for it are due at once."""
CRASHES_ALLOWED = 3
ROUNDS = 3
"""Messages that moved to another provider are claimed there at once, not at the next turn."""
REROUTE_AT_ONCE = 200
REROUTE_PAUSE = 1.0
"""Seconds between two looks at a closed provider's messages when the last look moved none of them."""

_closed_until: dict[int, float] = {}


@dataclass
class Harvest:
    """What one round of claiming gathers before it writes; `jobs` has those of earlier rounds too."""

    look: Look
    snapshot: Snapshot
    jobs: list[Job]
    ahead: Ahead
    open_providers: frozenset[int] = frozenset()
    claims: list[dict[str, Any]] = field(default_factory=list)
    put_off: list[dict[str, Any]] = field(default_factory=list)
    seen: set[uuid.UUID] = field(default_factory=set)
    moved: int = 0
    written: Callable[[], None] = lambda: None
    """Raises if what was claimed could not be."""
    is_behind: bool | None = None
    """Whether the configuration has changed since this snapshot; None: nobody asked yet."""

    @property
    def now(self) -> datetime:
        return self.look.now


def take(
    jobs: list[Job],
    look: Look,
    ahead: Ahead,
    *,
    otp_slots: int,
    other_slots: int,
    one_by_one: bool = False,
) -> Callable[[], None]:
    """Claim what is due, up to so many messages of each lane, and add the calls to `jobs`, an empty list.

    In the caller's transaction. OTPs come first. Only once the claim is committed may a byte leave. Where this, the
    commit, or the answer after it raises, nobody knows whether the jobs in the list are claimed: they must not begin.
    `one_by_one` is for when a claim of many was refused: it finds the message that the database does not take.
    """
    write = _write_one_by_one if one_by_one else _write
    rounds: list[Harvest] = []
    for _ in range(ROUNDS):
        harvest = _harvest(look if not rounds else gates.look(), jobs, ahead)
        rounds.append(harvest)
        otps = sum(isinstance(job, Send) and job.message.is_otp for job in jobs)
        _gather_all(harvest, otp_slots - len(jobs), other_slots - (len(jobs) - otps))
        write(harvest)
        outbox.put_off(harvest.put_off)
        if not harvest.moved:
            break
    ahead.learn(jobs)
    return lambda: _close(rounds)


def _harvest(look: Look, jobs: list[Job], ahead: Ahead) -> Harvest:
    """With a configuration no older than the look: a vendor is called with what staff closed its breaker with."""
    current = snapshot.current()
    return Harvest(look, current if current.stamp >= look.stamp else snapshot.fresh(), jobs, ahead)


def _close(rounds: Sequence[Harvest]) -> None:
    for harvest in rounds:
        harvest.written()
    _measure(rounds[0].jobs, rounds[0].now)


def _measure(jobs: Sequence[Job], now: datetime) -> None:
    """How long the messages waited whose first attempt begins now."""
    for job in jobs:
        if isinstance(job, Send) and not job.message.attempts_made:
            waited = (now - job.message.created_at).total_seconds()
            metrics.begun(is_otp=job.message.is_otp, waited=max(waited, 0.0))


def _write(harvest: Harvest) -> None:
    harvest.written = outbox.claim(harvest.claims, now=harvest.now)


def _write_one_by_one(harvest: Harvest) -> None:
    """A message whose claim the database refuses must not hold up the others: it counts as crashed."""
    messages = {job.attempt: job.message for job in harvest.jobs if isinstance(job, Send)}
    for claim in harvest.claims:
        try:
            with transaction.atomic():
                outbox.claim([claim], now=harvest.now)()
        except (DataError, IntegrityError):
            due = messages[claim["attempt"]]
            harvest.jobs[:] = [job for job in harvest.jobs if getattr(job, "attempt", None) != claim["attempt"]]
            _crashed(harvest, due)


def _gather_all(harvest: Harvest, otp_slots: int, other_slots: int) -> None:
    accounts, before = harvest.snapshot.accounts, len(harvest.jobs)
    known = [gate for gate in harvest.look.gates if gate.provider in accounts]
    free = [gate for gate in known if _is_free(gate, accounts[gate.provider], harvest.now)]
    harvest.open_providers = frozenset(gate.provider for gate in free)
    _gather(harvest, [gate for gate in free if gate.otps_due], is_otp=True, slots=otp_slots)
    others = max(min(other_slots, otp_slots + other_slots - (len(harvest.jobs) - before)), 0)
    _gather(harvest, [gate for gate in free if gate.others_due], is_otp=False, slots=others)
    for gate in known:
        if gate.provider not in harvest.open_providers:
            _serve_closed(harvest, gate)


def _is_free(gate: Gate, account: Account, now: datetime) -> bool:
    waits = gate.retry_at is not None and gate.retry_at > now
    return not (gate.is_open or account.paused or waits)


def _gather(harvest: Harvest, open_gates: list[Gate], *, is_otp: bool, slots: int) -> None:
    """Share the slots among the providers that have something due, starting with a different one each time."""
    random.shuffle(open_gates)
    for index, gate in enumerate(open_gates):
        share = -(-slots // (len(open_gates) - index))
        taken = _gather_from(harvest, gate, is_otp=is_otp, limit=share)
        slots -= taken


def _gather_from(harvest: Harvest, gate: Gate, *, is_otp: bool, limit: int) -> int:
    account = harvest.snapshot.accounts[gate.provider]
    taken = sum(claim["provider"] == account.id for claim in harvest.claims)
    limit = allowance(account, is_otp=is_otp, wanted=limit, taken=taken, now=harvest.now)
    before = len(harvest.jobs)
    if limit > 0:
        for due in harvest.ahead.rows(gate.provider, is_otp=is_otp, limit=limit):
            _plan_safely(harvest, due)
    return len(harvest.jobs) - before


def _serve_closed(harvest: Harvest, gate: Gate) -> None:
    """A provider that may not be called: probe it if that is due, and let its messages go elsewhere."""
    account = harvest.snapshot.accounts[gate.provider]
    if _is_probe_free(gate, account, harvest.now):
        if not take_probe(gate, account, now=harvest.now):
            return  # another dispatcher does, and needs one of the messages that would be put off here
        if not _probe(harvest, gate, account):
            return  # who holds the messages now lets go of them; put off here, none would be left to probe with
    if time.monotonic() < _closed_until.get(gate.provider, 0.0):
        return
    moved = harvest.moved
    for is_otp in (True, False):
        if gate.otps_due if is_otp else gate.others_due:
            for due in outbox.lock_due(gate.provider, is_otp=is_otp, limit=REROUTE_AT_ONCE)():
                _plan_safely(harvest, due)
    if harvest.moved == moved:
        _closed_until[gate.provider] = time.monotonic() + REROUTE_PAUSE


def _is_probe_free(gate: Gate, account: Account, now: datetime) -> bool:
    """Due, and made by nobody yet."""
    is_made = gate.probe_until is not None and gate.probe_until > now
    return gate.is_probe_due(now) and not is_made and not account.paused and account.enabled


def _probe(harvest: Harvest, gate: Gate, account: Account) -> bool:
    """False if there was nothing to probe with."""
    before = len(harvest.jobs)
    found = _plan_probe(harvest, gate, account)
    if len(harvest.jobs) == before:
        give_probe_back(account)
    return found


def _plan_probe(harvest: Harvest, gate: Gate, account: Account) -> bool:
    if account.adapter.can_test:
        harvest.jobs.append(Probe(account, harvest.look.asked + outbox.CONNECT_SECONDS + outbox.SLACK_SECONDS))
        return True
    for is_otp in (True, False):
        for due in outbox.lock_due(gate.provider, is_otp=is_otp, limit=1)():
            _plan_safely(harvest, due, probes=gate.provider)
            return True
    return False


# --- one message ---------------------------------------------------------------------------


def _plan_safely(harvest: Harvest, due: Due, *, probes: int | None = None) -> None:
    """Plan one message; if our own code fails on it, it is put aside and the others go on."""
    if due.id in harvest.seen:
        return
    harvest.seen.add(due.id)
    try:
        _plan(harvest, due, probes)
    except Error:
        raise  # the database's fault, not the message's
    except Exception:
        _crashed(harvest, due)


def _plan(harvest: Harvest, due: Due, probes: int | None) -> None:
    """Ask again who may carry it now: claim it here, move it to another provider, or leave it waiting."""
    judged = harvest.snapshot.judge(candidates_of(due), text=due.text, sender=due.sender)
    may = {candidate.provider: candidate for candidate in judged.eligible}
    tries = tries_of([due]).get(due.id, []) if due.attempts_made > due.attempts_before else []
    left = remaining(list(may), tries)
    if not left and _is_behind(harvest):
        return  # the next turn looks at it again, with the configuration as it is now
    if not left:
        _wait(harvest, due, LATER, f"waiting for {_reasons(judged.candidates)}"[:200])
    elif due.provider in left and (due.provider in harvest.open_providers or due.provider == probes):
        _claim(harvest, due, may[due.provider], is_probe=due.provider == probes)
    else:
        _move_on(harvest, due, choose(left, harvest.open_providers, tries))


def _is_behind(harvest: Harvest) -> bool:
    """Asked before messages are put off: another process may know already of the template that one was released for."""
    if harvest.is_behind is None:
        harvest.is_behind = snapshot.fresh().stamp != harvest.snapshot.stamp
    return harvest.is_behind


def candidates_of(due: Due) -> list[int]:
    """The providers that were on the message's route at intake, or the one that staff chose."""
    if due.pinned_provider is not None:
        return [due.pinned_provider]
    return [candidate["provider"] for candidate in due.decision.get("candidates", [])]


def _reasons(candidates: Sequence[Candidate]) -> str:
    return "; ".join(f"{c.slug}: {c.reason}" for c in candidates if c.reason) or "a provider that may carry it"


def _move_on(harvest: Harvest, due: Due, provider: int) -> None:
    if provider == due.provider or provider not in harvest.open_providers:
        account = harvest.snapshot.accounts.get(due.provider)
        slug = account.slug if account else "its provider"
        _wait(harvest, due, LATER_WHEN_CLOSED, f"waiting for {slug}, which may not be called now")
        return
    harvest.moved += 1
    harvest.put_off.append({"message": due.id, "provider": provider, "due_at": harvest.now, "waiting_for": ""})


def _wait(harvest: Harvest, due: Due, seconds: Mapping[bool, float], words: str) -> None:
    """Look again later, but no later than at its provider's next probe: that needs a message."""
    later = harvest.now + timedelta(seconds=seconds[due.is_otp])
    probes = [gate.probe_at for gate in harvest.look.gates if gate.provider == due.provider and gate.probe_at]
    later = min([later, *(probe for probe in probes if probe > harvest.now)])
    harvest.put_off.append({"message": due.id, "provider": due.provider, "due_at": later, "waiting_for": words})


def _claim(harvest: Harvest, due: Due, candidate: Candidate, *, is_probe: bool) -> None:
    account = harvest.snapshot.accounts[candidate.provider]
    attempt = clock.new_id()
    harvest.claims.append(
        {
            "message": due.id,
            "attempt": attempt,
            "number": due.attempts_made + 1,
            "provider": candidate.provider,
            "version": candidate.version,
            "parameters": dict(candidate.values or {}),
            "lease_until": harvest.now + timedelta(seconds=outbox.lease_seconds(account.timeout)),
        }
    )
    left_to_live = (due.expires_at - harvest.now).total_seconds()
    not_after = harvest.look.asked + min(outbox.CONNECT_SECONDS + outbox.SLACK_SECONDS, left_to_live)
    harvest.jobs.append(Send(due, attempt, account, outbound(due, attempt, account, candidate), not_after, is_probe))


def outbound(due: Any, attempt: Any, account: Account, candidate: Candidate) -> OutboundSms:
    """What the adapter is given for one attempt; `due` needs `to`, `text` and `is_otp`."""
    per_attempt = Receipts.PUSH_PER_ATTEMPT in account.adapter.receipts
    key = keys.attempt_key(account.id, attempt) if per_attempt else ""
    return OutboundSms(
        reference=str(attempt),
        to=due.to,
        text=due.text,
        sender=candidate.vendor_sender,
        vendor_template=candidate.vendor_template,
        parameters=candidate.parameters,
        callback_url=keys.callback_url(account.adapter.slug, key) if per_attempt else None,
        is_otp=due.is_otp,
    )


def _crashed(harvest: Harvest, due: Due) -> None:
    """The exception at hand came before anything was sent: once more in a moment, and failed after the third time."""
    trace = trace_of(due.text, due.to)
    log.error("message.crashed", message=str(due.id), fault=trace.rstrip().rpartition("\n")[2].partition(":")[0])
    crashes = due.crashes + 1
    gone = crashes >= CRASHES_ALLOWED
    end = Status.UNCONFIRMED if due.in_doubt else Status.FAILED
    outbox.move(
        due.id,
        leaves=[Status.QUEUED],
        now=harvest.now,
        status=end if gone else Status.QUEUED,
        crashes=crashes,
        code="internal_fault",
        detail=trace,
        due_at=harvest.now + timedelta(seconds=LATER[due.is_otp]),
    )
    if gone and due.is_otp:
        erasure.erase([due.id], status=end)
