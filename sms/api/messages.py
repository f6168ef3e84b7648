"""GET /messages: what became of a caller's messages."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.http import Http404, HttpResponse, JsonResponse, QueryDict
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from sms.domain.codes import refuse
from sms.domain.lifecycle import Status
from sms.domain.phone import parse_loose
from sms.models import Attempt, DeliveryReport, Message
from sms.services.intake import queries

from . import openapi, request_ids
from .views import ClientView

MOST = 200
USUAL = 50

JsonObject = dict[str, Any]


class MessageView(ClientView):
    methods = ("GET", "HEAD")

    def check_permissions(self, request: Request) -> None:
        if not request.user.read_messages:
            raise refuse("forbidden", message="This client may not read messages.")


class MessageList(MessageView):
    @extend_schema(**openapi.LIST)
    def get(self, request: Request) -> HttpResponse:
        query = parameters(request._request.GET)
        limit = query.pop("limit", USUAL)
        rows = queries.newest(request.user.id, limit=limit + 1, before=query.pop("cursor", None), **query)
        page = rows[:limit]
        following = page[-1].id.hex if len(rows) > limit else None
        return JsonResponse({"results": [message_json(message) for message in page], "next": following})


class MessageDetail(MessageView):
    @extend_schema(**openapi.DETAIL)
    def get(self, request: Request, id: uuid.UUID) -> HttpResponse:
        message = queries.one(request.user.id, id)
        if message is None:
            raise Http404
        return JsonResponse(message_json(message))


# --- the query ------------------------------------------------------------------------


def parameters(query: QueryDict) -> JsonObject:
    """The parameters that we know, read. Raises Refusal (invalid_parameter); names that we don't know are ignored."""
    return {name: _parameter(name, query.getlist(name)) for name in _READERS if name in query}


def _parameter(name: str, values: list[str]) -> Any:
    if len(values) > 1:
        raise refuse("invalid_parameter", name, f"{name} stands more than once.")
    try:
        return _READERS[name](values[0])
    except ValueError as error:
        raise refuse("invalid_parameter", name, f"{name}: {error}") from error


def _request_id(value: str) -> str:
    if not value:
        raise ValueError("it is empty.")
    return request_ids.kept(value)


def _number(value: str) -> str:
    """With or without `+`, which reaches us as a blank where it was not escaped."""
    found = parse_loose(value)
    if found is None:
        raise ValueError("write an international number such as %2B994501234567 or 994501234567.")
    return found


def _status(value: str) -> str:
    if value not in Status.__members__.values():
        raise ValueError(f"the statuses are {', '.join(Status)}.")
    return value


def _limit(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= 3 and 1 <= int(value) <= MOST):
        raise ValueError(f"write a number from 1 to {MOST}.")
    return int(value)


def _cursor(value: str) -> uuid.UUID:
    if len(value) != 32:
        raise ValueError("take it from next as it came.")
    return uuid.UUID(value)


_READERS: dict[str, Callable[[str], Any]] = {
    "request_id": _request_id,
    "to": _number,
    "status": _status,
    "limit": _limit,
    "cursor": _cursor,
}


# --- the answer -----------------------------------------------------------------------


def message_json(message: Message) -> JsonObject:
    attempts = sorted(message.attempts.all(), key=lambda attempt: attempt.number)
    reports = sorted(message.reports.all(), key=lambda report: report.pk)
    asked = attempts[-1].provider if attempts else message.provider
    version = message.template_version
    return {
        "id": str(message.id),
        "request_id": message.request_id,
        "from": message.sender,
        "to": message.to,
        "text": None if message.is_otp else message.text,
        "is_otp": message.is_otp,
        "status": message.status,
        "provider": asked and asked.slug,
        "template": version and version.template.name,
        "template_version": version and version.number,
        "parameters": None if message.is_otp else message.parameters,
        "encoding": message.encoding,
        "segments": message.segments,
        "created_at": when(message.created_at),
        "updated_at": when(message.updated_at),
        "attempts": [attempt_json(attempt) for attempt in attempts],
        "reports": [report_json(report) for report in reports],
    }


def attempt_json(attempt: Attempt) -> JsonObject:
    return {
        "id": str(attempt.id),
        "provider": attempt.provider.slug,
        "outcome": attempt.outcome,
        "code": attempt.code,
        "detail": attempt.detail,
        "vendor_message_id": attempt.vendor_message_id,
        "started_at": when(attempt.started_at),
        "finished_at": when(attempt.finished_at),
    }


def report_json(report: DeliveryReport) -> JsonObject:
    return {
        "provider": report.provider.slug,
        "status": report.status,
        "code": report.code,
        "detail": report.detail,
        "received_at": when(report.received_at),
        "applied": report.applied,
    }


def when(time: datetime | None) -> str | None:
    """RFC 3339, UTC, with Z."""
    return time and time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
