"""Template filters of the admin's own pages."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from django import template
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from providers.marking import N_
from sms.domain.codes import BY_NAME
from sms.services.access.preferences import utc_offset
from sms.translation import translated

register = template.Library()
register.filter("translated", translated)


SCRIPT_TEXTS = (
    N_("Account"),
    N_("Account menu"),
    N_("Add"),
    N_("Back"),
    N_("Change"),
    N_("Close"),
    N_("Copied"),
    N_("Delete"),
    N_("Filters"),
    N_("More actions"),
    N_("Open"),
    N_("Search"),
    N_("Show or hide"),
    N_("Show or hide the menu"),
    N_("Skip to content"),
    N_("SMS Desk, dashboard"),
    N_("scrollable content"),
    N_("Value"),
    N_("View"),
)
"""The texts of sms/static/sms/admin.js."""


@register.simple_tag
def script_texts() -> str:
    """Their translations, as JSON; those that are as in English are left out."""
    shown = {text: translated(text) for text in SCRIPT_TEXTS}
    return json.dumps({text: words for text, words in shown.items() if words != text}, ensure_ascii=False)


@register.filter
def status_title(status: str) -> str:
    """The status as a heading: `Unconfirmed`."""
    return capfirst(translated(status))


@register.filter
def code_message(code: str) -> str:
    """The message of an API error code."""
    return translated(BY_NAME[code].message) if code in BY_NAME else ""


@register.filter
def zoned(when: datetime) -> str:
    """`2026-11-28 10:42:00 UTC+4`: a time with its zone, for pages of one object."""
    return f"{localtime(when):%Y-%m-%d %H:%M:%S} {utc_offset(when)}"


@register.filter
def age(length: timedelta) -> str:
    """`3 min`, `2 h 5 min`: a duration for people."""
    seconds = int(length.total_seconds())
    if seconds < 60:
        return _("%(seconds)d s") % {"seconds": seconds}
    hours, minutes = divmod(seconds // 60, 60)
    figures = {"hours": hours, "minutes": minutes}
    return _("%(hours)d h %(minutes)d min") % figures if hours else _("%(minutes)d min") % figures
