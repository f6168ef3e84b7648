"""The counts beside the menu's lines: small, indexed, and capped."""

from __future__ import annotations

from django.http import HttpRequest

from sms.domain.lifecycle import Status
from sms.models import Alert, Message

CAP = 99


def unsettled(request: HttpRequest) -> str:
    """How many messages wait for a person's word."""
    return _capped(Message.objects.filter(status=Status.UNCONFIRMED).order_by())


def open_alerts(request: HttpRequest) -> str:
    return _capped(Alert.objects.filter(closed_at=None).order_by())


def _capped(rows: object) -> str:
    count = rows[: CAP + 1].count()  # type: ignore[index]
    return "" if not count else f"{CAP}+" if count > CAP else str(count)
