"""How a vendor's answer is read: its own code by its table, else its HTTP status."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from .base import Failure, HttpResponse, JsonObject, ProviderError, failed
from .content import decoded_text

Codes = Mapping[str, tuple[Failure, str]]
"""A vendor's code -> its class and our words for it."""


_PADDING = "\0\ufeff \t\r\n"
"""What may stand around an answer's text or JSON object; anything else makes it another text, and no JSON."""


def text_of(response: HttpResponse) -> str:
    """The answer's text, without what servers pad it with."""
    return decoded_text(response).strip(_PADDING)


def json_object(response: HttpResponse, key: Callable[[str], str] = str) -> JsonObject | None:
    """The answer's JSON object, its names as `key` spells them; None if it holds none.

    Raises Unconfirmed if one name has two values: which of them the vendor means is not to be known.
    """
    try:
        value = json.loads(text_of(response), object_pairs_hook=_Object, strict=False)
    except (ValueError, RecursionError):
        return None
    return _merged((key(name), each) for name, each in value.pairs) if isinstance(value, _Object) else None


class _Object(JsonObject):
    """A JSON object that knows its names and values as they came."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


def _merged(pairs: Iterable[tuple[str, Any]]) -> JsonObject:
    merged: JsonObject = {}
    for name, value in pairs:
        if name in merged and (type(merged[name]), merged[name]) != (type(value), value):
            raise contradiction("two_values", "one of its fields has two values")
        merged[name] = value
    return merged


def by_status(response: HttpResponse) -> ProviderError:
    """The class of an answer without a code of the vendor's own (docs/adding-a-vendor.md, "Classes of failure")."""
    status = response.status
    code = f"http-{status}"
    failure = _FAILURE_BY_STATUS.get(status) or _FAILURE_BY_HUNDRED.get(status // 100, Failure.AMBIGUOUS)
    detail = f"The vendor answered HTTP {status}" + _HINTS.get(failure, ".")
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
_HINTS = {
    Failure.AMBIGUOUS: " without a word that we can read: it may have sent the message.",
    Failure.TRANSIENT: ": too many calls; it did not take this one.",
}


def by_code(codes: Codes, code: str, response: HttpResponse, *, refused: bool, said: str = "") -> ProviderError:
    """The class of an answer that carries a code of the vendor's own, at any status.

    For a code that the table lacks HTTP 401 and 403 decide. At any other status it counts as refused only beside the
    vendor's own mark of failure (`refused`); without it the vendor may have sent the message. `said`: the vendor's
    words.
    """
    unlisted = _UNKNOWN_REFUSED if refused else _UNKNOWN
    failure, words = codes.get(code) or (_UNKNOWN_ACCOUNT if response.status in (401, 403) else unlisted)
    detail = f"{words} The vendor says: {said}" if said else words
    return failed(failure, code, detail, retry_after=retry_after(response))


_UNKNOWN_REFUSED = (Failure.CONFIG, "The vendor refused with a code that its document does not list.")
_UNKNOWN_ACCOUNT = (Failure.ACCOUNT, "The vendor refused the account, with a code that its document does not list.")
_UNKNOWN = (Failure.AMBIGUOUS, "The vendor answered with a code that its document does not list: it may have sent it.")


def contradiction(code: str, what: str) -> ProviderError:
    """An answer that says yes and no at once: the message may have gone out."""
    return failed(
        Failure.AMBIGUOUS, code, f"The vendor's answer contradicts itself: {what}. It may have sent the message."
    )


def code_in(value: Any) -> str | None:
    """A code that came as a string or a number, as text; None if it is none that we could show."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = str(int(value) if isinstance(value, float) and value.is_integer() else value).strip()
    return text if 0 < len(text) <= 40 and text.isprintable() else None


def words_in(value: Any, limit: int = 200) -> str:
    """The vendor's own words for an error: printable, short, without runs of digits.

    A vendor may quote the number or the code of an OTP; those belong into no error and no log.
    """
    return re.sub(r"\d{4,}", "####", text_in(value, limit))


def text_in(value: Any, limit: int = 200) -> str:
    """A vendor's text on one printable line."""
    text = str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    return "".join(char if char.isprintable() else " " for char in text[:limit]).strip()


def retry_after(response: HttpResponse) -> float | None:
    """Seconds of a Retry-After header (RFC 9110, 10.2.3); None for anything else.

    A date counts from the answer's own Date, so that no clock of ours is asked.
    """
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)  # however many digits: infinity at worst, and whoever waits has a longest wait
    until, now = _date(value), _date(response.headers.get("date", ""))
    return max((until - now).total_seconds(), 0.0) if until and now else None


def _date(value: str) -> datetime | None:
    """A date in the form that HTTP prescribes, which always ends in GMT."""
    try:
        return parsedate_to_datetime(value) if value.strip().endswith("GMT") else None
    except ValueError:
        return None
