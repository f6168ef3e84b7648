"""Received SMS: a raw call is stored, then parsed; its messages are queued for the partner that rents the number."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import DateTimeField, F, Value
from django.db.models.functions import Least

from providers.marking import N_
from sms.domain import phone
from sms.domain.text import escaped
from sms.models import InboundCall, InboundGateway, InboundMessage, RentedNumber
from sms.models.inbound import FIELDS
from sms.services.database import clock
from sms.services.monitoring import alerts
from sms.services.queue import notify, outbox
from sms.services.webhooks.payload import Fields, RawCall, field_groups, parse_records
from sms.services.webhooks.payload_charset import Undecodable, Unreadable
from sms.services.webhooks.payload_forms import ConflictingValues

from . import forward

log = structlog.get_logger(__name__)

REQUIRED = ("from", "to", "text")
RETRY_AFTER = timedelta(seconds=10)
MAX_SENDER, MAX_TO, MAX_ID = 200, 64, 128
_BETWEEN = re.compile(r"[\s()\u200e\u200f\u202a-\u202e\u2066-\u2069-]")
"""What people write between the digits of our number, such as in the URL of a gateway."""


class MissingFields(ValueError):
    """The call lacks required fields; `names` are our names for them."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


def store_call(
    gateway: InboundGateway,
    *,
    method: str,
    query: bytes,
    content_type: str,
    body: bytes,
    source: str | None,
    content_encoding: str = "",
) -> None:
    """Store a raw call, then parse it. Raises MissingFields, and django.db.Error if the call was not stored."""
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
    parse_call(call)


def parse_unread_calls() -> int:
    """Parse stored calls whose process ended before they were parsed. Returns how many."""
    found = list(
        InboundCall.objects.filter(read_at=None, received_at__lt=clock.now() - RETRY_AFTER)
        .select_related("gateway")
        .order_by("pk")[:100]
    )
    for call in found:
        try:
            parse_call(call)
        except MissingFields:
            log.info("inbound.incomplete", call=call.pk)
    return len(found)


def parse_call(call: InboundCall) -> None:
    """Store the messages of a stored call. Raises MissingFields."""
    try:
        messages = parse_messages(call)
    except Unreadable as unreadable:
        _mark_read(call, N_("could not be read: {unreadable_text}").format(unreadable_text=unreadable))
        _alert_unread(call.gateway)
        raise MissingFields(list(REQUIRED)) from unreadable
    missing = [name for name in REQUIRED if any(values[name] is None for values in messages)]
    if missing:
        _mark_read(call, f"missing: {', '.join(missing)}")
        raise MissingFields(missing)
    with transaction.atomic():
        outbox.lock_gateway(call.gateway_id)
        for values in messages:
            _store_message(call, {name: value or "" for name, value in values.items()})
        _mark_read(call, "")
    notify.notify_workers()


def _mark_read(call: InboundCall, note: str) -> None:
    InboundCall.objects.filter(pk=call.pk).update(read_at=clock.now(), note=note[:200])


def _alert_unread(gateway: InboundGateway) -> None:
    alerts.open_alert(
        f"unread-received:{gateway.slug}",
        title=N_("A call of gateway {slug} could not be read: the SMS in it was not stored").format(slug=gateway.slug),
        advice=N_(
            "Open the inbound calls of this gateway: each says why. Let the gateway send UTF-8, or declare the"
            " charset in its Content-Type; then close this."
        ),
    )


# --- parsing ---------------------------------------------------------------------------------

Values = dict[str, str | None]


def parse_messages(call: InboundCall) -> list[Values]:
    """The values of the messages in a call, by our names. Raises Unreadable."""
    raw = RawCall.stored(call.query, call.content_type, call.content_encoding, call.body)
    records = parse_records(raw, text_field=call.gateway.field("text"))
    return [values for record in records for values in _best_group(record, call.gateway)]


