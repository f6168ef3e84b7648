"""Claims due messages, judges each of them, makes jobs of those that may be sent, and queues the others again.

A claim is one short commit, so a process that freezes or dies keeps no row locked. Claimed messages are judged after
the commit and before any call begins. One that may not be sent is queued again, and its attempt is deleted.
"""

from __future__ import annotations

import math
import random
import time
import uuid
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from django.db import DataError, Error, IntegrityError

from sms.domain.lifecycle import Status, Try
from sms.domain.routing import Candidate
from sms.services.configuration.snapshot import Account
from sms.services.database import clock
from sms.services.database.transactions import worker_transaction
from sms.services.intake import block_list
from sms.services.monitoring import metrics
from sms.services.queue import claimed_messages, client_turns, outbox, queue_state, redaction
from sms.services.queue.attempts import resolve_doubts, tries_of
from sms.services.queue.client_turns import ClientTurn, ClientTurns
from sms.services.queue.due import Claimed, Due
from sms.services.queue.jobs import Job, Probe, Send
from sms.services.queue.provider_slots import ProviderSlots
from sms.services.queue.queue_state import ProviderQueue, QueueSnapshot

from . import recipients
from .circuit_breaker import allowance, give_probe_back, take_probe, use_allowance
from .eligibility import REPEAT_OVER, Judge, Reschedule
from .outbound import outbound

log = structlog.get_logger(__name__)

Step = tuple[Due, uuid.UUID | None, Reschedule]
"""A message that may not be sent now, its attempt if it is claimed, and its new schedule."""
ROUNDS = 3
"""Rounds of claiming in a turn: a message that one round moves to another provider is claimed there in the next."""
REROUTE_AT_ONCE = 200
SEVERAL_SECONDS = 0.1
"""How long it is remembered whether several clients have messages in a lane, which is a provider's OTPs or others."""
REROUTE_PAUSE = 1.0
"""Seconds until the messages of a provider that may not be called are judged again, if the last time moved none."""


class Claimer:
    """Claims messages for one dispatcher, and keeps what it must know from one turn to the next."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.turns = ClientTurns()
        self.provider_slots = ProviderSlots(slots)
        self.unstarted: set[uuid.UUID] = set()
        """Attempts that may be claimed while their jobs are not handed out. After an error they must be given back."""
        self._several: dict[tuple[int, bool], tuple[float, bool]] = {}
        self.judge_again_at: dict[int, float] = {}
        """When the messages of a provider that may not be called are judged again, in monotonic time."""

    def end(self, send: Send) -> None:
        """The call's result is stored: its slot is free."""
        self.turns.end(send.account.id, send.message.client)
        self.provider_slots.end(send.account.id, send.attempt)

    def give_back(self) -> None:
        """Queue the unstarted attempts' messages again. Call it before the next claim: their slots count as free."""
        if not self.unstarted:
            return
        try:
            claimed_messages.give_back(self.unstarted)
        except (DataError, IntegrityError) as error:  # their messages are settled when the leases end
            log.error("claims.not_given_back", attempts=len(self.unstarted), fault=type(error).__name__)
        self.unstarted = set()

    def has_several_clients(self, provider: int, *, is_otp: bool) -> bool:
        """Whether several clients have messages in a lane. Kept for SEVERAL_SECONDS, to save a statement per claim."""
        now, lane = time.monotonic(), (provider, is_otp)
        read_at, several = self._several.get(lane, (-math.inf, False))
        if now - read_at >= SEVERAL_SECONDS:
            read_at, several = self._several[lane] = now, client_turns.are_several(provider, is_otp=is_otp)
        return several

    def claim(self, jobs: list[Job], queue: QueueSnapshot, *, otp_slots: int, other_slots: int) -> None:
        """Claim what is due, and add the calls that may begin to `jobs`, an empty list.

        `otp_slots` is the number of free slots; messages other than OTPs get up to `other_slots` of them. Even if this
        raises an exception, the jobs in the list are claimed and must be run.
        """
        for number in range(ROUNDS):
            batch = ClaimBatch(self, Judge.of(queue if not number else queue_state.read_queue()), jobs)
            otps = sum(isinstance(job, Send) and job.message.is_otp for job in jobs)
            batch.claim_all(otp_slots - len(jobs), other_slots - (len(jobs) - otps))
            if not batch.judge.must_repeat:
                break
        _measure(jobs, queue)


