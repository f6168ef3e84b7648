"""Whether a due message may still be sent at all: what intake checked beside the providers may have changed since."""

from __future__ import annotations

from collections.abc import Container
from datetime import timedelta

from providers.marking import N_
from sms.domain.codes import BY_NAME
from sms.domain.destinations import judge
from sms.domain.lifecycle import Status
from sms.domain.status_descriptions import RECIPIENT_BLOCKED, WAITS_FOR_STAFF
from sms.services.configuration.snapshot import Snapshot
from sms.services.queue.due import Due

from .eligibility import Judge, Reschedule

LATER = {True: 15.0, False: 60.0}
"""Seconds until a message that staff have stopped is judged again; OTPs sooner. A country may be closed when thousands
of messages to it wait, which must not delay those to other countries."""


def why_not(by: Judge, due: Due, blocked: Container[str] = ()) -> Reschedule | None:
    """The end of a message to a blocked number, and the wait of one that its client could not send now."""
    if due.to in blocked:
        return _refused(by, due)
    if closed := problem(by.config, client=due.client, sender=due.sender, to=due.to):
        if by.is_behind:
            return by.again(due)
        later = by.queue.now + timedelta(seconds=LATER[due.is_otp])
        return Reschedule(due.provider, later, WAITS_FOR_STAFF.format(problem_text=closed)[:200])
    return None


def _refused(by: Judge, due: Due) -> Reschedule:
    """An earlier call may have sent a message in doubt."""
    return Reschedule(
        due.provider,
        by.queue.now,
        status=Status.UNCONFIRMED if due.in_doubt else Status.FAILED,
        code=RECIPIENT_BLOCKED,
        detail=BY_NAME[RECIPIENT_BLOCKED].message,
        event=RECIPIENT_BLOCKED,
        reason=BY_NAME[RECIPIENT_BLOCKED].message,
    )


def problem(config: Snapshot, *, client: int, sender: str, to: str) -> str:
    """Why a call of this client with this sender name and number would be rejected now; "" if it would not.

    A changed route does not affect messages that are queued, so only destinations close a country here.
    """
    facts = config.clients_by_id.get(client)
    if facts is None or not facts.enabled:
        return N_("The client is disabled.")
    if not config.knows_sender(facts, sender):
        return N_("The client may not use the sender name {sender}.").format(sender=sender)
    return judge(to, config.destinations, (), has_route=False).problem
