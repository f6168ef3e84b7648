"""Accepts a call in five steps: authenticate, validate, route and match, limit, insert.

The API does the first two (sms/api/authentication.py, sms/api/fields.py), because their errors concern HTTP. This
module does the others. One call becomes one message by one INSERT, which is committed before the response.
"""

from __future__ import annotations

import hashlib
import json
import random
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import structlog

from sms.domain.codes import Refusal, refuse
from sms.domain.destinations import Verdict
from sms.domain.lifecycle import Status
from sms.domain.quality.shares import choose
from sms.domain.routing import Candidate, Decision
from sms.domain.text import segments, visible
from sms.models import OnNoTemplate
from sms.services.configuration import readings, snapshot
from sms.services.configuration.digests import digests
from sms.services.configuration.readings import Reading
from sms.services.configuration.snapshot import ClientFacts, Snapshot
from sms.services.database import clock
from sms.services.monitoring import metrics
from sms.services.queue import notify
from sms.services.templates import otp_shapes

from . import destination_limits, insert, otp_limits, rate_limits
from .block_list import is_blocked
from .near_miss import TemplateNotMatched

log = structlog.get_logger(__name__)

_FIELD_OF = {"no_route": "to", "sender_not_approved": "from"}
"""The field that a routing code concerns; the other codes concern the text."""
_INSERT_TRIES = 3
"""A second try is needed if an expired message still has the idempotency key."""


@dataclass(frozen=True, slots=True)
class Fields:
    """The validated values. Two calls with equal values and an equal request id are one.

    `text` is the first reading of `raw_text`: it does not depend on the approved templates.
    """

    sender: str
    to: str
    raw_text: str
    text: str
    is_otp: bool


TEST_TTL = 3600
"""Seconds to live of a test that does not use the routes."""


@dataclass(frozen=True, slots=True)
class SendRequest:
    """One authenticated, valid call. `may_repeat`: the caller gave the request id, so the call may be a repeat.

    `provider`: for a test message of staff, the provider that is used in place of the routes.
    """

    client: ClientFacts
    request_id: str
    may_repeat: bool
    api_version: str
    fields: Fields
    is_test: bool = False
    provider: int | None = None


@dataclass(frozen=True, slots=True)
class AcceptedMessage:
    """The message of a call; not new where the call repeats an earlier one."""

    id: uuid.UUID
    is_new: bool = True


def accept(call: SendRequest) -> AcceptedMessage:
    """Store the call's message, committed, or find the one that it repeats. Raises Refusal."""
    keys = idempotency_keys(call) if call.may_repeat else ()
    try:
        destination = check_destination(call)
        reading, ttl = route_and_match(call)
        with limit(call, destination):
            accepted = insert_once(_columns(call, reading), keys, ttl)
            if not accepted.is_new:
                _return_tokens(call, destination)
    except Refusal as refusal:
        accepted = _earlier_message(keys)
        if accepted is None:
            _check_blocked(call, refusal)
            raise
    if accepted.is_new:
        notify.notify_workers()
        _count(call, reading)
    else:
        metrics.repeated()
    return accepted


def _count(call: SendRequest, reading: Reading) -> None:
    """Count the committed message. An error in counting OTP shapes must not change the response."""
    metrics.accepted(is_otp=call.fields.is_otp)
    if reading.is_undecided:
        metrics.newline_undecided(call.client.username)
    if call.fields.is_otp:
        try:
            otp_shapes.record(snapshot.current(), next(iter(reading.decision.eligible), None))
        except Exception as error:
            log.error("otp_shapes.failed", error=type(error).__name__)


def idempotency_keys(call: SendRequest) -> tuple[str, ...]:
    """Digests of client, request id and the four values. New rows store the first; older rows may have another."""
    fields = call.fields
    values = (str(call.client.id), call.request_id, fields.sender, fields.to, fields.text, str(fields.is_otp))
    parts = list(map(str.encode, values))
    return (*digests("idempotency key", *parts), _key_of_earlier_version(parts))


def _key_of_earlier_version(parts: Sequence[bytes]) -> str:
    """The unkeyed digest of version 0.1, for rows of the 24 hours before the upgrade. The next version can drop it."""
    return hashlib.sha256(b"".join(b"%d:%b" % (len(part), part) for part in parts)).hexdigest()


def check_destination(call: SendRequest) -> Verdict:
    """The country of the number, and what is open there. Raises Refusal."""
    now, fields = snapshot.current(), call.fields
    if not now.knows_sender(call.client, fields.sender):
        raise refuse("unknown_sender", "from")
    destination = now.destination(to=fields.to, client=call.client.id, is_otp=fields.is_otp)
    if destination.problem:
        raise refuse("destination_not_allowed", "to", destination.problem)
    return destination


def route_and_match(call: SendRequest) -> tuple[Reading, int]:
    """The text to send with its routing decision, and the time to live in seconds. Raises Refusal."""
    now = snapshot.current()
    fields = call.fields
    reading = _read(now, call)
    decision = reading.decision
    may_hold = call.provider is None and is_held(call.client, decision, is_otp=fields.is_otp)
    if decision.code and not may_hold:
        if decision.code == "template_not_matched":
            raise TemplateNotMatched(now, decision, fields.text)
        raise refuse(decision.code, _FIELD_OF.get(decision.code, "text"))
    return reading, time_to_live(now, decision, is_otp=fields.is_otp)


