"""Requests and responses as text that staff may see, without secrets."""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from urllib.parse import quote, quote_plus

from .base import Adapter, HttpRequest, HttpResponse, OutboundSms
from .content import decoded_text, is_plain_utf8

LIMIT = 8 * 1024
"""How many characters of an exchange are kept."""
MARGIN = 1024
"""Characters after the limit that are searched, too: a value may begin before the limit and end after it."""
HIDDEN = "[hidden]"
_MASKED_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})


def exchange_text(
    message: HttpRequest | HttpResponse, hidden: Iterable[str], hide: Callable[[str], str] | None = None
) -> str:
    """Printable text of a request or a response, at most about 8 KiB.

    Every value of `hidden` is replaced in each encoding: plain, URL- and form-encoded,
    JSON-escaped (also twice, for JSON inside JSON), HTML-escaped, base64, and in a response also
    in another charset. `hide` then replaces further values. Bytes that are no text, and control
    characters, become escapes.
    """
    text = "\n".join((*_head(message), "", _body(message)))
    guessed = isinstance(message, HttpResponse) and not is_plain_utf8(message)
    for form in all_spellings(hidden):
        text = text.replace(form, HIDDEN)
        if guessed and not form.isascii():
            text = _in_any_charset(form).sub(HIDDEN, text)
    if hide:
        text = hide(text[: LIMIT + MARGIN])
    shown = visible(text[: LIMIT + 1])
    return shown if len(shown) <= LIMIT else shown[:LIMIT] + "… (cut)"


def hidden_values(adapter: Adapter, sms: OutboundSms) -> tuple[str, ...]:
    """The values to hide in stored requests and responses: the account's secrets, and an OTP's text and parameters.

    A request adds what the adapter derived for it (`HttpRequest.hidden`).
    """
    of_message = (sms.text, *(value for _, value in sms.parameters)) if sms.is_otp else ()
    return (*adapter.secrets(), *of_message)


def _body(message: HttpRequest | HttpResponse) -> str:
    if isinstance(message, HttpRequest):
        return message.body.decode("utf-8", "backslashreplace")
    if message.unreadable:  # not even as escapes: secrets could be decoded from them
        return f"({message.unreadable} bytes in a content coding that can't be undone)"
    return decoded_text(message, "backslashreplace")


def _in_any_charset(form: str) -> re.Pattern[str]:
    """A pattern that also matches the form in a wrong charset: other letters, escapes or "?" for non-ASCII ones."""
    ascii_parts = re.split(r"[^\x00-\x7f]+", form)
    return re.compile(r"(?:[^\x00-\x7f]|\\x[0-9a-f]{2}|\?)+".join(map(re.escape, ascii_parts)))


def _head(message: HttpRequest | HttpResponse) -> Iterator[str]:
    if isinstance(message, HttpRequest):
        yield f"{message.method} {message.url}"
        headers = message.headers
    else:
        yield f"HTTP {message.status}"
        headers = tuple(message.headers.items())
    for name, value in headers:
        yield f"{name}: {HIDDEN if name.lower() in _MASKED_HEADERS else value}"


def all_spellings(hidden: Iterable[str]) -> tuple[str, ...]:
    """Every spelling of the values, the longest first, so that none is replaced in part by a shorter one."""
    return _spellings_of_all(frozenset(hidden))


@lru_cache(maxsize=64)  # a request's, and then those of its response
def _spellings_of_all(values: frozenset[str]) -> tuple[str, ...]:
    forms = {form for value in values if value for form in _spellings(value)}
    return tuple(sorted(forms, key=len, reverse=True))


@lru_cache(maxsize=64)  # the same few secrets at every call
def _spellings(value: str) -> frozenset[str]:
    return frozenset(_spelled(value))


def _spelled(value: str) -> Iterator[str]:
    data = value.encode("utf-8", "surrogatepass")
    yield from (value, value.strip() or value, b64encode(data).decode())
    if value.isascii() and value.isalnum():  # the other spellings of such a value are the value itself
        return
    for encoded in (quote(data, safe=""), quote(data), quote_plus(data)):
        yield from (encoded, _lower_escapes(encoded))
    for ascii_only in (True, False):
        once = json.dumps(value, ensure_ascii=ascii_only)[1:-1]
        twice = json.dumps(once, ensure_ascii=ascii_only)[1:-1]
        for spelling in (once, twice):
            yield from (spelling, spelling.replace("/", "\\/"), _upper_escapes(spelling))
    yield from (html.escape(value), html.escape(value, quote=False))


def _lower_escapes(encoded: str) -> str:
    """%C9 as %c9: some vendors write escapes in lower case."""
    head, *rest = encoded.split("%")
    return "%".join([head, *(part[:2].lower() + part[2:] for part in rest)])


def _upper_escapes(spelling: str) -> str:
    head, *rest = spelling.split("\\u")
    return "\\u".join([head, *(part[:4].upper() + part[4:] for part in rest)])


_LINES_AND_TABS = str.maketrans("", "", "\n\t")


def visible(text: str) -> str:
    """The text with everything that is not printable (but new line and tab) as an escape.

    Bidirectional controls and lone surrogates are not printable in Unicode's sense (Cf, Cs).
    """
    text = text.replace("\r\n", "\n")
    if text.translate(_LINES_AND_TABS).isprintable():  # the usual case, and ten times as fast
        return text
    return "".join(char if char.isprintable() or char in "\n\t" else _escape(char) for char in text)


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
