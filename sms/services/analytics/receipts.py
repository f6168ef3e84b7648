"""Which vendors send delivery reports, and when the final report of a call came, for queries that count them."""

from __future__ import annotations

from typing import Any

from django.db.models import OuterRef, Q

from providers.registry import SENDERS
from sms.domain.lifecycle import ReportState
from sms.models import DeliveryReport


def receipts() -> Any:
    """When the final report of an attempt came: what is final depends on what its vendor can report."""
    ends = Q(status__in=[ReportState.DELIVERED, ReportState.UNDELIVERED])
    ends |= Q(status=ReportState.SENT, provider__vendor__in=_vendors("sent"))
    reports = DeliveryReport.objects.filter(ends, attempt=OuterRef("pk")).order_by("received_at")
    return reports.values("received_at")[:1]


def _vendors(strongest: str) -> list[str]:
    return [slug for slug, adapter in sorted(SENDERS.items()) if adapter.strongest == strongest]


def reports(vendor: str) -> bool:
    """Whether the vendor reports anything after its answer."""
    return vendor in SENDERS and bool(SENDERS[vendor].reports) and SENDERS[vendor].strongest != "submitted"
