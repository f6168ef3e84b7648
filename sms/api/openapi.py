"""The OpenAPI description of the endpoints for clients, made from the tables that the endpoints use."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

from sms.domain.codes import TABLE, VERSION_HEADER, Code
from sms.domain.lifecycle import Outcome, Status
from sms.domain.quality.client_outcomes import ClientOutcome
from sms.domain.text import Encoding

from .fields import MAX_CHARS
from .request_ids import HEADER

Json = dict[str, Any]

JSON = "application/json"
TIME = {"type": "string", "format": "date-time"}
UUID = {"type": "string", "format": "uuid"}
TEXT = {"type": "string"}
OUTCOME = {"type": "string", "enum": [*map(str, ClientOutcome)]}


def reference(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def nullable(schema: Json) -> Json:
    return {**schema, "type": [schema["type"], "null"]}


def closed(properties: Json) -> Json:
    """An object with exactly these properties."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


SCHEMAS: Json = {
    "SendSms": {
        "type": "object",
        "required": ["from", "to", "text"],
        "properties": {
            "from": {"type": "string", "maxLength": MAX_CHARS["from"], "description": "A sender name set up for you."},
            "to": {"type": "string", "pattern": r"^\+[0-9]{7,15}$", "description": "The number in E.164 form."},
            "text": {
                "type": "string",
                "minLength": 1,
                "description": f"At most {MAX_CHARS['text']:,} characters. /n stands for a new line, but not in "
                "links, dates and units.",
            },
            "isOtp": {
                "type": ["boolean", "null"],
                "default": False,
                "description": "A one-time password: sent first. null counts as false.",
            },
        },
    },
    "Outcome": {
        "type": "object",
        "required": ["outcome"],
        "properties": {"outcome": OUTCOME},
    },
    "KeptOutcome": closed({"id": UUID, "outcome": OUTCOME, "reported_at": TIME}),
    "Errors": closed(
        {
            "errors": {
                "type": "array",
                "minItems": 1,
                "items": closed(
                    {
                        "code": {"type": "string", "enum": [code.name for code in TABLE]},
                        "field": {"type": "string", "description": "Empty where no field is to blame."},
                        "message": {"type": "string", "description": "For people; it may change."},
                    }
                ),
            }
        }
    ),
    "Attempt": closed(
        {
            "id": UUID,
            "provider": TEXT,
            "outcome": {"type": ["string", "null"], "enum": [*map(str, Outcome), None]},
            "code": TEXT,
            "detail": TEXT,
            "vendor_message_id": TEXT,
            "started_at": TIME,
            "finished_at": nullable(TIME),
        }
    ),
    "Report": closed(
        {
            "provider": TEXT,
            "status": {"type": "string", "enum": ["sent", "delivered", "undelivered", "unknown"]},
            "code": TEXT,
            "detail": TEXT,
            "received_at": TIME,
            "applied": {"type": "boolean"},
        }
    ),
    "Message": closed(
        {
            "id": UUID,
            "request_id": TEXT,
            "from": TEXT,
            "to": TEXT,
            "text": {**nullable(TEXT), "description": "Null for an OTP, and once it is erased."},
            "is_otp": {"type": "boolean"},
            "status": {"type": "string", "enum": [*map(str, Status)]},
            "provider": nullable(TEXT),
            "template": nullable(TEXT),
            "template_version": {"type": ["integer", "null"], "minimum": 1},
            "parameters": {"type": ["object", "null"], "additionalProperties": TEXT},
            "encoding": {"type": "string", "enum": [*map(str, Encoding)]},
            "segments": {"type": "integer", "minimum": 1},
            "created_at": TIME,
            "updated_at": TIME,
            "attempts": {"type": "array", "items": reference("Attempt")},
            "reports": {"type": "array", "items": reference("Report")},
        }
    ),
    "Messages": closed(
        {
            "results": {"type": "array", "items": reference("Message")},
            "next": {**nullable(TEXT), "description": "The cursor of the next page."},
        }
    ),
}

ALWAYS = ("bad_request", "unauthorized", "request_timeout", "uri_too_long", "expectation_failed")
ALWAYS += ("headers_too_large", "internal_error", "unavailable")
"""The codes that any call may get."""


def errors(*names: str) -> Json:
    """The error responses of an endpoint, by status, with the codes of each."""
    wanted = {*names, *ALWAYS}
    by_status: dict[int, list[Code]] = {}
    for code in TABLE:
        if code.name in wanted:
            by_status.setdefault(code.status, []).append(code)
    return {(status, JSON): _error(codes) for status, codes in by_status.items()}


