"""Takes out what a message said. What is left: number, times, states, codes."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sms.models import Attempt, Message


def erase(messages: Sequence[uuid.UUID], *, now: datetime) -> None:
    """Erase text, parameters and raw exchanges of these messages."""
    if not messages:
        return
    Message.objects.filter(pk__in=messages).update(text=None, raw_text=None, parameters=None, erased_at=now)
    Attempt.objects.filter(message__in=messages).update(raw_request=None, raw_response=None)
