"""Classifies a vendor's response by the vendor's own code, or without one by the HTTP status."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from providers.marking import N_

from .base import Failure, HttpResponse, JsonObject, ProviderError, failed
from .content import decoded_text

Codes = Mapping[str, tuple[Failure, str]]
"""Each code of a vendor with its class of failure and our explanation."""


_PADDING = "\0\ufeff \t\r\n"
"""Characters that are ignored before and after a response's text or JSON object."""


def text_of(response: HttpResponse) -> str:
    """The response's text without padding."""
    return decoded_text(response).strip(_PADDING)


def json_object(response: HttpResponse, key: Callable[[str], str] = str) -> JsonObject | None:
    """The response's JSON object, with `key` applied to its names; None if it contains none.

    Raises Unconfirmed if one name has two values, because it can't be known which of them the vendor means.
    """
    try:
        value = json.loads(text_of(response), object_pairs_hook=_Object, strict=False)
    except (ValueError, RecursionError):
        return None
    return _merged((key(name), each) for name, each in value.pairs) if isinstance(value, _Object) else None


class _Object(JsonObject):
    """A JSON object that also keeps its original names and values."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


def _merged(pairs: Iterable[tuple[str, Any]]) -> JsonObject:
    merged: JsonObject = {}
    for name, value in pairs:
        if name in merged and (type(merged[name]), merged[name]) != (type(value), value):
            raise contradiction("two_values", N_("one of its fields has two values"))
        merged[name] = value
    return merged


def by_status(response: HttpResponse) -> ProviderError:
    """The class of a response without a vendor's own code (docs/adding-a-vendor.md, "Classes of failure")."""
    status = response.status
    code = f"http-{status}"
    failure = _FAILURE_BY_STATUS.get(status) or _FAILURE_BY_HUNDRED.get(status // 100, Failure.AMBIGUOUS)
    detail = _HINTS.get(failure, _ANSWERED).format(status=status)
    return failed(failure, code, detail, retry_after=retry_after(response))


_FAILURE_BY_STATUS = {
    401: Failure.ACCOUNT,
    403: Failure.ACCOUNT,
    404: Failure.CONFIG,
    405: Failure.CONFIG,
    408: Failure.AMBIGUOUS,
    413: Failure.CONTENT,
    429: Failure.TRANSIENT,
}
_FAILURE_BY_HUNDRED = {2: Failure.AMBIGUOUS, 3: Failure.ACCOUNT, 4: Failure.CONTENT, 5: Failure.AMBIGUOUS}
_ANSWERED = N_("The vendor answered HTTP {status}.")
_HINTS = {
    Failure.AMBIGUOUS: N_(
        "The vendor answered HTTP {status} with a body that can't be read: it may have sent the message."
    ),
    Failure.TRANSIENT: N_("The vendor answered HTTP {status}: too many calls; it did not accept this one."),
}


def by_code(codes: Codes, code: str, response: HttpResponse, *, refused: bool, said: str = "") -> ProviderError:
    """The class of a response with a vendor's own code, at any status.

    A code that the table lacks is classified by HTTP 401 and 403. At any other status it counts as a refusal only if
    the response also has the vendor's own mark of failure (`refused`). Otherwise the vendor may have sent the message.
    `said`: the vendor's explanation.
    """
    unlisted = _UNKNOWN_REFUSED if refused else _UNKNOWN
    failure, words = codes.get(code) or (_UNKNOWN_ACCOUNT if response.status in (401, 403) else unlisted)
    detail = f"{words} {SAYS.format(said=said)}" if said else words
    return failed(failure, code, detail, retry_after=retry_after(response))


SAYS = N_("The vendor says: {said}")
_UNKNOWN_REFUSED = (Failure.CONFIG, N_("The vendor refused with a code that its document does not list."))
_UNKNOWN_ACCOUNT = (Failure.ACCOUNT, N_("The vendor refused the account, with a code that its document does not list."))
_UNKNOWN = (
    Failure.AMBIGUOUS,
    N_("The vendor answered with a code that its document does not list: it may have sent it."),
)


def contradiction(code: str, what: str) -> ProviderError:
    """The error for a response that contradicts itself: the message may have been sent."""
    words = N_("The vendor's answer contradicts itself: {what_text}. It may have sent the message.")
    return failed(Failure.AMBIGUOUS, code, words.format(what_text=what))


MAX_CODE = 64
"""The columns for codes are as wide."""


def code_in(value: Any) -> str | None:
    """A code that is a string or a number, as text; None if it can't be shown."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = str(int(value) if isinstance(value, float) and value.is_integer() else value).strip()
    return text if 0 < len(text) <= MAX_CODE and text.isprintable() else None


def words_in(value: Any, limit: int = 200) -> str:
    """The vendor's own explanation of an error: printable, short, without runs of digits.

    A vendor may quote the phone number or the OTP, which must not appear in errors and logs.
    """
    return re.sub(r"\d{4,}", "####", text_in(value, limit))


def text_in(value: Any, limit: int = 200) -> str:
    """A vendor's text on one printable line."""
    text = str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    return "".join(char if char.isprintable() else " " for char in text[:limit]).strip()


def retry_after(response: HttpResponse) -> float | None:
    """Seconds of a Retry-After header (RFC 9110, 10.2.3); None for anything else.

    A date counts from the response's own Date header, so our clock is not needed.
    """
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)  # at worst infinity, which callers limit
    until, now = _date(value), _date(response.headers.get("date", ""))
    return max((until - now).total_seconds(), 0.0) if until and now else None


def _date(value: str) -> datetime | None:
    """A date in the form that HTTP prescribes, which always ends in GMT."""
    try:
        return parsedate_to_datetime(value) if value.strip().endswith("GMT") else None
    except ValueError:
        return None