def _measure(jobs: Sequence[Job], queue: QueueSnapshot) -> None:
    """Measure how long messages waited for their first attempt, which begins now."""
    for job in jobs:
        if isinstance(job, Send) and job.message.attempts_made == 1:
            waited = (queue.now - job.message.created_at).total_seconds() + time.monotonic() - queue.read_at
            metrics.begun(is_otp=job.message.is_otp, waited=max(waited, 0.0))


@dataclass
class ClaimBatch:
    """One round of claiming."""

    claimer: Claimer
    judge: Judge
    jobs: list[Job]
    templates: list[dict[str, Any]] = field(default_factory=list)
    """Records of claimed messages whose template version or parameters differ from those that are stored."""

    def claim_all(self, slots: int, other_slots: int) -> None:
        known = [each for each in self.judge.queue.providers if each.provider in self.judge.config.accounts]
        free = [each for each in known if each.provider in self.judge.open_providers]
        slots -= self._share([each for each in free if each.otps_due], is_otp=True, slots=slots)
        self._share([each for each in free if each.others_due], is_otp=False, slots=min(other_slots, slots))
        for each in known:
            if each.provider not in self.judge.open_providers:
                self._serve_closed(each)

    def _share(self, queues: list[ProviderQueue], *, is_otp: bool, slots: int) -> int:
        """Divide the slots among providers with due messages, in random order. Returns the number of jobs."""
        random.shuffle(queues)
        before = len(self.jobs)
        for index, each in enumerate(queues):
            left = slots - (len(self.jobs) - before)
            self._claim_lane(each.provider, is_otp=is_otp, limit=-(-left // (len(queues) - index)))
        return len(self.jobs) - before

    def _claim_lane(self, provider: int, *, is_otp: bool, limit: int) -> None:
        if self.judge.may_call_another(provider):
            limit = min(limit, self.claimer.provider_slots.free(provider))
        if limit <= 0:
            return
        account = self.judge.config.accounts[provider]
        try:
            waiting = self._claim(account, is_otp=is_otp, limit=limit)
        except (DataError, IntegrityError):
            waiting = self._claim_one_by_one(account, is_otp=is_otp, limit=limit)
        if waiting:
            self._judge_waiting(provider, is_otp=is_otp)

    def _claim(self, account: Account, *, is_otp: bool, limit: int) -> int:
        """Claim messages. Returns how many due ones were left out because they have a `waiting_for`."""
        attempts = self._new_attempts(limit)
        begun = time.monotonic()
        if account.is_limited:
            claimed, waiting = self._claim_within_limits(account, is_otp, attempts)
        else:
            claimed, waiting = self._claim_now(account, is_otp, attempts)
        self._begin(account, claimed, attempts, begun)
        return waiting

    def _claim_now(self, account: Account, is_otp: bool, attempts: Sequence[uuid.UUID]) -> tuple[list[Claimed], int]:
        lease, turns = outbox.lease_seconds(account.timeout), self._turns(account, is_otp=is_otp)
        return outbox.claim(account.id, is_otp=is_otp, attempts=attempts, lease=lease, turns=turns)

    def _claim_within_limits(
        self, account: Account, is_otp: bool, attempts: Sequence[uuid.UUID]
    ) -> tuple[list[Claimed], int]:
        """Claim in one transaction with the check of the limits that all dispatchers share."""
        with worker_transaction() as now:
            allowed = allowance(account, is_otp=is_otp, wanted=len(attempts), now=now)
            claimed, waiting = self._claim_now(account, is_otp, attempts[:allowed]) if allowed else ([], 0)
            use_allowance(account, len(claimed), now=now)
            return claimed, waiting

    def _turns(self, account: Account, *, is_otp: bool) -> list[ClientTurn] | None:
        """The turns of the clients. None if only one has messages and none has a share: the longest due is first then.

        If the provider has a `max_in_flight`, the calls of all dispatchers count, else those of this one.
        """
        shares = {each.id: each.slot_share for each in self.judge.config.clients.values() if each.slot_share}
        if not shares and not self.claimer.has_several_clients(account.id, is_otp=is_otp):
            return None
        is_counted, slots = account.max_in_flight is not None, account.max_in_flight or self.claimer.slots
        return self.claimer.turns.at(
            account.id,
            most={client: max(1, slots * share // 100) for client, share in shares.items()},
            in_flight=outbox.count_in_flight(account.id) if is_counted else None,
        )

    def _new_attempts(self, count: int) -> list[uuid.UUID]:
        """New ids to claim with. They are in `unstarted` until their jobs are handed out."""
        attempts = [clock.new_id() for _ in range(count)]
        self.claimer.unstarted.update(attempts)
        return attempts

    def _claim_one_by_one(self, account: Account, *, is_otp: bool, limit: int) -> int:
        """Claim each message by itself, so that one that the database refuses delays no other: it counts as crashed."""
        for _ in range(limit):
            try:
                if waiting := self._claim(account, is_otp=is_otp, limit=1):
                    return waiting
            except (DataError, IntegrityError):
                turns = self._turns(account, is_otp=is_otp)
                with worker_transaction():
                    for due in outbox.lock_due(account.id, is_otp=is_otp, limit=1, turns=turns):
                        self._reschedule([(due, None, self.judge.crashed(due))])
        return 0

    # --- claimed messages --------------------------------------------------------------------

    def _begin(
        self,
        account: Account,
        claimed: Sequence[Claimed],
        attempts: Sequence[uuid.UUID],
        begun: float,
        probes: int | None = None,
    ) -> None:
        """Judge the messages claimed with these ids. Each becomes a job or is queued again."""
        self.claimer.unstarted -= set(attempts) - {each.attempt for each in claimed}
        tried = [each.message for each in claimed if each.message.attempts_made > each.message.attempts_before + 1]
        tries = tries_of(tried)
        blocked = block_list.blocked_of({each.message.to for each in claimed})
        sends: list[Send] = []
        back: list[Step] = []
        for each in claimed:
            step = self._step(account, each, tries.get(each.message.id, []), begun, probes, blocked)
            if isinstance(step, Send):
                sends.append(step)
            else:
                back.append((each.message, each.attempt, step))
        self._reschedule(back)
        self._hand_out(sends)

    def _step(
        self,
        account: Account,
        claimed: Claimed,
        tries: Sequence[Try],
        begun: float,
        probes: int | None,
        blocked: Container[str],
    ) -> Send | Reschedule:
        """Judge one message. An exception of our own code concerns only this message."""
        try:
            why_not = recipients.why_not(self.judge, claimed.message, blocked)
            verdict = why_not or self.judge.judge(claimed.message, tries, probes=probes, is_claimed=True)
            if isinstance(verdict, Reschedule):
                return verdict
            return self._send(account, claimed, verdict, begun, is_probe=probes is not None)
        except Error:
            raise  # an error of the database, not of this message
        except Exception:
            return self.judge.crashed(claimed.message)

    def _send(self, account: Account, claimed: Claimed, candidate: Candidate, begun: float, *, is_probe: bool) -> Send:
        due, attempt = claimed.message, claimed.attempt
        values = dict(candidate.values or {})
        if (candidate.version, values) != (due.version, due.parameters):
            chosen = {"version": candidate.version, "parameters": values}
            self.templates.append({"message": due.id, "attempt": attempt, **chosen})
        queue = self.judge.queue
        expires = queue.read_at + (due.expires_at - queue.now).total_seconds()
        return Send(
            message=due,
            attempt=attempt,
            account=account,
            sms=outbound(due, due.repeats or attempt, account, candidate),
            not_after=min(begun + outbox.CONNECT_SECONDS + outbox.SLACK_SECONDS, expires),
            expires=expires,
            lease_ends=begun + outbox.lease_seconds(account.timeout),
            is_probe=is_probe,
            approval=candidate.approval,
            doubts=tuple(doubt.id for doubt in self.judge.doubts_of(candidate, due)),
        )

    def _hand_out(self, sends: Sequence[Send]) -> None:
        refused = self._set_templates({send.attempt: send.message for send in sends})
        for send in sends:
            if send.attempt not in refused:
                self.claimer.unstarted.discard(send.attempt)
                self.claimer.turns.begin(send.account.id, send.message.client)
                self.claimer.provider_slots.begin(send.account.id, send.attempt)
                self.jobs.append(send)

    def _set_templates(self, messages: Mapping[uuid.UUID, Due]) -> set[uuid.UUID]:
        """Store the chosen templates. Returns attempts that the database refuses; their messages count as crashed."""
        records, self.templates = self.templates, []
        try:
            claimed_messages.set_templates(records)
            return set()
        except (DataError, IntegrityError):
            return {record["attempt"] for record in records if not self._set_template(record, messages)}

    def _set_template(self, record: Mapping[str, Any], messages: Mapping[uuid.UUID, Due]) -> bool:
        try:
            claimed_messages.set_templates([record])
            return True
        except (DataError, IntegrityError):
            due = messages[record["attempt"]]
            self._reschedule([(due, record["attempt"], self.judge.crashed(due))])
            return False

    def _reschedule(self, steps: Sequence[Step]) -> None:
        claimed_messages.reschedule([step.record(due, attempt) for due, attempt, step in steps])
        self.claimer.unstarted -= {attempt for _, attempt, _ in steps if attempt}
        for due, _, step in steps:
            if due.is_otp and step.status != Status.QUEUED and step.code != REPEAT_OVER:
                redaction.erase_messages([due.id], status=step.status)
        resolve_doubts([due.id for due, _, step in steps if step.status == Status.UNCONFIRMED], self.judge.queue.now)

    # --- messages that wait ---------------------------------------------------------------------

    def _judge_waiting(self, provider: int, *, is_otp: bool, waiting_only: bool = True) -> bool:
        """Judge due messages without claiming them: those with a `waiting_for`, or without `waiting_only` all.

        Returns whether any may be sent now: the next round claims it.
        """
        must_repeat, self.judge.must_repeat = self.judge.must_repeat, False
        with worker_transaction():
            turns = [] if self.claimer.has_several_clients(provider, is_otp=is_otp) else None
            due_here = outbox.lock_due(provider, is_otp=is_otp, limit=REROUTE_AT_ONCE, turns=turns)
            found = [due for due in due_here if due.waiting_for or not waiting_only]
            tries = tries_of([due for due in found if due.attempts_made > due.attempts_before])
            self._reschedule([(due, None, self._judge(due, tries.get(due.id, []))) for due in found])
        moved = self.judge.must_repeat
        self.judge.must_repeat |= must_repeat
        return moved

    def _judge(self, due: Due, tries: Sequence[Try]) -> Reschedule:
        try:
            verdict = recipients.why_not(self.judge, due) or self.judge.judge(due, tries)
            return verdict if isinstance(verdict, Reschedule) else self.judge.again(due)
        except Error:
            raise  # an error of the database, not of this message
        except Exception:
            return self.judge.crashed(due)

    # --- providers that may not be called --------------------------------------------------------

    def _serve_closed(self, queue: ProviderQueue) -> None:
        """Probe a provider that may not be called, if that is due, and move its messages to other providers."""
        account = self.judge.config.accounts[queue.provider]
        if _is_probe_free(queue, account, self.judge.queue.now):
            if not take_probe(queue, account, now=self.judge.queue.now):
                return  # another dispatcher makes it, and may need a message that would be rescheduled here
            if not self._probe(queue, account):
                return  # another process has the messages locked; rescheduling would leave none to probe with
        if time.monotonic() < self.claimer.judge_again_at.get(queue.provider, 0.0):
            return
        lanes = [is_otp for is_otp, due in ((True, queue.otps_due), (False, queue.others_due)) if due]
        moved = [self._judge_waiting(queue.provider, is_otp=is_otp, waiting_only=False) for is_otp in lanes]
        if not any(moved):
            self.claimer.judge_again_at[queue.provider] = time.monotonic() + REROUTE_PAUSE

    def _probe(self, queue: ProviderQueue, account: Account) -> bool:
        """Probe the provider. False if there is no test call and no message could be claimed."""
        before = len(self.jobs)
        found = self._plan_probe(queue, account)
        if len(self.jobs) == before:
            give_probe_back(account)
        return found

    def _plan_probe(self, queue: ProviderQueue, account: Account) -> bool:
        """Probe with the vendor's test call if there is one, else with a message: an OTP first, the longest due."""
        if account.adapter.can_test:
            not_after = self.judge.queue.read_at + outbox.CONNECT_SECONDS + outbox.SLACK_SECONDS
            self.jobs.append(Probe(account, not_after))
            return True
        return any(self._probe_with(account, is_otp=is_otp) for is_otp in (True, False))

    def _probe_with(self, account: Account, *, is_otp: bool) -> bool:
        attempts, begun = self._new_attempts(1), time.monotonic()
        lease = outbox.lease_seconds(account.timeout)
        claimed, _ = outbox.claim(account.id, is_otp=is_otp, attempts=attempts, lease=lease, is_probe=True)
        self._begin(account, claimed, attempts, begun, probes=account.id)
        return bool(claimed)


def _is_probe_free(queue: ProviderQueue, account: Account, now: datetime) -> bool:
    """Whether a probe is due that no dispatcher has claimed."""
    is_made = queue.probe_until is not None and queue.probe_until > now
    return queue.is_probe_due(now) and not is_made and account.may_be_called and account.enabled
