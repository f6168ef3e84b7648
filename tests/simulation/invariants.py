"""The invariants once nothing is in flight, after any faults."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sms.models import Attempt, Message, Route

from .vendors import NEVER_LEFT, Arrival
from .world import OTP_PREFIX

if TYPE_CHECKING:
    from .simulation import Simulation

HAS_IT = {"submitted", "sent", "delivered", "undelivered"}
HAS_IT_NOT = {"failed", "expired", "canceled"}

STRONGEST = ("delivered", "undelivered", "sent")


def check(simulation: Simulation) -> list[str]:
    """Each violation in words."""
    found: list[str] = []
    for rule in (crashes, answers, one_row_each, taken_once, states, reports):
        found += rule(simulation)
    return found


def crashes(simulation: Simulation) -> Iterator[str]:
    for each in simulation.dispatchers:
        yield from (f"a dispatcher's own error: {crash}" for crash in each.crashes)


def answers(simulation: Simulation) -> Iterator[str]:
    """A text that two templates match equally well is rejected, others are accepted; a repeat is the same message."""
    for call in simulation.shop.calls:
        got = set(call.answers or []) - {""}
        allowed = {"template_ambiguous"} if call.is_tied else {"accepted"}
        if got - allowed:
            yield f"{call.request_id} ({call.text!r}) was answered {sorted(got)}"


def one_row_each(simulation: Simulation) -> Iterator[str]:
    """Accepted means stored once; without an answer once or not at all."""
    rows = Counter(Message.objects.values_list("request_id", flat=True))
    for call in simulation.shop.calls:
        count = rows[call.request_id]
        was_accepted = "accepted" in (call.answers or [])
        if count > 1:
            yield f"{call.request_id} is stored {count} times"
        if was_accepted and not count and call.expected not in simulation.forgotten:
            yield f"{call.request_id} was accepted and is not stored"


def by_text(simulation: Simulation) -> dict[tuple[str, str], list[Arrival]]:
    found: dict[tuple[str, str], list[Arrival]] = defaultdict(list)
    for arrival in simulation.vendors.ledger:
        found[arrival.to, arrival.text].append(arrival)
    return found


def taken_once(simulation: Simulation) -> Iterator[str]:
    """A message is sent once, but for an OTP whose route allows one more, by another vendor. A reference comes once,
    but where the vendor sends each once."""
    may_resend = Route.objects.filter(prefix=OTP_PREFIX, resend_unconfirmed_otp=True).exists()
    calls = {(call.to, call.expected): call for call in simulation.shop.calls}
    for key, arrivals in by_text(simulation).items():
        call = calls.get(key)
        if call is None:
            yield f"a vendor was given {key[1]!r}, which nobody sent"
            continue
        hosts = [arrival.host for arrival in arrivals if arrival.goes_out]
        sent = len(hosts)
        if sent > (2 if call.is_otp and may_resend else 1):
            yield f"{call.request_id} was sent {sent} times"
        if sent > len(set(hosts)):
            yield f"{call.request_id} was sent twice by one vendor"
    references = Counter(arrival.reference for arrival in simulation.vendors.ledger if not arrival.is_once)
    yield from (f"attempt {reference} reached a vendor {n} times" for reference, n in references.items() if n > 1)


def states(simulation: Simulation) -> Iterator[str]:
    """The final state is what the ledger says; an unconfirmed message has a reason."""
    arrivals = by_text(simulation)
    calls = {call.request_id: call for call in simulation.shop.calls}
    attempts: dict[object, list[Attempt]] = defaultdict(list)
    for attempt in Attempt.objects.all():
        attempts[attempt.message_id].append(attempt)
    for message in Message.objects.all():
        call = calls[message.request_id]
        sent = any(arrival.goes_out for arrival in arrivals[call.to, call.expected])
        name = f"{call.request_id} ({message.code})"
        is_known = call.expected not in simulation.forgotten
        if message.status in HAS_IT_NOT and sent and is_known:
            yield f"{name} is {message.status}, and a vendor sends it"
        if message.status in HAS_IT - {"undelivered"} and not sent and is_known:
            yield f"{name} is {message.status}, and no vendor sends it"
        if message.status == "unconfirmed" and not _is_justified(simulation, message, attempts[message.id]):
            yield f"{name} is unconfirmed for no reason"
        if message.status not in HAS_IT | HAS_IT_NOT | {"unconfirmed"}:
            yield f"{name} is still {message.status}"
        if message.text not in (None, call.expected):
            yield f"{name} holds another text"


def _is_justified(simulation: Simulation, message: Message, attempts: list[Attempt]) -> bool:
    """A byte of it left, or its process died or froze in that window, or a backup was restored."""
    if message.code == "parked":
        return simulation.restored
    known = {id_ for each in simulation.dispatchers for id_ in each.touched | each.orphaned}
    return any(attempt.id in known for attempt in attempts)


def reports(simulation: Simulation) -> Iterator[str]:
    """What a vendor reported and we answered is in the message's state. Of several attempts the latest decides."""
    messages = {str(id_): message for id_, message in Attempt.objects.values_list("id", "message_id")}
    attempts = Counter(messages.values())
    status = dict(Message.objects.exclude(status="canceled").values_list("id", "status"))
    reported: dict[object, set[str]] = defaultdict(set)
    for reference, state in simulation.stored_reports:
        if reference in messages and state != NEVER_LEFT:
            reported[messages[reference]].add(state)
    for message, said in reported.items():
        strongest = next(state for state in STRONGEST if state in said)
        # a restored backup may hold a stronger report that was answered before
        decides = strongest == "delivered" or (attempts[message] == 1 and not simulation.restored)
        if decides and status.get(message, strongest) != strongest:
            yield f"a message that was reported {strongest} is {status[message]}"
