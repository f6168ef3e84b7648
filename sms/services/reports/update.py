"""A delivery report on its way to the database."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from providers.base import MessageState, Report
from sms.domain.echoes import Echo
from sms.domain.text import visible
from sms.services.configuration import snapshot
from sms.services.queue.echoes import hide_in_words, safe_id


@dataclass(frozen=True, slots=True)
class ReportUpdate:
    """What a vendor reports about one attempt.

    `id` is that of the stored row of a report that waited for its attempt. `may_wait`: the attempt may become known.
    `url_attempt` is the attempt of the callback's URL, whether the report is about that one or not. `to` is set where
    the number is all that tells the attempt.
    """

    provider: int
    state: MessageState
    id: int | None = None
    callback: int | None = None
    attempt: uuid.UUID | None = None
    url_attempt: uuid.UUID | None = None
    may_wait: bool = False
    is_poll: bool = False
    reference: str = ""
    vendor_id: str = ""
    code: str = ""
    detail: str = ""
    left: bool | None = None
    """As in providers.base.Report."""
    final: bool = False
    to: str = ""
    failure: str = ""
    part: tuple[int, int] | None = None
    price: str = ""
    at: datetime | None = None


def update_of(report: Report, **facts: Any) -> ReportUpdate:
    """The adapter's report with what it does not know: `provider`, and how the report came."""
    texts = {
        "reference": visible(report.reference)[:128],
        "vendor_id": visible(report.vendor_id)[:128],
        "code": visible(report.code)[:64],
        "detail": visible(report.detail)[:2000],
        "price": visible(str(report.price or ""))[:40],
    }
    return ReportUpdate(
        state=report.state,
        left=report.left,
        final=report.is_final,
        failure=report.failure or "",
        part=report.part,
        at=_time(report.at),
        **{**texts, **facts},
    )


def _time(at: datetime | None) -> datetime | None:
    """None for a time that can't be true: those of the first and last year can't be stored, or shown in each zone."""
    return at if at and at.tzinfo and 2000 <= at.year < 2200 else None


def without_echo(update: ReportUpdate, echo: Echo, *, is_id: bool) -> ReportUpdate:
    """The report without what it repeats of its message. `is_id`: an attempt or a part has its `vendor_id`."""
    adapter = snapshot.current().accounts[update.provider].adapter
    code, detail = hide_in_words(update.code, update.detail, adapter, echo)
    vendor_id = safe_id(update.vendor_id, echo) if is_id else echo.hide(update.vendor_id)
    reference = update.reference if _is_uuid(update.reference) else echo.hide(update.reference)
    return replace(
        update,
        code=code[:64],
        detail=detail,
        vendor_id=vendor_id[:128],
        reference=reference[:128],
        price=echo.hide(update.price)[:40],
    )


def _is_uuid(reference: str) -> bool:
    try:
        return bool(uuid.UUID(reference))
    except ValueError:
        return False
