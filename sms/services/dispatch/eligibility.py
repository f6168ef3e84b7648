"""Judges due messages when they are claimed: which provider may be called with each, or what the message waits for."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from providers.marking import N_
from sms.domain.lifecycle import INTERNAL_FAULT, Status, Try, choose, remaining
from sms.domain.routing import Candidate, Decision, judged_again
from sms.services.configuration import snapshot
from sms.services.configuration.snapshot import Account, Snapshot
from sms.services.queue.due import Due
from sms.services.queue.jobs import trace_of
from sms.services.queue.queue_state import QueueSnapshot

from . import approval_doubt, repeats
from .approval_doubt import Doubt, Doubts

log = structlog.get_logger(__name__)

LATER = {True: 1.0, False: 5.0}
"""Seconds until a message that nobody may carry now is judged again; OTPs sooner."""
LATER_WHEN_CLOSED = {True: 1.0, False: 30.0}
"""The same while its providers may not be called. When a breaker closes, the first that wait become due at once."""
CRASHES_ALLOWED = 3
REPEAT_OVER = "repeat_over"
"""Staff decide about such a message, and may send it again, so an OTP keeps its text."""


@dataclass(frozen=True, slots=True)
class Reschedule:
    """A message that may not go now: where it waits, until when, and for what.

    `event`, with its reason and candidates, is recorded where something was decided: a wait decides nothing.
    """

    provider: int
    due_at: datetime
    waiting_for: str = ""
    status: Status = Status.QUEUED
    crashes: int | None = None
    code: str | None = None
    detail: str | None = None
    event: str | None = None
    reason: str = ""
    candidates: Sequence[Mapping[str, Any]] = ()

    def record(self, due: Due, attempt: uuid.UUID | None = None) -> dict[str, Any]:
        """As claimed_messages.reschedule takes it."""
        return {
            "message": due.id,
            "attempt": attempt,
            "status": self.status,
            "provider": self.provider,
            "due_at": self.due_at,
            "waiting_for": self.waiting_for,
            "crashes": self.crashes,
            "code": self.code,
            "detail": self.detail,
            "event": self.event,
            "event_reason": self.reason,
            "decision": self._decision(due) if self.event else None,
        }

    def _decision(self, due: Due) -> dict[str, Any]:
        to = {"from": due.provider, "to": self.provider, "candidates": list(self.candidates)}
        return to | {"status": self.status, "attempt": None} | ({} if self.code is None else {"code": self.code})


@dataclass
class Judge:
    """The facts by which messages are judged in one round of claiming."""

    queue: QueueSnapshot
    config: Snapshot
    open_providers: frozenset[int]
    """The providers that may be called."""
    must_repeat: bool = False
    """Another round is needed: a message may be claimed now, where it is or at the provider that it moved to."""
    doubts: Doubts = approval_doubt.NONE
    _is_behind: bool | None = None
    _offered: set[int] = field(default_factory=set)
    """The doubts that a message of this round was allowed to probe."""

    @classmethod
    def of(cls, queue: QueueSnapshot) -> Judge:
        """With a configuration no older than the queue: if new credentials closed a breaker, they are used."""
        current = snapshot.current()
        config = current if current.stamp >= queue.stamp else snapshot.latest()
        doubts = approval_doubt.read_doubts() if queue.has_doubts else approval_doubt.NONE
        known = {each.provider for each in queue.providers} & config.accounts.keys()
        return cls(queue, config, frozenset(known - queue.closed_providers(config).keys()), doubts=doubts)

    def may_call_another(self, provider: int) -> bool:
        """Whether another provider may be called, for which slots are to be left."""
        return any(self.config.accounts[other].enabled for other in self.open_providers - {provider})

    def judge(
        self, due: Due, tries: Sequence[Try], *, probes: int | None = None, is_claimed: bool = False
    ) -> Candidate | Reschedule:
        """The message's provider as a candidate, if it may be called or is the one to probe (`probes`).

        Otherwise the message is to be rescheduled. If the candidate's approval is in doubt, one message may be sent as
        a probe, which a claimed message claims for its dispatcher.
        """
        if problem := self._why_repeat_over(due, is_claimed=is_claimed):
            ends = {"status": Status.UNCONFIRMED, "code": REPEAT_OVER, "detail": problem}
            return Reschedule(due.provider, self.queue.now, event="given_up", reason=problem, **ends)
        judged = self._decide(due, self.doubts.templates)
        may = {candidate.provider: candidate for candidate in judged.eligible}
        may |= self._due_for_a_probe(due, may)
        left = [may[provider] for provider in remaining(list(may), tries, is_repeat=due.repeats is not None)]
        here = next((candidate for candidate in left if candidate.provider == due.provider), None)
        if here is not None and (due.provider == probes or self._may_call(here, due, is_claimed=is_claimed)):
            return here
        if left:
            step = self._move_on(due, left, tries)
            return step if step.provider == due.provider else self._explained(step, due, judged, tries)
        if self.is_behind:
            return self.again(due)
        return self._wait(
            due, LATER, N_("waiting for {reasons_text}").format(reasons_text=_reasons(judged.candidates))[:200]
        )

    def _why_repeat_over(self, due: Due, *, is_claimed: bool) -> str:
        """Whether a repeat may be made takes a query, so a message that waits is judged only after the longest time."""
        if not due.repeats or not (is_claimed or self.queue.now - due.created_at > repeats.REPEAT_WITHIN):
            return ""
        return repeats.why_over(due, self.config.accounts.get(due.provider), self.queue.now)

    def _decide(self, due: Due, doubted: Iterable[int]) -> Decision:
        return self.config.check_providers(
            candidates_of(due), text=due.text, sender=due.sender, is_otp=due.is_otp, doubted=doubted
        )

    def _due_for_a_probe(self, due: Due, may: Mapping[int, Candidate]) -> dict[int, Candidate]:
        """If all approvals that give the text are in doubt, prefer one whose probe is due to those whose is not."""
        waiting = {approval for approval, doubt in self.doubts.templates.items() if not self._is_free(doubt)}
        if len(waiting) == len(self.doubts.templates) or not any(c.approval in waiting for c in may.values()):
            return {}
        found = {candidate.provider: candidate for candidate in self._decide(due, waiting).eligible}
        return {p: c for p, c in found.items() if p in may and may[p].approval in waiting}

    def doubts_of(self, candidate: Candidate, due: Due) -> tuple[Doubt, ...]:
        return self.doubts.of(candidate, due.sender)

    def _may_call(self, candidate: Candidate, due: Due, *, is_claimed: bool) -> bool:
        if candidate.provider not in self.open_providers:
            return False
        doubts = self.doubts_of(candidate, due)
        if not doubts:
            return True
        if not self._is_probe_free(doubts):
            return False
        account = self.config.accounts[candidate.provider]
        return not is_claimed or approval_doubt.take_probe(doubts, account, now=self.queue.now)

    def _is_probe_free(self, doubts: Sequence[Doubt]) -> bool:
        """Whether these doubts may be probed now. True for one message in each round."""
        if not all(self._is_free(doubt) for doubt in doubts):
            return False
        self._offered |= {doubt.id for doubt in doubts}
        return True

    def _is_free(self, doubt: Doubt) -> bool:
        return doubt.is_probe_free(self.queue.now) and doubt.id not in self._offered

    @property
    def is_behind(self) -> bool:
        """Whether the configuration has changed since it was read: a provider may be eligible that is not yet here."""
        if self._is_behind is None:
            self._is_behind = snapshot.latest().stamp != self.config.stamp
        return self._is_behind

    def again(self, due: Due) -> Reschedule:
        """The message may be claimed at its provider, in the next round."""
        self.must_repeat = True
        return Reschedule(due.provider, self.queue.now)

    def crashed(self, due: Due) -> Reschedule:
        """After an exception of our own code before the call: try again shortly. The third one ends the message."""
        trace = trace_of(due.text, due.to)
        log.error("message.crashed", message=str(due.id), fault=trace.rstrip().rpartition("\n")[2].partition(":")[0])
        crashes = due.crashes + 1
        end = Status.UNCONFIRMED if due.in_doubt else Status.FAILED
        return Reschedule(
            due.provider,
            self.queue.now + timedelta(seconds=LATER[due.is_otp]),
            status=end if crashes >= CRASHES_ALLOWED else Status.QUEUED,
            crashes=crashes,
            code=INTERNAL_FAULT,
            detail=trace,
            event="crashed",
            reason=N_("Our own code failed before the call."),
        )

    def _explained(self, step: Reschedule, due: Due, judged: Decision, tries: Sequence[Try]) -> Reschedule:
        """A move to another provider, with the reason: that of the provider that the message leaves."""
        doubted = {c.provider for c in judged.eligible if self.doubts_of(c, due)}
        closed = self.queue.closed_providers(self.config)
        candidates = judged_again(judged.candidates, tries, closed=closed, doubted=doubted, chosen=step.provider)
        reason = next((each["reason"] for each in candidates if each["provider"] == due.provider), "")
        return replace(step, event="rerouted", reason=reason, candidates=candidates)

    def _move_on(self, due: Due, candidates: Sequence[Candidate], tries: Sequence[Try]) -> Reschedule:
        doubted = [c for c in candidates if c.provider in self.open_providers and self.doubts_of(c, due)]
        free = self.open_providers - {candidate.provider for candidate in doubted}
        provider = choose([candidate.provider for candidate in candidates], free, tries)
        if provider not in free:  # it may probe a doubt at another provider
            others = (c for c in doubted if c.provider != due.provider and self._is_probe_free(self.doubts_of(c, due)))
            provider = next((candidate.provider for candidate in others), due.provider)
        if provider != due.provider:
            self.must_repeat = True
            return Reschedule(provider, self.queue.now)
        if doubted:
            return self._wait(
                due,
                LATER,
                N_("waiting for {title_text}").format(title_text=self.doubts_of(doubted[0], due)[0].title)[:200],
            )
        return self._wait(due, LATER_WHEN_CLOSED, _why_closed(self.config.accounts.get(due.provider))[:200])

    def _wait(self, due: Due, seconds: Mapping[bool, float], reason: str) -> Reschedule:
        """Reschedule by this time, but no later than the provider's next probe, which needs a due message."""
        now = self.queue.now
        probes = [each.probe_at for each in self.queue.providers if each.provider == due.provider and each.probe_at]
        later = min([now + timedelta(seconds=seconds[due.is_otp]), *(probe for probe in probes if probe > now)])
        return Reschedule(due.provider, later, reason)


def candidates_of(due: Due) -> list[int]:
    """The providers that were on the message's route at intake, or the one that staff chose.

    A call is repeated at its own provider only.
    """
    if due.repeats is not None:
        return [due.provider]
    if due.pinned_provider is not None:
        return [due.pinned_provider]
    return [candidate["provider"] for candidate in due.decision.get("candidates", [])]


def _why_closed(account: Account | None) -> str:
    slug = account.slug if account else N_("its provider")
    if account and account.problem:
        words = N_("waiting for {slug}, which may not be called now: {problem_text}")
        return words.format(slug=slug, problem_text=account.problem)
    return N_("waiting for {slug_text}, which may not be called now").format(slug_text=slug)


def _reasons(candidates: Sequence[Candidate]) -> str:
    return "; ".join(f"{c.slug}: {c.reason}" for c in candidates if c.reason) or N_("a provider that may carry it")
