"""Small words for the desk's own pages."""

from __future__ import annotations

from django import template

register = template.Library()


@register.filter
def status_title(status: str) -> str:
    """`unconfirmed` as a heading."""
    return status.capitalize()
