"""Small words for the desk's own pages."""

from __future__ import annotations

from django import template

from sms.domain.codes import BY_NAME

register = template.Library()


@register.filter
def status_title(status: str) -> str:
    """`unconfirmed` as a heading."""
    return status.capitalize()


@register.filter
def code_words(code: str) -> str:
    """The sentence of an error code of the endpoint."""
    return BY_NAME[code].message if code in BY_NAME else ""
