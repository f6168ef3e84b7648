"""Random orders of steps on the real tables. Two dispatchers share them; time passes where a step says so."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from itertools import product
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, multiple, precondition, rule

from providers.base import Accepted, Failure, MessageState, Report, failed
from sms.models import Alert, Attempt, DeliveryReport, Message, MessageEvent, Provider, ProviderState, RetentionWalk
from sms.services.database import clock
from sms.services.dispatch import circuit_breaker, poll, rescue, settle
from sms.services.dispatch.claim import Claimer
from sms.services.maintenance import retention
from sms.services.queue import claimed_messages, outbox, queue_state
from sms.services.queue.due import Claimed
from sms.services.queue.errors import ActionRefused
from sms.services.queue.jobs import Poll, Result, Send
from sms.services.reports import apply
from sms.services.reports.update import update_of
from sms.services.staff import message_actions
from tests.sms.services.conftest import Shop

from .model import Known, problem_of_call, problem_of_move

MOST_MESSAGES = 3
"""Few, so that most steps are about the same message."""
PAST = timedelta(days=1)
STATES = st.sampled_from(list(MessageState))
ENDS = ["accepted", "accepted", "late", "crashed", *Failure]
BAD = {MessageState.UNDELIVERED, MessageState.EXPIRED, MessageState.REJECTED}


class Lifecycle(RuleBasedStateMachine):
    """`shop` is set by the test that runs it."""

    shop: Shop
    messages = Bundle("messages")
    jobs = Bundle("jobs")
    """Claims, and calls that were begun; each ends once, or never."""
    attempts = Bundle("attempts")

    def empty(self) -> None:
        for model in (DeliveryReport, MessageEvent, Attempt, Message, Alert):
            model.objects.all().delete()
        self.known: dict[uuid.UUID, Known] = {}
        self.close_breakers()

    # --- checks ------------------------------------------------------------------------

    def do(self, step: str, change: Callable[[], Any]) -> Any:
        """Make a change, and compare each message's state before and after it."""
        made = change()
        for message, after in Message.objects.values_list("id", "status"):
            known = self.known[message]
            assert not (problem := problem_of_move(step, known.status, after)), problem
            known.status = after
            if after != "sending":
                known.owner = None
        return made

    def is_any(self, status: str) -> bool:
        return any(known.status == status for known in self.known.values())

    # --- intake and dispatchers -----------------------------------------------------------

    @initialize(target=messages)
    def begin(self) -> Any:
        self.empty()
        return multiple(self.accept(False), self.accept(True))

    @precondition(lambda self: len(self.known) < MOST_MESSAGES)
    @rule(target=messages, is_otp=st.booleans())
    def accept(self, is_otp: bool) -> Message:
        message = self.shop.message(is_otp=is_otp)
        self.known[message.pk] = Known("queued", may_go_once_more=is_otp)
        return message

    @precondition(lambda self: self.is_any("queued"))
    @rule(target=jobs, knows=st.sampled_from([True, True, False]))
    def claim(self, knows: bool) -> Any:
        """Without knowing: the commit was made, its answer was lost, and the calls are never begun."""
        self.make_due()
        return multiple(*(self.claim_and_call() if knows else self.claim_all_lanes()))

    def claim_and_call(self) -> list[Send]:
        found: list[Any] = []
        queue = queue_state.read_queue()
        self.do("claimed", lambda: Claimer(8).claim(found, queue, otp_slots=4, other_slots=4))
        sends = [job for job in found if isinstance(job, Send)]
        for job in sends:
            assert not (problem := problem_of_call(self.known[job.message.id], job.attempt, job.account.id)), problem
        return sends

    def claim_all_lanes(self) -> list[Claimed]:
        lanes = product((self.shop.first, self.shop.second), (True, False))
        claimed = [each for provider, is_otp in lanes for each in self.claim_lane(provider, is_otp)]
        for each in claimed:
            self.known[each.message.id].owner = each.attempt
        return claimed

    def claim_lane(self, provider: Provider, is_otp: bool) -> list[Claimed]:
        ids = [clock.new_id(), clock.new_id()]
        return self.do("claimed", lambda: outbox.claim(provider.pk, is_otp=is_otp, attempts=ids, lease=30.0))[0]

    def give_back(self, claim: Claimed, is_late: bool) -> None:
        """If it is late, the process read its attempts, stood still, and now writes what it meant to write."""
        row = {"message": claim.message.id, "attempt": claim.attempt, "provider": claim.message.provider}
        record = {**row, "due_at": clock.now(), "waiting_for": ""}
        step = "given back" if self.known[claim.message.id].owner == claim.attempt else "late"
        if is_late:
            self.do(step, lambda: claimed_messages.reschedule([record]))
        else:
            self.do(step, lambda: claimed_messages.give_back([claim.attempt]))

    @rule(target=attempts, job=consumes(jobs), how=st.sampled_from(ENDS), is_late=st.booleans())
    def end(self, job: Send | Claimed, how: str, is_late: bool) -> Any:
        """The call ends; or the claim that led to no call is given back."""
        if isinstance(job, Claimed):
            self.give_back(job, is_late)
            return multiple()
        known = self.known[job.message.id]
        if how not in ("accepted", Failure.AMBIGUOUS):
            known.maybe_out.pop(job.attempt, None)
        self.do("ended" if known.owner == job.attempt else "late", lambda: settle.settle([_result(job, how)]))
        return job.attempt if Attempt.objects.filter(pk=job.attempt).exists() else multiple()

    @precondition(lambda self: self.is_any("sending"))
    @rule()
    def leases_run_out(self) -> None:
        Message.objects.filter(status="sending").update(lease_until=clock.now() - PAST)
        self.do("lease over", rescue.park_abandoned)

    @precondition(lambda self: self.is_any("queued"))
    @rule(message=messages)
    def expire(self, message: Message) -> None:
        Message.objects.filter(pk=message.pk).update(expires_at=clock.now() - PAST)
        self.do("expired", rescue.expire)

    @precondition(lambda self: not self.is_any("queued"))
    @rule()
    def retention_runs(self) -> None:
        RetentionWalk.objects.update(position="")
        self.do("erased", retention.erase_due)

    # --- reports -------------------------------------------------------------------------

    @rule(attempt=attempts, state=STATES, left=st.sampled_from([None, False]))
    def report(self, attempt: uuid.UUID, state: MessageState, left: bool | None) -> None:
        if state in BAD and left is False:
            for known in self.known.values():
                known.maybe_out.pop(attempt, None)
        provider = Attempt.objects.get(pk=attempt).provider_id
        update = update_of(Report(state, left=left), provider=provider, attempt=attempt)
        self.do(_step_of(state), lambda: apply.apply_reports([update]))

    @precondition(lambda self: self.is_any("submitted") or self.is_any("sent"))
    @rule(state=STATES)
    def poll(self, state: MessageState) -> None:
        Attempt.objects.filter(poll_at__isnull=False).update(poll_at=clock.now() - PAST)
        jobs = [job for job in poll.take(queue_state.read_queue(), 4) if isinstance(job, Poll)]
        results = [Result(job, value=[Report(state)]) for job in jobs]
        self.do(_step_of(state), lambda: poll.settle(results))

    # --- staff ---------------------------------------------------------------------------

    @rule(message=messages, action=st.sampled_from(["canceled", "resent", "settled", "moved"]), went_out=st.booleans())
    def staff_act(self, message: Message, action: str, went_out: bool) -> None:
        words: dict[str, Any] = {"actor": "staff", "reason": "made up"}
        change = {
            "canceled": partial(message_actions.cancel, message.pk, **words),
            "resent": partial(message_actions.resend, message.pk, **words),
            "settled": partial(message_actions.settle_unconfirmed, message.pk, went_out=went_out, **words),
            "moved": partial(message_actions.move, message.pk, provider_id=self.shop.second.pk, **words),
        }[action]
        with suppress(ActionRefused):
            self.do(action, change)
            if action == "resent":
                self.known[message.pk].maybe_out.clear()

    # --- time ----------------------------------------------------------------------------

    def make_due(self) -> None:
        Message.objects.filter(status="queued").update(due_at=clock.now() - PAST)
        self.close_breakers()

    def close_breakers(self) -> None:
        opened: Iterable[Provider] = Provider.objects.exclude(state__breaker="closed")
        for provider in opened:
            circuit_breaker.close_by_hand(provider)
        ProviderState.objects.update(retry_at=None, bad_calls=0)


def _result(job: Send, how: str) -> Result:
    if how == "accepted":
        return Result(job, value=Accepted(vendor_id=f"vendor-{job.attempt}"))
    if how in ("late", "crashed"):
        return Result(job, never_started=how == "late", crash="a made-up trace" if how == "crashed" else "")
    return Result(job, error=failed(Failure(how), "made-up", "a made-up failure"))


def _step_of(state: MessageState) -> str:
    return "reported badly" if state in BAD else "reported well"
