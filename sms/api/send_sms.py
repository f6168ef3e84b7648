"""POST /send-sms (Akinon's document, "SMS Flows")."""

from __future__ import annotations

from email.message import Message

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from sms.domain.codes import refuse
from sms.services.intake import accept
from sms.services.intake.accept import SendRequest

from . import fields, openapi, request_body, strict_json
from .errors import empty_response
from .views import ClientView


class SendSms(ClientView):
    methods = ("POST",)

    @extend_schema(**openapi.SEND_SMS)
    def post(self, request: Request) -> HttpResponse:
        accept.accept(self._call(request))
        return empty_response(201)

    def _call(self, request: Request) -> SendRequest:
        body = request_body.read_body(request._request)
        check_content_type(request.META.get("CONTENT_TYPE", ""))
        self.values = values = strict_json.parse_object(body)
        version = request.META.get("HTTP_X_AKINON_API_VERSION", "")
        return SendRequest(
            client=request.user,
            request_id=request.request_id.value,
            may_repeat=request.request_id.given,
            api_version=version,
            fields=fields.parse_fields(values, escape=request.user.newline_escape, version=version),
        )


def check_content_type(header: str) -> None:
    """Accepts `application/json` or no type, and no charset but UTF-8. Other parameters are ignored."""
    if header in ("", "application/json"):
        return
    message = Message()
    message["content-type"] = header
    (media_type, _), *parameters = message.get_params([("", "")])
    charsets = [str(value).lower() for name, value in parameters if name == "charset"]
    if media_type.lower() not in ("", "application/json") or any(c not in ("utf-8", "utf8") for c in charsets):
        raise refuse("unsupported_media_type")
