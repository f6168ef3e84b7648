"""The stored data about one phone number: exports it as JSON, or forgets it.

Forgetting erases texts, parameters, raw exchanges and callbacks of the number's messages, and puts a pseudonym in place
of the number wherever it stands. Rows, times, states and counts stay, so statistics do not change.
"""

from __future__ import annotations

import re
import secrets
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models, transaction
from django.db.models import Q

from providers.marking import N_
from sms.domain.destinations import locate
from sms.domain.lifecycle import Status
from sms.domain.phone import PhoneError
from sms.domain.spellings import replaced, spellings
from sms.domain.typed_phone import read
from sms.models import (
    Alert,
    AlertNotice,
    ApiClient,
    Attempt,
    BlockedNumber,
    Callback,
    CallingAddress,
    DeliveryReport,
    Destination,
    InboundCall,
    InboundGateway,
    InboundMessage,
    InboundPush,
    InboundPushAttempt,
    Message,
    MessageEvent,
    MessageOutcome,
    MessageTemplate,
    Partner,
    PersonalDataRecord,
    Provider,
    ProviderState,
    PushStatus,
    RefusedRequest,
    RentedNumber,
    Route,
    SenderApproval,
    SenderName,
    TemplateApproval,
    TemplateVersion,
    VendorDescription,
)
from sms.services.configuration.digests import number_digest, pseudonym, pseudonyms
from sms.services.database import clock
from sms.services.inbound import receive as received
from sms.services.queue.attempts import resolve_doubts
from sms.services.queue.errors import ActionRefused
from sms.services.reports import receive as reports

from .retention import UNFINISHED
from .text_columns import mentioning, text_columns

Rows = models.QuerySet[Any]
Model = type[models.Model]

ECHOES: tuple[Model, ...] = (Alert, AlertNotice, ProviderState)
"""Tables in which a vendor's response may be stored that repeats a text without the number."""
SHORTEST_ECHO = 4


def read_number(value: str) -> str:
    """The E.164 form of what a person typed, with `+` or `00`. Raises ActionRefused."""
    try:
        return read(value)
    except PhoneError as error:
        raise ActionRefused(N_("The number can't be read: {error_text}").format(error_text=error)) from error


# --- what is kept ---------------------------------------------------------------------


@dataclass(frozen=True)
class Kept:
    """The rows that belong to one number, and the pattern that finds it elsewhere."""

    number: str
    pattern: re.Pattern[str]

    @classmethod
    def of(cls, number: str) -> Kept:
        return cls(number, spellings(number))

    def belonging(self) -> dict[Model, Rows]:
        """Rows that are about this number. Each query finds them anew, so erase those that lead to others last."""
        messages = Message.objects.filter(to=self.number)
        attempts = Attempt.objects.filter(message__in=messages)
        reports_ = DeliveryReport.objects.filter(Q(message__in=messages) | Q(attempt__in=attempts))
        inbound = InboundMessage.objects.filter(pk__in=self._received())
        pushes = InboundPush.objects.filter(message__in=inbound)
        return {
            Callback: Callback.objects.filter(Q(attempt__in=attempts) | Q(reports__in=reports_)),
            DeliveryReport: reports_,
            MessageEvent: MessageEvent.objects.filter(message__in=messages),
            MessageOutcome: MessageOutcome.objects.filter(message__in=messages),
            Attempt: attempts,
            Message: messages,
            InboundPushAttempt: InboundPushAttempt.objects.filter(push__in=pushes),
            InboundPush: pushes,
            InboundCall: InboundCall.objects.filter(messages__in=inbound),
            InboundMessage: inbound,
            RefusedRequest: RefusedRequest.objects.filter(pk__in=self._refused()),
            BlockedNumber: BlockedNumber.objects.filter(phone=self.number),
        }

    def _received(self) -> list[Any]:
        rows = InboundMessage.objects.values_list("pk", "sender", "to").iterator()
        return [key for key, *numbers in rows if any(map(self.pattern.search, numbers))]

    def _refused(self) -> list[Any]:
        rows = RefusedRequest.objects.values_list("pk", "to").iterator()
        return [key for key, to in rows if self.pattern.search(to)]


# --- export ---------------------------------------------------------------------------


