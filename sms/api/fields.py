"""Validates the four fields of POST /send-sms by one table of checks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.conf import settings

from sms.domain import phone
from sms.domain.codes import VERSION_HEADER, Fault, Refusal
from sms.domain.newline_escape import Escape, normalise
from sms.domain.text import escaped, forbidden_in_sender, forbidden_in_text
from sms.services.intake.accept import Fields

MAX_CHARS = {"from": 64, "text": 1600}
"""Of `text` after `/n` has become new lines."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

Check = Callable[[str], "str | None"]
"""Returns what is wrong with a string, or None."""


def parse_fields(values: Mapping[str, Any], *, escape: Escape, version: str) -> Fields:
    """The validated fields of a body. Raises Refusal with the first fault of each field, and the version's."""
    raw_text = values.get("text")
    text = normalise(raw_text, escape) if isinstance(raw_text, str) else raw_text
    found = {"from": values.get("from"), "to": values.get("to"), "text": text}
    given_is_otp = values.get("isOtp")
    is_otp = False if given_is_otp is None else given_is_otp  # null counts as absent
    faults = [fault for fault in _faults(found, is_otp, version) if fault]
    if faults:
        raise Refusal(*faults)
    return Fields(found["from"], found["to"], raw_text, text, is_otp)


def _faults(strings: Mapping[str, Any], is_otp: Any, version: str) -> Iterator[Fault | None]:
    for field, value in strings.items():
        yield _string_fault(field, value)
    if not isinstance(is_otp, bool):
        yield Fault("invalid_type", "isOtp", f"isOtp must be true or false, not {json_type(is_otp)}.")
    yield _version_fault(version)


def _string_fault(field: str, value: Any) -> Fault | None:
    """The first fault that applies, in the order of the interface's table."""
    if value is None:
        return Fault("required", field, f"{field} is missing.")
    if not isinstance(value, str):
        return Fault("invalid_type", field, f"{field} must be a string, not {json_type(value)}.")
    for code, check in _CHECKS[field]:
        message = check(value)
        if message is not None:
            return Fault(code, field, message)
    return None


def _version_fault(version: str) -> Fault | None:
    if not settings.API_VERSIONS or version in settings.API_VERSIONS:
        return None
    served = ", ".join(settings.API_VERSIONS)
    return Fault("unsupported_api_version", VERSION_HEADER, f"Served here: {served}.")


def json_type(value: Any) -> str:
    kind = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "an array", dict: "an object"}
    return kind.get(type(value), "null")


# --- the checks of a string ------------------------------------------------------------


def _blank(field: str) -> Check:
    return lambda value: None if value.strip() else f"{field} is blank."


def _forbidden(field: str, find: Check) -> Check:
    def check(value: str) -> str | None:
        found = find(value)
        return None if found is None else f"{field} holds the control character {escaped(found)}."

    return check


def _control(value: str) -> str | None:
    found = _CONTROL.search(value)
    return found[0] if found else None


def _too_long(field: str) -> Check:
    most = MAX_CHARS[field]
    return lambda value: (
        None if len(value) <= most else f"{field} has {len(value):,} characters; at most {most:,} are accepted."
    )


def _phone_problem(value: str) -> str | None:
    try:
        phone.parse(value)
    except phone.PhoneError as error:
        return str(error)
    return None


_CHECKS: Mapping[str, tuple[tuple[str, Check], ...]] = {
    "from": (
        ("blank", _blank("from")),
        ("invalid_characters", _forbidden("from", forbidden_in_sender)),
        ("too_long", _too_long("from")),
    ),
    "to": (
        ("blank", _blank("to")),
        ("invalid_characters", _forbidden("to", _control)),
        ("invalid_phone_number", _phone_problem),
    ),
    "text": (
        ("blank", _blank("text")),
        ("invalid_characters", _forbidden("text", forbidden_in_text)),
        ("too_long", _too_long("text")),
    ),
}
