"""Who sees what of a message: numbers are masked by role, texts are shown once they are asked for, an OTP's never."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from sms.domain.phone import masked
from sms.models import Message

SEE_NUMBERS = "sms.see_numbers"
REVEAL = "sms.reveal_message"
HIDDEN_TEXT = "••••••"

reader: ContextVar[Any] = ContextVar("reader")
"""Whose request this is, set at the site's door.

Columns are methods of one admin object that all threads share, so the reader can't be kept there.
"""


def number(value: str) -> str:
    """The number as the reader may see it."""
    return value if reader.get().has_perm(SEE_NUMBERS) else masked(value)


def may_see_text(message: Message) -> bool:
    return not message.is_otp and message.text is not None and reader.get().has_perm(REVEAL)


def text(message: Message) -> str:
    """The text as the reader may see it, or why it isn't there."""
    if message.is_otp:
        return "One-time password: shown to nobody."
    if message.text is None:
        return "Erased."
    return message.text if may_see_text(message) else HIDDEN_TEXT
