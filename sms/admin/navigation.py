"""The badges of the menu (indexed, capped counts) and the position of the set-up page."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from sms.domain.lifecycle import Status
from sms.models import Alert, Message
from sms.services.access.preferences import utc_offset
from sms.services.monitoring import setup_checklist

CAP = 99


def unresolved(request: HttpRequest) -> str:
    """The number of unconfirmed messages, which staff must resolve."""
    return _capped(Message.objects.filter(status=Status.UNCONFIRMED).order_by())


def open_alerts(request: HttpRequest) -> str:
    return _capped(Alert.objects.filter(closed_at=None).order_by())


def shows_setup_first(request: HttpRequest) -> bool:
    """The set-up page comes first in the menu until every step is done."""
    return request.user.has_perm("sms.view_provider") and not setup_checklist.status.is_green()


def shows_setup_last(request: HttpRequest) -> bool:
    return request.user.has_perm("sms.view_provider") and setup_checklist.status.is_green()


def time_zone(request: HttpRequest) -> str:
    """The time zone of the times on the page, below the product's name."""
    return _("Times in %(zone)s") % {"zone": f"{timezone.get_current_timezone_name()} ({utc_offset(timezone.now())})"}


def _capped(rows: object) -> str:
    count = rows[: CAP + 1].count()  # type: ignore[index]
    return "" if not count else f"{CAP}+" if count > CAP else str(count)
