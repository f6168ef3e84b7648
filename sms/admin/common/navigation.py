"""What the menu shows beside its lines: counts that are small, indexed and capped, and whether all is set up."""

from __future__ import annotations

from django.http import HttpRequest

from sms.domain.lifecycle import Status
from sms.models import Alert, Message
from sms.services.monitoring import setup_checklist

CAP = 99


def unsettled(request: HttpRequest) -> str:
    """How many messages wait for a person's word."""
    return _capped(Message.objects.filter(status=Status.UNCONFIRMED).order_by())


def open_alerts(request: HttpRequest) -> str:
    return _capped(Alert.objects.filter(closed_at=None).order_by())


def shows_setup_first(request: HttpRequest) -> bool:
    """Set-up leads the menu until all is green."""
    return request.user.has_perm("sms.view_provider") and not setup_checklist.status.is_green()


def shows_setup_last(request: HttpRequest) -> bool:
    return request.user.has_perm("sms.view_provider") and setup_checklist.status.is_green()


def _capped(rows: object) -> str:
    count = rows[: CAP + 1].count()  # type: ignore[index]
    return "" if not count else f"{CAP}+" if count > CAP else str(count)