def export(number: str, *, actor: str, reason: str = "") -> dict[str, Any]:
    """All rows about the number, by table, and those that mention it. Leaves a record."""
    kept = Kept.of(number)
    found: dict[str, Any] = {"number": number}
    for model, rows in kept.belonging().items():
        found[model._meta.db_table] = list(rows.distinct().values())
    for model in _searched():
        known = {row[model._meta.pk.attname] for row in found.get(model._meta.db_table, ())}
        keys = [key for key, _ in mentioning(model._base_manager.all(), kept.pattern) if key not in known]
        rows = list(model._base_manager.filter(pk__in=keys).values())
        if rows or known:
            found[model._meta.db_table] = found.get(model._meta.db_table, []) + rows
    _record(PersonalDataRecord.Kind.EXPORTED, kept, actor, reason, _sizes(found))
    return found


def _sizes(found: dict[str, Any]) -> dict[str, int]:
    return {table: len(rows) for table, rows in found.items() if isinstance(rows, list) and rows}


# --- forgetting -----------------------------------------------------------------------


def forget(number: str, *, actor: str, reason: str) -> dict[str, int]:
    """Erase what is kept of the number. Returns the number of rows by table. Raises ActionRefused."""
    if not reason.strip():
        raise ActionRefused(N_("Say why: a reason is kept with the record."))
    kept = Kept.of(number)
    _require_not_ours(number)
    _read_what_waits()
    with transaction.atomic():
        _stop(number)
        _require_not_under_way(kept)
        echoes = _echoes(number)
        rows = Counter(dict(_erase_belonging(kept)))
        for model in _searched():
            pattern = _either(kept.pattern, echoes) if model in ECHOES else kept.pattern
            rows[model._meta.db_table] += _replace(model, pattern, pseudonym(number))
        _close_unread()
        sizes = {table: count for table, count in sorted(rows.items()) if count}
        _record(PersonalDataRecord.Kind.FORGOTTEN, kept, actor, reason, sizes)
    return sizes


def _require_not_ours(number: str) -> None:
    if RentedNumber.objects.filter(phone=number).exists():
        raise ActionRefused(N_("This is a rented number of ours. Delete it under Rented numbers first."))
    if Route.objects.filter(prefix=number).exists():
        raise ActionRefused(N_("A route has this number for its prefix. Delete the route first."))


def _read_what_waits() -> None:
    """Read stored callbacks first, because unread ones are not yet linked to messages."""
    while reports.read_pending():
        pass
    received.parse_unread_calls()


def _stop(number: str) -> None:
    """End the number's waiting messages. One that may have been sent before becomes unconfirmed."""
    waiting = Message.objects.filter(to=number, status__in=(Status.QUEUED, Status.HELD))
    stopped = {"due_at": None, "code": "canceled", "waiting_for": "", "updated_at": clock.now()}
    in_doubt = dict(waiting.values_list("pk", "in_doubt"))
    doubtful = [message for message, doubt in in_doubt.items() if doubt]
    ends = {True: Status.UNCONFIRMED, False: Status.CANCELED}
    decisions = {message: {"status": ends[doubt], "code": "canceled"} for message, doubt in in_doubt.items()}
    waiting.filter(in_doubt=True).update(status=Status.UNCONFIRMED, **stopped)
    MessageEvent.add_by_rule("canceled", stopped["updated_at"], decisions)
    resolve_doubts(doubtful, stopped["updated_at"])
    waiting.update(status=Status.CANCELED, **stopped)


def _require_not_under_way(kept: Kept) -> None:
    pushes = kept.belonging()[InboundPush]
    pushes.filter(status=PushStatus.WAITING).update(status=PushStatus.FAILED, due_at=None, code="canceled")
    is_sending = Message.objects.filter(to=kept.number, status=Status.SENDING).exists()
    if is_sending or pushes.filter(status=PushStatus.PUSHING).exists():
        raise ActionRefused(
            N_("A message of this number is being sent at this moment. Repeat the command in a minute.")
        )


def _echoes(number: str) -> list[str]:
    """The values of the number's messages, which a vendor may have repeated."""
    found: set[str] = set()
    for text, raw, parameters in Message.objects.filter(to=number).values_list("text", "raw_text", "parameters"):
        found |= {text or "", raw or "", *map(str, (parameters or {}).values())}
    return [value for value in found if len(value) >= SHORTEST_ECHO]


def _either(pattern: re.Pattern[str], texts: list[str]) -> re.Pattern[str]:
    literal = map(re.escape, sorted(texts, key=len, reverse=True))
    return re.compile("|".join([pattern.pattern, *literal]))