def time_to_live(now: Snapshot, decision: Decision, *, is_otp: bool) -> int:
    """In seconds, by the route; without one the message is a test by a chosen provider."""
    if decision.route is None:
        return TEST_TTL
    route = now.routes_by_id[decision.route]
    return route.otp_ttl if is_otp else route.ttl


def _read(now: Snapshot, call: SendRequest) -> Reading:
    fields, client = call.fields, call.client
    route_to = {"sender": fields.sender, "to": fields.to, "client": client.id, "is_otp": fields.is_otp}
    return readings.route_text(now, fields.raw_text, client.newline_escape, provider=call.provider, **route_to)


def is_held(client: ClientFacts, decision: Decision, *, is_otp: bool) -> bool:
    """Whether the message waits for its template: the client's setting, for all but OTPs."""
    return decision.code == "template_not_matched" and client.on_no_template == OnNoTemplate.HOLD and not is_otp


@contextmanager
def limit(call: SendRequest, destination: Verdict) -> Iterator[None]:
    """Enforce the limits of client, country and OTPs around the INSERT. Raises Refusal, and then returns the tokens."""
    rate_limits.limiter.take_token(call.client)
    try:
        destination_limits.take(destination, call.client)
    except Refusal:
        rate_limits.limiter.return_token(call.client)
        raise
    limits = otp_limits.limits_of(call.client, call.fields.to) if call.fields.is_otp else []
    try:
        with otp_limits.enforce(call.fields.to, limits) if limits else nullcontext():
            yield
    except Refusal:
        _return_tokens(call, destination)
        raise


def _return_tokens(call: SendRequest, destination: Verdict) -> None:
    rate_limits.limiter.return_token(call.client)
    destination_limits.give_back(destination, call.client)


def insert_once(row: dict[str, Any], keys: Sequence[str], ttl: int) -> AcceptedMessage:
    """Insert the message, unless an earlier one has one of its idempotency keys. Raises Refusal."""
    row |= {"repeat_key": keys[0] if keys else None}
    for _ in range(_INSERT_TRIES):
        if insert.insert(row, due=row["provider_id"] is not None, ttl=ttl, other_keys=keys[1:]):
            return AcceptedMessage(uuid.UUID(row["id"]))
        if earlier := _earlier_message(keys):
            return earlier
        if is_blocked(row["to"]):
            raise refuse("recipient_blocked", "to")
        insert.free_keys(keys)
    raise refuse("unavailable", retry_after=1)


def _earlier_message(keys: Sequence[str]) -> AcceptedMessage | None:
    duplicate = insert.find_duplicate(keys) if keys else None
    return duplicate and AcceptedMessage(duplicate, is_new=False)


def _check_blocked(call: SendRequest, refusal: Refusal) -> None:
    """The block list's code precedes those of routing and limits. Only rejected calls pay for this query."""
    if refusal.code.name not in ("unknown_sender", "recipient_blocked") and is_blocked(call.fields.to):
        raise refuse("recipient_blocked", "to")


def _columns(call: SendRequest, reading: Reading) -> dict[str, Any]:
    fields, decision = call.fields, reading.decision
    size = segments(reading.text)
    shares = _shares(decision)
    chosen = _chosen(decision, shares)
    return {
        "id": clock.new_id().hex,
        "client_id": call.client.id,
        "request_id": call.request_id,
        "api_version": visible(call.api_version)[:32],
        "sender": fields.sender,
        "to": fields.to,
        "raw_text": fields.raw_text,
        "text": reading.text,
        "newline_is_undecided": reading.is_undecided,
        "is_otp": fields.is_otp,
        "is_test": call.is_test,
        "encoding": size.encoding.value,
        "segments": size.count,
        "smoothing": json.dumps(chosen.smoothing if chosen else ()),
        "template_version_id": chosen and chosen.version,
        "parameters": json.dumps((chosen and chosen.values) or {}),
        "decision": json.dumps(decision.as_json() | ({"shares": shares} if shares else {})),
        "status": (Status.QUEUED if chosen else Status.HELD).value,
        "provider_id": chosen and chosen.provider,
    }


def _shares(decision: Decision) -> Mapping[int, int]:
    """The percentages of its messages that providers of the route keep, where share moves have changed them."""
    route = snapshot.current().routes_by_id.get(decision.route) if decision.route is not None else None
    return route.shares if route else {}


def _chosen(decision: Decision, shares: Mapping[int, int]) -> Candidate | None:
    """The first provider that may carry the message and keeps it."""
    eligible = decision.eligible
    if not shares or not eligible:
        return next(iter(eligible), None)
    draw = random.random()  # noqa: S311  shares out messages; no secret hangs on it
    return eligible[choose([candidate.provider for candidate in eligible], shares, draw)]
