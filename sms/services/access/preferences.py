"""The language and the time zone of the admin's pages, by person, else by browser and installation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers

from sms.models import StaffPreferences

ADMIN = "/admin/"


@cache
def time_zones() -> tuple[str, ...]:
    """Kept, because Python reads a folder for it."""
    return tuple(sorted(available_timezones()))


def utc_offset(when: datetime) -> str:
    """The offset of the page's time zone then: `UTC`, `UTC+4`, `UTC+5:30`."""
    minutes = int((timezone.localtime(when).utcoffset() or timedelta()).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '-'}{hours}{f':{rest:02}' if rest else ''}" if minutes else "UTC"


def preferences_of(request: HttpRequest) -> StaffPreferences:
    """Those of the request's user, read once per request. They may not be stored yet."""
    if not hasattr(request, "staff_preferences"):
        stored = StaffPreferences.objects.filter(pk=request.user.pk).first()
        request.staff_preferences = stored or StaffPreferences(pk=request.user.pk)
    return request.staff_preferences


class StaffLocale:
    """Activates them for the admin alone: the API, webhooks and logs are in English and in UTC."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(ADMIN):
            return self.get_response(request)
        chosen = preferences_of(request)
        is_known = chosen.language in dict(settings.LANGUAGES)
        language = chosen.language if is_known else translation.get_language_from_request(request)
        zone = chosen.time_zone if chosen.time_zone in time_zones() else settings.TIME_ZONE
        with translation.override(language), timezone.override(ZoneInfo(zone)):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ("Accept-Language",))
        return response
