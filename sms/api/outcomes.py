"""POST /messages/<id>/outcome and POST /messages/outcome?request_id=…: what became of a message, as the client says."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import IntegrityError
from django.http import Http404, HttpResponse, JsonResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from sms.domain.codes import refuse
from sms.domain.quality.client_outcomes import ClientOutcome
from sms.models import MessageOutcome
from sms.services.intake import client_outcomes

from . import openapi, request_body, strict_json
from .fields import json_type
from .messages import MessageView, as_rfc3339, parameter
from .send_sms import check_content_type


class OutcomeView(MessageView):
    methods = ("POST",)

    def record(self, request: Request, **by: Any) -> HttpResponse:
        body = request_body.read_body(request._request)
        check_content_type(request.META.get("CONTENT_TYPE", ""))
        outcome = parse_outcome(strict_json.parse_object(body).get("outcome"))
        try:
            kept = client_outcomes.record(self._message(request.user.id, **by), outcome)
        except (IntegrityError, MessageOutcome.DoesNotExist):  # the message was deleted in the meantime
            raise Http404 from None
        return JsonResponse({"id": str(kept.message_id), "outcome": kept.outcome, "reported_at": as_rfc3339(kept.at)})

    def _message(self, client: int, **by: Any) -> uuid.UUID:
        if "request_id" in by:
            by["request_id"] = parameter("request_id", by["request_id"])
        found = client_outcomes.find(client, **by)
        if not found:
            raise Http404
        if len(found) > 1:
            message = "Several messages have this request id: use POST /messages/<id>/outcome."
            raise refuse("invalid_parameter", "request_id", message)
        return found[0]


class OutcomeById(OutcomeView):
    @extend_schema(**openapi.OUTCOME_BY_ID)
    def post(self, request: Request, id: uuid.UUID) -> HttpResponse:
        return self.record(request, id=id)


class OutcomeByRequestId(OutcomeView):
    @extend_schema(**openapi.OUTCOME_BY_REQUEST_ID)
    def post(self, request: Request) -> HttpResponse:
        return self.record(request, request_id=request._request.GET.getlist("request_id") or [""])


def parse_outcome(value: Any) -> ClientOutcome:
    """Raises Refusal."""
    if value is None:
        raise refuse("required", "outcome", "outcome is missing.")
    if not isinstance(value, str):
        raise refuse("invalid_type", "outcome", f"outcome must be a string, not {json_type(value)}.")
    if value not in ClientOutcome.__members__.values():
        raise refuse("invalid_parameter", "outcome", f"outcome must be one of {', '.join(ClientOutcome)}.")
    return ClientOutcome(value)