def _best_group(record: Fields, gateway: InboundGateway) -> list[Values]:
    """The messages of a record: from the record, or from the inner object or array with more required fields."""
    best = max(field_groups(record), key=lambda group: _completeness(group, gateway))
    return [_values(fields, gateway) for fields in best]


def _completeness(group: Sequence[Fields], gateway: InboundGateway) -> int:
    return min(sum(_value_at(fields, gateway.field(name)) is not None for name in REQUIRED) for fields in group)


def _values(fields: Fields, gateway: InboundGateway) -> Values:
    """A message's values. An empty text counts as a text, other empty values as missing. Raises Unreadable."""
    values = {name: _text(name, _value_at(fields, gateway.field(name))) for name in FIELDS}
    return {name: value if value or name == "text" else None for name, value in values.items()}


def _value_at(values: Mapping[str, Any], name: str) -> Any:
    """The value of a name; a dot separates the names of nested objects."""
    if name in values:
        return values[name]
    outer, _, inner = name.partition(".")
    within = values.get(outer)
    return _value_at(Fields(within), inner) if inner and isinstance(within, Mapping) else None


def _text(name: str, value: object) -> str | None:
    """A string or a whole number as text that both databases store; None for anything else. Raises Unreadable."""
    if isinstance(value, Undecodable):
        raise Unreadable(f"{name}: {value.reason}")
    if isinstance(value, ConflictingValues):
        raise Unreadable(N_("{name} came more than once, with different values").format(name=name))
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        return None
    return "".join(escaped(c) if c == "\0" or "\ud800" <= c <= "\udfff" else c for c in value)


# --- storing ---------------------------------------------------------------------------------


def _store_message(call: InboundCall, values: Mapping[str, str]) -> None:
    """Insert a message with its push, or count a repeat. The caller holds the gateway's lock."""
    columns = {
        "gateway_message_id": _short_id(values["id"]),
        "sender": (phone.parse_loose(values["from"]) or values["from"])[:MAX_SENDER],
        "to": phone.parse_loose(_BETWEEN.sub("", values["to"])) or values["to"].strip()[:MAX_TO],
        "text": values["text"],
    }
    if _count_repeat(call, columns):
        return
    message = InboundMessage(
        id=clock.new_id(), gateway_id=call.gateway_id, call=call, received_at=call.received_at, **columns
    )
    number, message.not_pushed = forward.find_rented_number(message.to, call.received_at)
    if number is not None and _is_changed_since(number, call.received_at):
        number, message.not_pushed = None, forward.CHANGED_SINCE
    message.save(force_insert=True)
    if number is not None:
        forward.queue_push(message, number, now=call.received_at)


def _is_changed_since(number: RentedNumber, moment: datetime) -> bool:
    """Whether a call is read so late that the rental of that time may have been another one."""
    return number.updated_at > moment and clock.now() - moment >= RETRY_AFTER


def _short_id(value: str) -> str:
    return value if len(value) <= MAX_ID else "sha256:" + hashlib.sha256(value.encode()).hexdigest()


def _count_repeat(call: InboundCall, columns: Mapping[str, str]) -> bool:
    """Count a repeat of a stored message. False if this is a new message.

    An equal id is not enough: a modem's counter starts again after a replacement. Without an id a repeat comes within
    `repeat_seconds` of the first message. A repeat does not extend this time, or a steady sender would lose messages.
    """
    span = timedelta(seconds=call.gateway.repeat_seconds)
    equal = InboundMessage.objects.filter(gateway=call.gateway_id, **columns)
    if not columns["gateway_message_id"]:
        if not span:
            return False
        equal = equal.filter(received_at__range=(call.received_at - span, call.received_at + span))
    first = equal.order_by("received_at").values_list("pk", flat=True).first()
    if first is None:
        return False
    # Calls may be parsed in another order than they were stored: the time counts from the first stored.
    earlier = Least("received_at", Value(call.received_at, DateTimeField()))
    InboundMessage.objects.filter(pk=first).update(count=F("count") + 1, received_at=earlier)
    return True
