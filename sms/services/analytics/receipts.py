"""Which vendors send delivery reports, and when the final report of a call came, for queries that count them."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q

from providers.registry import SENDERS
from sms.domain.lifecycle import BAD_REPORTS, ReportState
from sms.models import DeliveryReport


def receipts() -> Any:
    """When the final report of an attempt came: what is final depends on what its vendor can report.

    Of a report on one part, it also depends on the others.
    """
    ends = Q(status__in=[ReportState.DELIVERED, ReportState.UNDELIVERED])
    ends |= Q(status=ReportState.SENT, provider__vendor__in=_vendors("sent"))
    is_whole = Q(part=None) | Q(parts=1) | Q(status=ReportState.SENT) | _ends_whole()
    reports = DeliveryReport.objects.filter(ends, is_whole, attempt=OuterRef("pk")).order_by("received_at")
    return reports.values("received_at")[:1]


def _ends_whole() -> Q:
    """A part's report that ended the message: the first one of an undelivered part, or the last delivered."""
    later = DeliveryReport.objects.filter(
        attempt=OuterRef("attempt"), pk__gt=OuterRef("pk"), status=ReportState.DELIVERED, applied=True
    )
    undelivered = Q(status=ReportState.UNDELIVERED, attempt__reported__in=BAD_REPORTS)
    return undelivered | Q(~Exists(later), status=ReportState.DELIVERED, applied=True, attempt__reported="delivered")


def _vendors(strongest: str) -> list[str]:
    return [slug for slug, adapter in sorted(SENDERS.items()) if adapter.strongest == strongest]


def reports(vendor: str) -> bool:
    """Whether the vendor reports anything after its answer."""
    return vendor in SENDERS and bool(SENDERS[vendor].reports) and SENDERS[vendor].strongest != "submitted"
