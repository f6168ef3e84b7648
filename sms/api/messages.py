"""GET /messages: the states of a client's messages."""

from __future__ import annotations

import re
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

MAX_LIMIT = 200
DEFAULT_LIMIT = 50

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
        limit = query.pop("limit", DEFAULT_LIMIT)
        rows = queries.newest_messages(request.user.id, limit=limit + 1, before=query.pop("cursor", None), **query)
        page = rows[:limit]
        next_cursor = page[-1].id.hex if len(rows) > limit else None
        return JsonResponse({"results": [message_json(message) for message in page], "next": next_cursor})


class MessageDetail(MessageView):
    @extend_schema(**openapi.DETAIL)
    def get(self, request: Request, id: uuid.UUID) -> HttpResponse:
        message = queries.find_message(request.user.id, id)
        if message is None:
            raise Http404
        return JsonResponse(message_json(message))


# --- the query ------------------------------------------------------------------------


def parameters(query: QueryDict) -> JsonObject:
    """The known parameters, parsed; others are ignored. Raises Refusal (invalid_parameter)."""
    return {name: parameter(name, query.getlist(name)) for name in _PARSERS if name in query}


def parameter(name: str, values: list[str]) -> Any:
    if len(values) > 1:
        raise refuse("invalid_parameter", name, f"{name} is given more than once.")
    try:
        return _PARSERS[name](values[0])
    except ValueError as error:
        raise refuse("invalid_parameter", name, f"{name}: {error}") from error


def _request_id(value: str) -> str:
    if not value:
        raise ValueError("it is empty.")
    return request_ids.storable(value)


def _number(value: str) -> str:
    """With or without `+`, which arrives as a space where it was not escaped."""
    found = parse_loose(value)
    if found is None:
        raise ValueError("write an international number such as %2B994501234567 or 994501234567.")
    return found


def _status(value: str) -> str:
    if value not in Status.__members__.values():
        raise ValueError(f"the statuses are {', '.join(Status)}.")
    return value


def _limit(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= 3 and 1 <= int(value) <= MAX_LIMIT):
        raise ValueError(f"write a number from 1 to {MAX_LIMIT}.")
    return int(value)


def _cursor(value: str) -> uuid.UUID:
    if not re.fullmatch("[0-9a-f]{32}", value):
        raise ValueError("take it from next as it came.")
    return uuid.UUID(value)


_PARSERS: dict[str, Callable[[str], Any]] = {
    "request_id": _request_id,
    "to": _number,
    "status": _status,
    "limit": _limit,
    "cursor": _cursor,
}


# --- the response ---------------------------------------------------------------------


def message_json(message: Message) -> JsonObject:
    attempts = sorted(message.attempts.all(), key=lambda attempt: attempt.number)
    reports = sorted(message.reports.all(), key=lambda report: report.pk)
    provider = attempts[-1].provider if attempts else message.provider
    version = message.template_version
    return {
        "id": str(message.id),
        "request_id": message.request_id,
        "from": message.sender,
        "to": message.to,
        "text": None if message.is_otp else message.text,
        "is_otp": message.is_otp,
        "status": message.status,
        "provider": provider and provider.slug,
        "template": version and version.template.name,
        "template_version": version and version.number,
        "parameters": None if message.is_otp else message.parameters,
        "encoding": message.encoding,
        "segments": message.segments,
        "created_at": as_rfc3339(message.created_at),
        "updated_at": as_rfc3339(message.updated_at),
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
        "started_at": as_rfc3339(attempt.started_at),
        "finished_at": as_rfc3339(attempt.finished_at),
    }


def report_json(report: DeliveryReport) -> JsonObject:
    return {
        "provider": report.provider.slug,
        "status": report.status,
        "code": report.code,
        "detail": report.detail,
        "received_at": as_rfc3339(report.received_at),
        "applied": report.applied,
    }


def as_rfc3339(time: datetime | None) -> str | None:
    """RFC 3339, UTC, with Z."""
    return time and time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
