"""Hides the values of a message, and the account's secrets, that a vendor repeats in its answers and delivery reports.

Everything that a vendor wrote passes through here before it is stored, shown, alerted or logged. Exceptions are raw
callbacks, and reports whose message is not known yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from providers.base import Accepted, Adapter, ProviderError, Pushed, Sender, SessionExpired, failed
from sms.domain.echoes import Echo
from sms.services.configuration.digests import digest

if TYPE_CHECKING:
    from .jobs import Result

ID_MARK = "digest:"
_STATUS = re.compile(r"http-[1-9][0-9]{2}")


class _Message(Protocol):
    @property
    def to(self) -> str: ...
    @property
    def text(self) -> str | None: ...
    @property
    def parameters(self) -> Mapping[str, Any] | None: ...


def echo_of(message: _Message) -> Echo:
    return Echo.of(number=message.to, text=message.text, parameters=(message.parameters or {}).values())


def hide_in_result(result: Result, echo: Echo) -> None:
    """Hide the message's values in an adapter's result: not in delivery reports, where they are hidden when the message
    is known, nor in the raw response, where jobs.py does so."""
    adapter, value, error = result.job.account.adapter, result.value, result.error
    result.crash = echo.hide(result.crash)
    if error is not None:
        result.error = _in_error(error, adapter, echo)
    elif isinstance(value, Accepted):
        code, detail = hide_in_words(value.code, value.detail, adapter, echo)
        part_ids = tuple(safe_id(each, echo) for each in value.part_ids)
        vendor_id = safe_id(value.vendor_id, echo)
        result.value = replace(value, code=code, detail=detail, vendor_id=vendor_id, part_ids=part_ids)
    elif isinstance(value, tuple):
        pushed, word = value
        result.value = Pushed(pushed), _in_code(word, adapter, echo)


def hide_secrets_in_result(result: Result, secrets: Iterable[str]) -> None:
    """Hide secrets in the vendor's code and explanation, which may quote what the vendor refuses."""
    adapter, value, error, echo = result.job.account.adapter, result.value, result.error, Echo.of_secrets(secrets)
    if error is not None:
        result.error = error_without_secrets(error, adapter, secrets)
    elif isinstance(value, Accepted):
        result.value = replace(value, code=_in_code(value.code, adapter, echo), detail=echo.hide(value.detail))
    elif isinstance(value, tuple):
        result.value = value[0], _in_code(value[1], adapter, echo)


def error_without_secrets(error: ProviderError, adapter: Adapter, secrets: Iterable[str]) -> ProviderError:
    if isinstance(error, SessionExpired):  # nobody sees the words of that one
        return error
    echo = Echo.of_secrets(secrets)
    return _with_words(error, _in_code(error.code, adapter, echo), echo.hide(error.detail))


def without_secrets(words: str, secrets: Iterable[str]) -> str:
    return Echo.of_secrets(secrets).hide(words)


def hide_in_words(code: str, detail: str, adapter: Adapter, echo: Echo) -> tuple[str, str]:
    """A code and its explanation with the message's values hidden. The adapter's own codes and texts stay."""
    ours = _words_of(code, adapter)
    if ours and detail.startswith(ours):
        rest = detail.removeprefix(ours).lstrip()
        return code, f"{ours} {echo.hide(rest)}".rstrip()
    return _in_code(code, adapter, echo), echo.hide(detail)


def safe_id(vendor_id: str, echo: Echo) -> str:
    """The vendor's id to store: a digest if the id contains a one-time password or a parameter.

    Reports with such an id are found by the digest. An id that contains the number stays, because polls need it;
    `forget_number` replaces it.
    """
    values = Echo(values=echo.values)
    return digest_of_id(vendor_id) if values.is_in(vendor_id) else vendor_id


def can_poll(vendor_id: str) -> bool:
    """Whether a stored id is one that the vendor knows. A digest is not."""
    return bool(vendor_id) and not vendor_id.startswith(ID_MARK)


def digest_of_id(vendor_id: str) -> str:
    return ID_MARK + digest("vendor's id", vendor_id.encode("utf-8", "replace"))


def _in_error(error: ProviderError, adapter: Adapter, echo: Echo) -> ProviderError:
    return _with_words(error, *hide_in_words(error.code, error.detail, adapter, echo))


def _with_words(error: ProviderError, code: str, detail: str) -> ProviderError:
    if (code, detail) == (error.code, error.detail):
        return error
    changed = failed(error.failure, code, detail, retry_after=error.retry_after)
    changed.status = error.status
    return changed


def _in_code(code: str, adapter: Adapter, echo: Echo) -> str:
    is_known = _words_of(code, adapter) or code.lower() in adapter.words or _STATUS.fullmatch(code)
    return code if is_known else echo.hide(code)


def _words_of(code: str, adapter: Adapter) -> str:
    """Our explanation of a vendor's code; empty for a code that the adapter does not know."""
    return adapter.codes.get(code, (None, ""))[1] if isinstance(adapter, Sender) else ""