def _error(codes: list[Code]) -> OpenApiResponse:
    description = "\n".join(f"- `{code.name}`: {code.message} {code.action}" for code in codes)
    examples = [
        OpenApiExample(code.name, value={"errors": [{"code": code.name, "field": field, "message": code.message}]})
        for code in codes
        for field in code.fields[:1]
    ]
    return OpenApiResponse(reference("Errors"), description=description, examples=examples)


def header(name: str, description: str) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.STR, OpenApiParameter.HEADER, description=description)


def query(name: str, schema: Json, description: str) -> OpenApiParameter:
    return OpenApiParameter(name, schema, OpenApiParameter.QUERY, description=description)


REQUEST_ID = header(HEADER, "Ties the call, its message and its log lines together; comes back in the answer.")
SEND = [name for code in TABLE if (name := code.name) not in ("invalid_parameter", "forbidden", "not_found")]

SEND_SMS: Json = {
    "operation_id": "send_sms",
    "summary": "Send an SMS",
    "description": "201 once the message is stored. The same call again within 24 hours (same request id, same four "
    "values) is 201 again and stored once. Keys that we don't know are ignored.",
    "request": {JSON: reference("SendSms")},
    "parameters": [REQUEST_ID, header(VERSION_HEADER, "The version of the Akinon API.")],
    "responses": {201: OpenApiResponse(description="Stored; there is no body."), **errors(*SEND)},
    "tags": ["messages"],
}
LIST: Json = {
    "operation_id": "list_messages",
    "summary": "Your messages, newest first",
    "description": "Only those of the caller.",
    "parameters": [
        REQUEST_ID,
        query("request_id", {"type": "string", "minLength": 1}, "Messages of this request id."),
        query("to", {"type": "string", "pattern": r"^\+?[0-9]{7,15}$"}, "Messages to this number, with + or without."),
        query("status", {"type": "string", "enum": [*map(str, Status)]}, "Messages in this state."),
        query("limit", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}, "Messages on a page."),
        query("cursor", TEXT, "The next of the page before, as it came."),
    ],
    "responses": {(200, JSON): reference("Messages"), **errors("invalid_parameter", "forbidden")},
    "tags": ["messages"],
}
DETAIL: Json = {
    "operation_id": "get_message",
    "summary": "One message",
    "description": "404 for another client's message, too.",
    "parameters": [REQUEST_ID, OpenApiParameter("id", OpenApiTypes.UUID, OpenApiParameter.PATH)],
    "responses": {(200, JSON): reference("Message"), **errors("forbidden", "not_found")},
    "tags": ["messages"],
}
_OUTCOME_CODES = ("malformed_json", "required", "invalid_type", "invalid_parameter", "forbidden")
_OUTCOME_CODES += ("not_found", "payload_too_large", "unsupported_media_type")
_OUTCOME: Json = {
    "description": "The answer has the outcome that is kept: of several that you report, the last one in the order "
    "not_received, used, unsubscribed. So the same call again is the same answer. It changes no status, sends nothing, "
    "and blocks no number.",
    "request": {JSON: reference("Outcome")},
    "tags": ["messages"],
}
OUTCOME_BY_ID: Json = {
    **_OUTCOME,
    "operation_id": "report_outcome",
    "summary": "Report what became of a message",
    "parameters": DETAIL["parameters"],
    "responses": {(200, JSON): reference("KeptOutcome"), **errors(*_OUTCOME_CODES)},
}
OUTCOME_BY_REQUEST_ID: Json = {
    **_OUTCOME,
    "operation_id": "report_outcome_by_request_id",
    "summary": "Report what became of a message, by its request id",
    "parameters": [
        REQUEST_ID,
        query("request_id", {"type": "string", "minLength": 1}, "The request id of exactly one message."),
    ],
    "responses": {(200, JSON): reference("KeptOutcome"), **errors(*_OUTCOME_CODES)},
}


class Basic(OpenApiAuthenticationExtension):
    target_class = "sms.api.authentication.BasicAuthentication"
    name = "basic"

    def get_security_definition(self, auto_schema: Any) -> Json:
        return {"type": "http", "scheme": "basic"}


def without_trailing_slashes(endpoints: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Leaves out the second form of each path, with a slash at its end."""
    return [endpoint for endpoint in endpoints if not endpoint[0].endswith("/")]


def with_schemas(result: Json, **_: Any) -> Json:
    result.setdefault("components", {})["schemas"] = SCHEMAS
    return result
