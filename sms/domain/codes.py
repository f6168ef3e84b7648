"""The error codes of the product's doors: the one table that answers, documents and the schema derive from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

ANY_FIELD = ("from", "to", "text", "isOtp")
"""The fields of POST /send-sms, in the order in which their faults are listed."""
VERSION_HEADER = "x-akinon-api-version"


@dataclass(frozen=True, slots=True)
class Code:
    """One error code.

    `fields`: what `field` may hold ("" where no field is to blame, "<query>" for a query parameter's name).
    `message` is for people, and stands in the answer where nothing more exact is known; `action` says what the caller
    should do, `example` what brings the code about.
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
        "The body is not a JSON object in UTF-8.",
        "Mend the body: one JSON object in UTF-8, each key once, no NaN or Infinity, at most 32 levels deep.",
        '{"from": "AKINON",',
    ),
    Code(
        "required",
        400,
        ("from", "to", "text"),
        "This field is missing.",
        "Send the field with a value other than null.",
        '{"from": "AKINON", "to": "+994501234567"}',
    ),
    Code(
        "invalid_type",
        400,
        ANY_FIELD,
        "This field has the wrong JSON type.",
        "Send from, to and text as strings, isOtp as true or false.",
        '"isOtp": "yes"',
    ),
    Code(
        "blank",
        400,
        ("from", "to", "text"),
        "This field is blank.",
        "Send at least one character that is not white space.",
        '"text": "/n"',
    ),
    Code(
        "invalid_characters",
        400,
        ("from", "to", "text"),
        "This field holds a control character.",
        "Take control characters out; in text, new line and tab may stay. In from, take bidi controls out too.",
        r'"from": "AKI\u0000NON"',
    ),
    Code(
        "too_long",
        400,
        ("from", "text"),
        "This field is too long.",
        "Shorten text to 1,600 characters, from to 64.",
        '"from": 65 characters',
    ),
    Code(
        "invalid_phone_number",
        400,
        ("to",),
        "This is not a phone number in E.164 form.",
        "Send + and 7 to 15 digits, country code first, such as +994501234567.",
        '"to": "0501234567"',
    ),
    Code(
        "unsupported_api_version",
        400,
        (VERSION_HEADER,),
        "This API version is not served here.",
        "Send a version that we agreed on in the header x-akinon-api-version.",
        "x-akinon-api-version: 1, where only 2 is served",
    ),
    Code(
        "bad_request",
        400,
        NOWHERE,
        "The request can't be read, or it came to the wrong address.",
        "Send plain HTTP/1.1 to the host name that we gave you, over https where our address is https.",
        "Host: another.example",
    ),
    Code(
        "invalid_parameter",
        400,
        ("<query>",),
        "This query parameter has a value that can't be taken.",
        "Mend the parameter that field names.",
        "GET /messages?limit=0",
    ),
    Code(
        "unauthorized",
        401,
        NOWHERE,
        "The credentials are missing or wrong.",
        "Send Basic credentials that are valid now.",
        "no Authorization header",
    ),
    Code(
        "forbidden",
        403,
        NOWHERE,
        "This is not open to you.",
        "Ask us for access.",
        "GET /metrics from another network",
    ),
    Code(
        "not_found",
        404,
        NOWHERE,
        "There is nothing at this address.",
        "Mend the address.",
        "POST /send-mms",
    ),
    Code(
        "method_not_allowed",
        405,
        NOWHERE,
        "This address does not take this method.",
        "Use a method that the header Allow names.",
        "GET /send-sms",
    ),
    Code(
        "request_timeout",
        408,
        NOWHERE,
        "The request did not arrive whole in time.",
        "Send the whole request within 10 seconds; send it again.",
        "half a body, then silence",
    ),
    Code(
        "payload_too_large",
        413,
        NOWHERE,
        "The body is over 64 KiB.",
        "Send a smaller body.",
        "a body of 65,537 bytes",
    ),
    Code(
        "uri_too_long",
        414,
        NOWHERE,
        "The address is too long.",
        "Send a shorter address.",
        "GET /messages?request_id= and 10,000 characters",
    ),
    Code(
        "unsupported_media_type",
        415,
        NOWHERE,
        "The content type is not JSON in UTF-8.",
        "Send Content-Type: application/json, or with charset=utf-8.",
        "Content-Type: text/xml",
    ),
    Code(
        "expectation_failed",
        417,
        NOWHERE,
        "The expectation can't be met.",
        "Send no Expect header, or Expect: 100-continue.",
        "Expect: 200-ok",
    ),
    Code(
        "headers_too_large",
        431,
        NOWHERE,
        "The headers are too large.",
        "Send fewer and shorter headers.",
        "a header of 10,000 characters",
    ),
    Code(
        "unknown_sender",
        422,
        ("from",),
        "This sender name is not set up for you.",
        "Use a sender name that we set up for you, letter case included.",
        '"from": "akinon", where AKINON is set up',
    ),
    Code(
        "recipient_blocked",
        422,
        ("to",),
        "This number does not want messages.",
        "Don't send to this number again.",
        '"to": a number on the block list',
    ),
    Code(
        "destination_not_allowed",
        422,
        ("to",),
        "Messages to this country, or to numbers of this type, are not allowed.",
        "Ask us to open the country, or send to a number of another type.",
        '"to": a number in a country that is not open, or a premium number',
    ),
    Code(
        "no_route",
        422,
        ("to",),
        "No enabled provider serves this destination.",
        "Ask us to set up a route for this destination.",
        '"to": a number in a country without a route',
    ),
    Code(
        "sender_not_approved",
        422,
        ("from",),
        "No provider for this destination has approved this sender name.",
        "Wait for the approval, or use another sender name.",
        '"from": a sender name whose approval is pending',
    ),
    Code(
        "template_not_matched",
        422,
        ("text",),
        "No template that is approved for this destination gives exactly this text.",
        "Send a text that an approved template gives, or ask us to have one approved.",
        '"text": a text with one word changed',
    ),
    Code(
        "template_ambiguous",
        422,
        ("text",),
        "Two templates give this text equally well.",
        "Ask us to tell the two templates apart.",
        '"text": a text that two templates give',
    ),
    Code(
        "text_too_long",
        422,
        ("text",),
        "Every provider that is left refuses a text this long.",
        "Shorten the text.",
        '"text": 161 characters, where the vendor takes 160',
    ),
    Code(
        "rate_limited",
        429,
        ("", "to"),
        "There were too many messages in this time.",
        "Send again after the seconds that the header Retry-After names.",
        "a sixth OTP to one number within 10 minutes",
    ),
    Code(
        "internal_error",
        500,
        NOWHERE,
        "A fault of ours.",
        "Send again later with the same request id; give us the request id.",
        "a fault of ours",
    ),
    Code(
        "unavailable",
        503,
        ("", "database", "migrations"),
        "The message can't be taken just now.",
        "Send again with the same request id after the seconds that the header Retry-After names: it is never "
        "stored twice.",
        "the database restarts",
    ),
)

BY_NAME: Mapping[str, Code] = {code.name: code for code in TABLE}


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of an error answer. An empty `message` stands for the table's."""

    code: str
    field: str = ""
    message: str = ""

    @property
    def words(self) -> str:
        return self.message or BY_NAME[self.code].message


class Refusal(Exception):
    """A call that is not accepted: its faults, first the one that decides the status."""

    def __init__(self, *faults: Fault, retry_after: int | None = None) -> None:
        super().__init__(", ".join(f"{fault.code} {fault.field}".strip() for fault in faults))
        self.faults = faults
        self.retry_after = retry_after

    @property
    def code(self) -> Code:
        return BY_NAME[self.faults[0].code]


def refuse(code: str, field: str = "", message: str = "", *, retry_after: int | None = None) -> Refusal:
    """A refusal with one fault, to be raised."""
    return Refusal(Fault(code, field, message), retry_after=retry_after)


def as_json(faults: Sequence[Fault]) -> dict[str, list[dict[str, str]]]:
    """The body of every error answer (seeds: "Response Body For Errors")."""
    return {"errors": [{"code": f.code, "field": f.field, "message": f.words} for f in faults]}