def _erase_belonging(kept: Kept) -> Iterator[tuple[str, int]]:
    """Keys first: an erased row does not lead to its callbacks any more."""
    keys = {model: list(rows.values_list("pk", flat=True).distinct()) for model, rows in kept.belonging().items()}
    _keep_country(kept.number)
    for model, values in _erased(pseudonym(kept.number)).items():
        rows = model._base_manager.filter(pk__in=keys[model])
        yield model._meta.db_table, rows.update(**values)
    for callback in Callback.objects.filter(pk__in=keys[Callback]):
        # The number could be found from the digest by trying all numbers.
        Callback.objects.filter(pk=callback.pk).update(body_digest=secrets.token_hex(32))
    yield MessageOutcome._meta.db_table, MessageOutcome.objects.filter(pk__in=keys[MessageOutcome]).delete()[0]
    yield BlockedNumber._meta.db_table, _forget_block(kept.number)


def _keep_country(number: str) -> None:
    """The figures by country are counted again from the messages, whose pseudonym does not tell it."""
    messages = list(Message.objects.filter(to=number).only("decision"))
    for message in messages:
        message.decision = (message.decision or {}) | {"country": locate(number).country}
    Message.objects.bulk_update(messages, ["decision"], batch_size=500)


def _erased(name: str) -> dict[Model, dict[str, Any]]:
    """The new values of rows about the number. Free text is erased completely, because it may repeat anything."""
    now = clock.now()
    raw = {"raw_request": None, "raw_response": None}
    text = {"text": None, "raw_text": None, "parameters": None}
    return {
        Callback: {"body": None, "query": b"", "headers": "", "note": ""},
        DeliveryReport: {"detail": "", "reference": "", "reason": ""},
        MessageEvent: {"detail": {}},
        Attempt: {**raw, "detail": ""},
        Message: {**text, "to": name, "detail": "", "repeat_key": None, "erased_at": now},
        InboundPushAttempt: {**raw, "detail": ""},
        InboundPush: {"detail": ""},
        InboundCall: {"body": None, "query": b"", "note": ""},
        InboundMessage: {"text": None, "erased_at": now},
        RefusedRequest: {"to": name, "shape": "", "nearest": ""},
    }


def _forget_block(number: str) -> int:
    """Replace the number on the block list with its pseudonym, so that it stays blocked."""
    blocked = BlockedNumber.objects.filter(phone=number)
    if BlockedNumber.objects.filter(phone__in=pseudonyms(number)).exists():
        return blocked.delete()[0]
    return blocked.update(phone=pseudonym(number), reason="")


def _replace(model: Model, pattern: re.Pattern[str], by: str) -> int:
    """Replace the number in the text columns of all rows; raw bytes that hold it are erased."""
    rows = model._base_manager.all()
    if model is Message:
        rows = rows.exclude(status__in=UNFINISHED)  # a text to somebody else is sent as it was accepted
    changed = list(mentioning(rows, pattern))
    for key, values in changed:
        new = {name: _new_value(model, name, value, pattern, by) for name, value in values.items()}
        model._base_manager.filter(pk=key).update(**new)
    return len(changed)


def _new_value(model: Model, name: str, value: Any, pattern: re.Pattern[str], by: str) -> Any:
    field = model._meta.get_field(name)
    if isinstance(field, models.BinaryField):
        return None if field.null else b""
    new = replaced(value, pattern, by)
    return new[: field.max_length] if isinstance(new, str) and field.max_length else new


def _close_unread() -> None:
    """Mark unread calls whose body was erased as read."""
    for model in (Callback, InboundCall):
        model._default_manager.filter(read_at=None, body=None, query=b"").update(read_at=clock.now())


CONFIGURATION = frozenset(
    {
        ApiClient,
        CallingAddress,
        Destination,
        InboundGateway,
        MessageTemplate,
        Partner,
        Provider,
        RentedNumber,
        Route,
        SenderApproval,
        SenderName,
        TemplateApproval,
        TemplateVersion,
        VendorDescription,
    }
)
"""What staff set up: numbers there are a company's. Their history is searched."""
SEARCHED_APPS = ("sms", "admin", "axes")


def _searched() -> list[Model]:
    found = (model for label in SEARCHED_APPS for model in apps.get_app_config(label).get_models())
    return [model for model in found if model not in CONFIGURATION and text_columns(model)]


def _record(kind: str, kept: Kept, actor: str, reason: str, rows: dict[str, int]) -> None:
    PersonalDataRecord.objects.create(
        kind=kind,
        digest=number_digest(kept.number),
        reason=replaced(reason.strip(), kept.pattern, pseudonym(kept.number)),
        actor=actor,
        rows=rows,
        created_at=clock.now(),
    )
