"""Decides who sees what: numbers are masked by role, texts are revealed on request, OTP texts are never shown."""

from __future__ import annotations

import time
from contextvars import ContextVar

from django.http import HttpRequest
from django.utils.translation import gettext as _

from sms.domain.phone import masked
from sms.domain.spellings import without_number
from sms.domain.text import visible
from sms.models import Message

SEE_NUMBERS = "sms.see_numbers"
SEE_SHAPES = "sms.see_shapes"
REVEAL = "sms.reveal_message"
REVEALED = "revealed"
REVEALED_FOR = 15 * 60
"""Seconds for which a revealed message stays readable, for this user only."""
MOST_REVEALED = 20
LONGEST_SHORT_CODE = 6
"""Digits. What has more of them is a number, in whatever notation a gateway wrote it."""
TEXTS_SHOWN = "texts_shown"
"""In the session: when the user asked for the texts in the list of messages."""

reader: ContextVar[HttpRequest] = ContextVar("reader")
"""The current request, set by the admin site.

Columns are methods of a model admin, which all threads share, so the request can't be stored there.
"""


def sees_numbers() -> bool:
    return reader.get().user.has_perm(SEE_NUMBERS)


def shows_number(message: Message | None) -> bool:
    """Whether the user may see the message's number; without a message, any number."""
    return sees_numbers() or (message is not None and is_revealed(message))


def number(value: str, message: Message | None = None) -> str:
    """The number, masked unless the user may see it."""
    return value if shows_number(message) else masked(value)


def gateway_number(value: str) -> str:
    """Who sent an SMS to us, or the number that got it, as a gateway wrote it. Names and short codes are not masked."""
    is_number = sum(map(str.isdigit, value)) > LONGEST_SHORT_CODE
    return visible(number(value) if is_number else value)


def vendor_id(value: str, message: Message | None) -> str:
    """A vendor's id of a message, without the message's number: some vendors make their ids of it."""
    return value if message is None or shows_number(message) else without_number(value, message.to)


def shape(value: str) -> str:
    """A masked text or its difference from a template, for roles that work on templates; empty for others."""
    return value if reader.get().user.has_perm(SEE_SHAPES) else ""


def is_revealed(message: Message) -> bool:
    """Whether the user has the permission and revealed this message in the last `REVEALED_FOR` seconds."""
    request = reader.get()
    at = request.session.get(REVEALED, {}).get(str(message.pk), 0)
    return request.user.has_perm(REVEAL) and time.time() - at < REVEALED_FOR


def remember_reveal(request: HttpRequest, message_id: object) -> None:
    kept = {key: at for key, at in request.session.get(REVEALED, {}).items() if time.time() - at < REVEALED_FOR}
    newest = sorted(kept.items(), key=lambda pair: pair[1])[-MOST_REVEALED + 1 :]
    request.session[REVEALED] = {**dict(newest), str(message_id): int(time.time())}


def may_read(message: Message) -> bool:
    """Whether the user sees the text, the parameters and the raw request and response."""
    return not message.is_otp and message.text is not None and is_revealed(message)


def text(message: Message) -> str | None:
    """The text, if the user may see it now."""
    return message.text if may_read(message) else None


def why_no_text(message: Message) -> str:
    if message.is_otp:
        return _("This is a one-time password: its text is shown to nobody.")
    if message.text is None:
        return _("The text is erased.")
    return _("The text is hidden. Showing it is recorded.")


def remember_texts(request: HttpRequest) -> None:
    request.session[TEXTS_SHOWN] = int(time.time())


def shows_texts() -> bool:
    """Whether the list of messages shows texts to this user now."""
    request = reader.get()
    return request.user.has_perm(REVEAL) and time.time() - request.session.get(TEXTS_SHOWN, 0) < REVEALED_FOR


def preview(message: Message) -> str:
    """The text for the list, "" where it may not be shown."""
    return message.text or "" if not message.is_otp and shows_texts() else ""
