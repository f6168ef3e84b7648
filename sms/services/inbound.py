"""Received SMS: the raw call is stored first, then read, then handed on to the partner that rents the number."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F

from sms.domain import phone
from sms.domain.text import escaped
from sms.models import InboundCall, InboundGateway, InboundMessage
from sms.models.inbound import FIELDS

from . import clock, outbox, pushes, wake
from .call_fields import fields_of

log = structlog.get_logger(__name__)

NEEDED = ("from", "to", "text")
SAME_WITHIN = timedelta(seconds=5)
"""Without an id of the gateway's, an equal message within this time is the same one."""
READ_AGAIN_AFTER = timedelta(seconds=10)
LONGEST_SENDER, LONGEST_TO, LONGEST_ID = 200, 64, 128


class MissingFields(ValueError):
    """The call lacks what makes a message; `names` are our names of the fields."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


def receive(
    gateway: InboundGateway, *, method: str, query: bytes, content_type: str, body: bytes, source: str | None
) -> None:
    """Store a raw call, then take the message out of it. Raises MissingFields; django.db.Error if it was not stored."""
    call = InboundCall.objects.create(
        gateway=gateway,
        method=method,
        query=query,
        content_type=content_type[:200],
        body=body,
        source=source,
        received_at=clock.now(),
    )
    read(call)


def read_again() -> int:
    """Read calls that were stored, but whose reading broke off. Returns how many."""
    found = list(
        InboundCall.objects.filter(read_at=None, received_at__lt=clock.now() - READ_AGAIN_AFTER)
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
    """Take the message out of a stored call. Raises MissingFields."""
    values = _values(call)
    missing = [name for name in NEEDED if values[name] is None]
    if missing:
        _finish(call, f"missing: {', '.join(missing)}")
        raise MissingFields(missing)
    with transaction.atomic():
        outbox.lock_gateway(call.gateway_id)
        _store(call, {name: value or "" for name, value in values.items()})
        _finish(call, "")
    wake.ring()


def _finish(call: InboundCall, note: str) -> None:
    InboundCall.objects.filter(pk=call.pk).update(read_at=clock.now(), note=note)


# --- reading ---------------------------------------------------------------------------------


def _values(call: InboundCall) -> dict[str, str | None]:
    """Our fields by our names. An empty text is a text; an empty number is none."""
    given = fields_of(query=bytes(call.query), body=bytes(call.body or b"")) or {}
    values = {name: _text(_at(given, call.gateway.field(name))) for name in FIELDS}
    return {name: value if value or name == "text" else None for name, value in values.items()}


def _at(values: Mapping[str, Any], name: str) -> Any:
    """The value of this name; a dot leads into an inner object."""
    if name in values:
        return values[name]
    outer, _, inner = name.partition(".")
    within = values.get(outer)
    return _at(within, inner) if inner and isinstance(within, Mapping) else None


def _text(value: object) -> str | None:
    """A string or a whole number as text that both databases store; None for anything else."""
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
    same = _same(call.gateway_id, facts, call.received_at)
    if same is not None:
        InboundMessage.objects.filter(pk=same).update(count=F("count") + 1)
        return
    message = InboundMessage(
        id=clock.new_id(), gateway_id=call.gateway_id, call=call, received_at=call.received_at, **facts
    )
    number, message.not_pushed = pushes.rented(message.to, call.received_at)
    message.save(force_insert=True)
    if number is not None:
        pushes.add(message, number, now=call.received_at)


def _short_id(value: str) -> str:
    return value if len(value) <= LONGEST_ID else "sha256:" + hashlib.sha256(value.encode()).hexdigest()


def _same(gateway: int, facts: Mapping[str, str], received_at: datetime) -> object | None:
    """The message that this one repeats."""
    of_gateway = InboundMessage.objects.filter(gateway=gateway)
    if facts["gateway_message_id"]:
        found = of_gateway.filter(gateway_message_id=facts["gateway_message_id"])
    else:
        recent = (received_at - SAME_WITHIN, received_at + SAME_WITHIN)
        found = of_gateway.filter(received_at__range=recent, **facts)
    return found.values_list("pk", flat=True).first()
