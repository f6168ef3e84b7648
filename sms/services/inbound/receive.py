"""Received SMS: the raw call is stored first, then read, then handed on to the partner that rents the number."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import DateTimeField, F, Value
from django.db.models.functions import Least

from sms.domain import phone
from sms.domain.text import escaped
from sms.models import InboundCall, InboundGateway, InboundMessage
from sms.models.inbound import FIELDS
from sms.services.database import clock
from sms.services.monitoring import alerts
from sms.services.queue import notify, outbox
from sms.services.webhooks.payload import (
    ConflictingValues,
    Fields,
    RawCall,
    Undecodable,
    Unreadable,
    field_groups,
    parse_records,
)

from . import forward

log = structlog.get_logger(__name__)

NEEDED = ("from", "to", "text")
RETRY_AFTER = timedelta(seconds=10)
LONGEST_SENDER, LONGEST_TO, LONGEST_ID = 200, 64, 128


class MissingFields(ValueError):
    """The call lacks what makes a message; `names` are our names of the fields."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


def receive(
    gateway: InboundGateway,
    *,
    method: str,
    query: bytes,
    content_type: str,
    body: bytes,
    source: str | None,
    content_encoding: str = "",
) -> None:
    """Store a raw call, then take the message out of it. Raises MissingFields; django.db.Error if it was not stored."""
    call = InboundCall.objects.create(
        gateway=gateway,
        method=method,
        query=query,
        content_type=content_type[:200],
        content_encoding=content_encoding[:40],
        body=body,
        source=source,
        received_at=clock.now(),
    )
    read(call)


def parse_unread_calls() -> int:
    """Read calls that were stored, but whose reading broke off. Returns how many."""
    found = list(
        InboundCall.objects.filter(read_at=None, received_at__lt=clock.now() - RETRY_AFTER)
        .select_related("gateway")
        .order_by("pk")[:100]
    )
    for call in found:
        try:
            read(call)
        except MissingFields:
            log.info("inbound.incomplete", call=call.pk)
    return len(found)


def read(call: InboundCall) -> None:
    """Take the messages out of a stored call. Raises MissingFields."""
    try:
        messages = received_in(call)
    except Unreadable as unreadable:
        _finish(call, f"could not be read: {unreadable}")
        _alert_unread(call.gateway)
        raise MissingFields(list(NEEDED)) from unreadable
    missing = [name for name in NEEDED if any(values[name] is None for values in messages)]
    if missing:
        _finish(call, f"missing: {', '.join(missing)}")
        raise MissingFields(missing)
    with transaction.atomic():
        outbox.lock_gateway(call.gateway_id)
        for values in messages:
            _store(call, {name: value or "" for name, value in values.items()})
        _finish(call, "")
    notify.notify_workers()


def _finish(call: InboundCall, note: str) -> None:
    InboundCall.objects.filter(pk=call.pk).update(read_at=clock.now(), note=note[:200])


def _alert_unread(gateway: InboundGateway) -> None:
    alerts.open_alert(
        f"unread-received:{gateway.slug}",
        title=f"A call of gateway {gateway.slug} could not be read: the SMS in it was not taken over",
        advice="Open the inbound calls of this gateway: each says why. Let the gateway send UTF-8, or declare the"
        " charset in its Content-Type; then close this.",
    )


# --- reading ---------------------------------------------------------------------------------

Values = dict[str, str | None]


def received_in(call: InboundCall) -> list[Values]:
    """The messages in a call, our fields by our names. Raises Unreadable."""
    raw = RawCall.stored(call.query, call.content_type, call.content_encoding, call.body)
    return [values for record in parse_records(raw) for values in _best(record, call.gateway)]


def _best(record: Fields, gateway: InboundGateway) -> list[Values]:
    """A record's own message, or those of the inner object or array that has more of what makes a message."""
    best = max(field_groups(record), key=lambda group: _completeness(group, gateway))
    return [_values(fields, gateway) for fields in best]


def _completeness(group: Sequence[Fields], gateway: InboundGateway) -> int:
    return min(sum(_at(fields, gateway.field(name)) is not None for name in NEEDED) for fields in group)


def _values(fields: Fields, gateway: InboundGateway) -> Values:
    """An empty text is a text; an empty number is none. Raises Unreadable."""
    values = {name: _text(name, _at(fields, gateway.field(name))) for name in FIELDS}
    return {name: value if value or name == "text" else None for name, value in values.items()}


def _at(values: Mapping[str, Any], name: str) -> Any:
    """The value of this name; a dot leads into an inner object."""
    if name in values:
        return values[name]
    outer, _, inner = name.partition(".")
    within = values.get(outer)
    return _at(Fields(within), inner) if inner and isinstance(within, Mapping) else None


def _text(name: str, value: object) -> str | None:
    """A string or a whole number as text that both databases store; None for anything else. Raises Unreadable."""
    if isinstance(value, Undecodable):
        raise Unreadable(f"{name}: {value.reason}")
    if isinstance(value, ConflictingValues):
        raise Unreadable(f"{name} came more than once, with different values")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        return None
    return "".join(escaped(c) if c == "\0" or "\ud800" <= c <= "\udfff" else c for c in value)


# --- storing ---------------------------------------------------------------------------------


def _store(call: InboundCall, values: Mapping[str, str]) -> None:
    """A new message with its push, or one more count of the same one. Under the gateway's lock."""
    facts = {
        "gateway_message_id": _short_id(values["id"]),
        "sender": (phone.parse_loose(values["from"]) or values["from"])[:LONGEST_SENDER],
        "to": phone.parse_loose(values["to"]) or values["to"].strip()[:LONGEST_TO],
        "text": values["text"],
    }
    if _counted(call, facts):
        return
    message = InboundMessage(
        id=clock.new_id(), gateway_id=call.gateway_id, call=call, received_at=call.received_at, **facts
    )
    number, message.not_pushed = forward.rented(message.to, call.received_at)
    message.save(force_insert=True)
    if number is not None:
        forward.add(message, number, now=call.received_at)


def _short_id(value: str) -> str:
    return value if len(value) <= LONGEST_ID else "sha256:" + hashlib.sha256(value.encode()).hexdigest()


def _counted(call: InboundCall, facts: Mapping[str, str]) -> bool:
    """Whether this repeats a message that is stored already: then it is counted there.

    An equal id is not enough: a modem's counter starts again after a swap. Without an id the time counts, from the
    first of the equal calls: a repeat of a repeat begins no new span, or a steady sender would be silenced.
    """
    span = timedelta(seconds=call.gateway.repeat_seconds)
    equal = InboundMessage.objects.filter(gateway=call.gateway_id, **facts)
    if not facts["gateway_message_id"]:
        if not span:
            return False
        equal = equal.filter(received_at__range=(call.received_at - span, call.received_at + span))
    first = equal.order_by("received_at").values_list("pk", flat=True).first()
    if first is None:
        return False
    # A call that was stored first and read last moves the span to its own time.
    earlier = Least("received_at", Value(call.received_at, DateTimeField()))
    InboundMessage.objects.filter(pk=first).update(count=F("count") + 1, received_at=earlier)
    return True
