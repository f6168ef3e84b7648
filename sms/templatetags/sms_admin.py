"""Template filters of the admin's own pages."""

from __future__ import annotations

from datetime import timedelta

from django import template

from sms.domain.codes import BY_NAME

register = template.Library()


@register.filter
def status_title(status: str) -> str:
    """The status as a heading: `Unconfirmed`."""
    return status.capitalize()


@register.filter
def code_message(code: str) -> str:
    """The message of an API error code."""
    return BY_NAME[code].message if code in BY_NAME else ""


@register.filter
def age(length: timedelta) -> str:
    """`3 min`, `2 h 5 min`: a duration for people."""
    seconds = int(length.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
