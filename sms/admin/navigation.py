"""The badges of the menu (indexed, capped counts) and the position of the set-up page."""

from __future__ import annotations

from django.db import connection
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from sms.domain.lifecycle import Status
from sms.services.access.preferences import utc_offset
from sms.services.monitoring import setup_checklist

CAP = 99


_COUNTS = """
SELECT (SELECT COUNT(*) FROM (SELECT 1 FROM sms_message WHERE status = %s LIMIT %s) AS unconfirmed),
       (SELECT COUNT(*) FROM (SELECT 1 FROM sms_alert WHERE closed_at IS NULL LIMIT %s) AS open_alerts)
"""


def unresolved(request: HttpRequest) -> str:
    """The number of unconfirmed messages, which staff must resolve."""
    return _capped(_counts(request)[0])


def open_alerts(request: HttpRequest) -> str:
    return _capped(_counts(request)[1])


def _counts(request: HttpRequest) -> tuple[int, int]:
    """Both, with one query per request."""
    if not hasattr(request, "navigation_counts"):
        with connection.cursor() as cursor:
            cursor.execute(_COUNTS, [Status.UNCONFIRMED.value, CAP + 1, CAP + 1])
            request.navigation_counts = cursor.fetchone()
    return request.navigation_counts


def shows_setup_first(request: HttpRequest) -> bool:
    """The set-up page comes first in the menu until every step is done."""
    return request.user.has_perm("sms.view_provider") and not setup_checklist.status.is_green()


def shows_setup_last(request: HttpRequest) -> bool:
    return request.user.has_perm("sms.view_provider") and setup_checklist.status.is_green()


def time_zone(request: HttpRequest) -> str:
    """The time zone of the times on the page, below the product's name."""
    name, offset = timezone.get_current_timezone_name(), utc_offset(timezone.now())
    return _("Times in %(zone)s") % {"zone": name if name == offset else f"{name} ({offset})"}


def _capped(count: int) -> str:
    return "" if not count else f"{CAP}+" if count > CAP else str(count)
