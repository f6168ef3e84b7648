"""The error codes of the API. Responses, documents and the OpenAPI schema are generated from this table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from providers.marking import N_

ANY_FIELD = ("from", "to", "text", "isOtp")
"""The fields of POST /send-sms, in the order in which errors list them."""
VERSION_HEADER = "x-akinon-api-version"


@dataclass(frozen=True, slots=True)
class Code:
    """One error code.

    `fields` lists the possible values of `field`: "" if the error concerns no field, "<query>" for the name of a query
    parameter. `message` is for people and is the default message of the response. `action` says what the client should
    do, `example` what causes the error.
    """

    name: str
    status: int
    fields: tuple[str, ...]
    message: str
    action: str
    example: str


NOWHERE = ("",)

TABLE: tuple[Code, ...] = (
    Code(
        "malformed_json",
        400,
        NOWHERE,
        N_("The body is not a JSON object in UTF-8."),
        N_("Correct the body: one JSON object in UTF-8, each key once, no NaN or Infinity, at most 32 levels deep."),
        '{"from": "AKINON",',
    ),
    Code(
        "required",
        400,
        ("from", "to", "text", "outcome"),
        N_("This field is missing."),
        N_("Send the field with a value other than null."),
        '{"from": "AKINON", "to": "+994501234567"}',
    ),
    Code(
        "invalid_type",
        400,
        (*ANY_FIELD, "outcome"),
        N_("This field has the wrong JSON type."),
        N_("Send from, to, text and outcome as strings, isOtp as true or false."),
        '"isOtp": "yes"',
    ),
    Code(
        "blank",
        400,
        ("from", "to", "text"),
        N_("This field is blank."),
        N_("Send at least one character that is not white space."),
        '"text": "/n"',
    ),
    Code(
        "invalid_characters",
        400,
        ("from", "to", "text"),
        N_("This field contains a control character."),
        N_("Remove control characters; text may contain new lines and tabs. Remove bidi controls from from, too."),
        r'"from": "AKI\u0000NON"',
    ),
    Code(
        "too_long",
        400,
        ("from", "text"),
        N_("This field is too long."),
        N_("Shorten text to 1,600 characters, from to 64."),
        '"from": 65 characters',
    ),
    Code(
        "invalid_phone_number",
        400,
        ("to",),
        N_("This is not a phone number in E.164 form."),
        N_("Send + and 7 to 15 digits, country code first, such as +994501234567."),
        '"to": "0501234567"',
    ),
    Code(
        "unsupported_api_version",
        400,
        (VERSION_HEADER,),
        N_("This API version is not supported."),
        N_("Send a supported version in the header x-akinon-api-version."),
        "x-akinon-api-version: 1, where only 2 is served",
    ),
    Code(
        "bad_request",
        400,
        NOWHERE,
        N_("The request is not valid, or it was sent to the wrong host."),
        N_("Send HTTP/1.1 to the host name of the endpoint, with https if its URL begins with https."),
        "Host: another.example",
    ),
    Code(
        "invalid_parameter",
        400,
        ("<query>", "outcome"),
        N_("The value of this parameter is not valid."),
        N_("Correct the parameter that field names."),
        "GET /messages?limit=0",
    ),
    Code(
        "unauthorized",
        401,
        NOWHERE,
        N_("The credentials are missing or wrong."),
        N_("Send valid Basic credentials."),
        "no Authorization header",
    ),
    Code(
        "forbidden",
        403,
        NOWHERE,
        N_("You are not allowed to use this."),
        N_("Ask us for access."),
        "GET /metrics from another network",
    ),
    Code(
        "not_found",
        404,
        NOWHERE,
        N_("There is nothing at this URL."),
        N_("Correct the URL."),
        "POST /send-mms",
    ),
    Code(
        "method_not_allowed",
        405,
        NOWHERE,
        N_("This URL does not support this method."),
        N_("Use a method that the header Allow lists."),
        "GET /send-sms",
    ),
    Code(
        "request_timeout",
        408,
        NOWHERE,
        N_("The request was not received completely in time."),
        N_("Send the request again, completely within 10 seconds."),
        "half a body, then silence",
    ),
    Code(
        "payload_too_large",
        413,
        NOWHERE,
        N_("The body is over 64 KiB."),
        N_("Send a smaller body."),
        "a body of 65,537 bytes",
    ),
    Code(
        "uri_too_long",
        414,
        NOWHERE,
        N_("The URL is too long."),
        N_("Send a shorter URL."),
        "GET /messages?request_id= and 10,000 characters",
    ),
    Code(
        "unsupported_media_type",
        415,
        NOWHERE,
        N_("The content type is not JSON in UTF-8."),
        N_("Send Content-Type: application/json, with or without charset=utf-8."),
        "Content-Type: text/xml",
    ),
    Code(
        "expectation_failed",
        417,
        NOWHERE,
        N_("The expectation can't be met."),
        N_("Send no Expect header, or Expect: 100-continue."),
        "Expect: 200-ok",
    ),
    Code(
        "headers_too_large",
        431,
        NOWHERE,
        N_("The headers are too large."),
        N_("Send fewer and shorter headers."),
        "a header of 10,000 characters",
    ),
    Code(
        "unknown_sender",
        422,
        ("from",),
        N_("This sender name is not set up for you."),
        N_("Use a sender name that is set up for you, in the same letter case."),
        '"from": "akinon", where AKINON is set up',
    ),
    Code(
        "recipient_blocked",
        422,
        ("to",),
        N_("This number does not want messages."),
        N_("Don't send to this number again."),
        '"to": a number on the block list',
    ),
    Code(
        "destination_not_allowed",
        422,
        ("to",),
        N_("Messages to this country, or to numbers of this type, are not allowed."),
        N_("Ask us to open the country, or send to a number of another type."),
        '"to": a number in a country that is not open, or a premium number',
    ),
    Code(
        "no_route",
        422,
        ("to",),
        N_("No enabled provider serves this destination."),
        N_("Ask us to set up a route for this destination."),
        '"to": a number in a country without a route',
    ),
    Code(
        "sender_not_approved",
        422,
        ("from",),
        N_("No provider for this destination has approved this sender name."),
        N_("Wait for the approval, or use another sender name."),
        '"from": a sender name whose approval is pending',
    ),
    Code(
        "template_not_matched",
        422,
        ("text",),
        N_("No template that is approved for this destination matches this text exactly."),
        N_("Send a text that matches an approved template, or ask us to have a template approved."),
        '"text": a text with one word changed',
    ),
    Code(
        "template_ambiguous",
        422,
        ("text",),
        N_("Two templates match this text equally well."),
        N_("Ask us to change one of the two templates."),
        '"text": a text that two templates match',
    ),
    Code(
        "text_too_long",
        422,
        ("text",),
        N_("The text is too long for every remaining provider."),
        N_("Shorten the text."),
        '"text": 161 characters, where the vendor accepts 160',
    ),
    Code(
        "rate_limited",
        429,
        ("", "to"),
        N_("Too many messages were sent in this period."),
        N_("Send again after the number of seconds in the header Retry-After."),
        "a sixth OTP to one number within 10 minutes",
    ),
    Code(
        "internal_error",
        500,
        NOWHERE,
        N_("An internal error."),
        N_("Send again later with the same request id. If it fails again, give us the request id."),
        "an internal error",
    ),
    Code(
        "unavailable",
        503,
        ("", "database", "migrations"),
        N_("The message can't be accepted at the moment."),
        N_(
            "Send again with the same request id after the number of seconds in the header Retry-After. It is never "
            "stored twice."
        ),
        "the database restarts",
    ),
)

BY_NAME: Mapping[str, Code] = {code.name: code for code in TABLE}


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of an error response. An empty `message` means the table's message."""

    code: str
    field: str = ""
    message: str = ""

    @property
    def words(self) -> str:
        return self.message or BY_NAME[self.code].message


class Refusal(Exception):
    """A rejected request with its errors. The first one decides the HTTP status."""

    def __init__(self, *faults: Fault, retry_after: int | None = None) -> None:
        super().__init__(", ".join(f"{fault.code} {fault.field}".strip() for fault in faults))
        self.faults = faults
        self.retry_after = retry_after

    @property
    def code(self) -> Code:
        return BY_NAME[self.faults[0].code]


def refuse(code: str, field: str = "", message: str = "", *, retry_after: int | None = None) -> Refusal:
    """A rejection with one error, to be raised."""
    return Refusal(Fault(code, field, message), retry_after=retry_after)


def as_json(faults: Sequence[Fault]) -> dict[str, list[dict[str, str]]]:
    """The body of every error response (Akinon's document: "Response Body For Errors")."""
    return {"errors": [{"code": f.code, "field": f.field, "message": f.words} for f in faults]}
