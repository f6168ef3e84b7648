"""Template filters of the admin's own pages."""

from __future__ import annotations

from datetime import timedelta

from django import template

from sms.domain.codes import BY_NAME

register = template.Library()


@register.filter
def code_message(code: str) -> str:
    """The message of an error code of the API."""
    return BY_NAME[code].message if code in BY_NAME else ""


@register.filter
def duration(length: timedelta) -> str:
    """Formats as `3 min` or `2 h 5 min`."""
    seconds = int(length.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
