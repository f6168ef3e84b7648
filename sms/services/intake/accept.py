"""Intake: one accepted call becomes one message, by one INSERT, committed before the answer."""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass
from typing import Any

from sms.domain.codes import Refusal, refuse
from sms.domain.destinations import Verdict
from sms.domain.lifecycle import Status
from sms.domain.routing import Decision
from sms.domain.text import masked_digits, segments, visible
from sms.models import BlockedNumber, OnNoTemplate
from sms.services.configuration import snapshot
from sms.services.configuration.snapshot import ClientFacts, Snapshot
from sms.services.database import clock
from sms.services.monitoring import metrics
from sms.services.queue import notify

from . import destination_limits, insert, otp_limits, rate_limits
from .near_miss import nearest_template
from .rejections import RefusedCall

_FIELD_OF = {"no_route": "to", "sender_not_approved": "from"}
"""Whom a routing code blames; the others blame the text."""
_ROUNDS = 3
"""Tries at the insert: more than one only while an old row holds the key, more than two never yet."""


@dataclass(frozen=True, slots=True)
class Fields:
    """The values after parsing: what makes two calls equal."""

    sender: str
    to: str
    raw_text: str
    text: str
    is_otp: bool


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated, well-formed call. `may_repeat`: its request id was given by the caller."""

    client: ClientFacts
    request_id: str
    may_repeat: bool
    api_version: str
    fields: Fields
    is_test: bool = False


@dataclass(frozen=True, slots=True)
class Accepted:
    """The message of a call; not new where the call repeats an earlier one."""

    message: uuid.UUID
    is_new: bool = True


def accept(call: Call, seen: RefusedCall) -> Accepted:
    """Store the call's message, committed, or find the one that it repeats.

    Raises Refusal with the code of the interface's table; `seen` then holds what the record of refusals may keep.
    """
    key = repeat_key(call) if call.may_repeat else None
    try:
        accepted = _store(call, key, seen)
    except Refusal as refusal:
        repeated = insert.standing(key) if key else None
        if repeated is None:
            _check_blocked(call, refusal)
            raise
        accepted = Accepted(repeated, is_new=False)
    if accepted.is_new:
        metrics.accepted(is_otp=call.fields.is_otp)
        notify.ring()
    else:
        metrics.repeated()
    return accepted


def _check_blocked(call: Call, refusal: Refusal) -> None:
    """The block list comes before routing and limits; only a call that they refuse pays for this look."""
    if refusal.code.name not in ("unknown_sender", "recipient_blocked") and is_blocked(call.fields.to):
        raise refuse("recipient_blocked", "to")


def is_blocked(number: str) -> bool:
    return BlockedNumber.objects.filter(phone__in=insert.spelled(number)).exists()


def _store(call: Call, key: str | None, seen: RefusedCall) -> Accepted:
    values, ttl, destination = _message(call, seen)
    values["repeat_key"] = key
    rate_limits.take(call.client)
    try:
        accepted = _insert_within_daily_limit(destination, call, values, ttl)
    except Refusal:
        rate_limits.give_back(call.client)
        raise
    if not accepted.is_new:
        rate_limits.give_back(call.client)
    return accepted


def _insert_within_daily_limit(destination: Verdict, call: Call, values: dict[str, Any], ttl: int) -> Accepted:
    destination_limits.take(destination)
    try:
        accepted = _insert_within_caps(call, values, ttl)
    except Refusal:
        destination_limits.give_back(destination)
        raise
    if not accepted.is_new:
        destination_limits.give_back(destination)
    return accepted


def _insert_within_caps(call: Call, values: dict[str, Any], ttl: int) -> Accepted:
    caps = otp_limits.caps_of(call.client, call.fields.to) if call.fields.is_otp else []
    if not caps:
        return _insert(values, ttl)
    with otp_limits.one_at_a_time(call.fields.to):
        otp_limits.check(caps)
        return _insert(values, ttl)


def repeat_key(call: Call) -> str:
    """A digest of client, request id and the four values; each part's length goes before it, so none runs over."""
    fields = call.fields
    parts = (str(call.client.id), call.request_id, fields.sender, fields.to, fields.text, str(fields.is_otp))
    return hashlib.sha256(b"".join(b"%d:%b" % (len(part), part) for part in map(str.encode, parts))).hexdigest()


def _message(call: Call, seen: RefusedCall) -> tuple[dict[str, Any], int, Verdict]:
    """The message's columns, its time to live in seconds and its destination. Raises Refusal."""
    now = snapshot.current()
    fields = call.fields
    if not now.knows_sender(call.client, fields.sender):
        raise refuse("unknown_sender", "from")
    destination = now.destination(to=fields.to, client=call.client.id, is_otp=fields.is_otp)
    if destination.problem:
        raise refuse("destination_not_allowed", "to", destination.problem)
    decision = now.decide(
        text=fields.text, sender=fields.sender, to=fields.to, client=call.client.id, is_otp=fields.is_otp
    )
    if decision.code and not _is_held(call, decision):
        if decision.code == "template_not_matched":
            seen.miss = lambda: (masked_digits(fields.text), nearest_template(now, decision, fields.text))
        raise refuse(decision.code, _FIELD_OF.get(decision.code, "text"))
    return _columns(call, decision), _time_to_live(now, decision, fields.is_otp), destination


def _is_held(call: Call, decision: Decision) -> bool:
    waits = call.client.on_no_template == OnNoTemplate.HOLD and not call.fields.is_otp
    return waits and decision.code == "template_not_matched"


def _time_to_live(now: Snapshot, decision: Decision, is_otp: bool) -> int:
    route = now.routes_by_id[decision.route]
    return route.otp_ttl if is_otp else route.ttl


def _columns(call: Call, decision: Decision) -> dict[str, Any]:
    fields = call.fields
    size = segments(fields.text)
    chosen = next(iter(decision.eligible), None)
    return {
        "id": clock.new_id().hex,
        "client_id": call.client.id,
        "request_id": call.request_id,
        "api_version": visible(call.api_version)[:32],
        "sender": fields.sender,
        "to": fields.to,
        "raw_text": fields.raw_text,
        "text": fields.text,
        "is_otp": fields.is_otp,
        "is_test": call.is_test,
        "encoding": size.encoding.value,
        "segments": size.count,
        "smoothing": json.dumps(chosen.smoothing if chosen else ()),
        "template_version_id": chosen and chosen.version,
        "parameters": json.dumps((chosen and chosen.values) or {}),
        "decision": json.dumps(decision.as_json()),
        "status": (Status.QUEUED if chosen else Status.HELD).value,
        "provider_id": chosen and chosen.provider,
    }


def _insert(values: dict[str, Any], ttl: int) -> Accepted:
    key = values["repeat_key"]
    for _ in range(_ROUNDS):
        if insert.insert(values, due=values["provider_id"] is not None, ttl=ttl):
            return Accepted(uuid.UUID(values["id"]))
        repeated = insert.standing(key)
        if repeated is not None:
            return Accepted(repeated, is_new=False)
        if is_blocked(values["to"]):
            raise refuse("recipient_blocked", "to")
        insert.release(key)
    raise refuse("unavailable", retry_after=1)
