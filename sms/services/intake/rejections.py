"""Records calls that were not accepted, for staff who look for a client's message."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from django.db import Error, connection

from sms.domain.codes import Refusal
from sms.domain.text import visible
from sms.models import RefusalCount, RefusedRequest
from sms.services.database import clock

from .near_miss import TemplateNotMatched, near_miss

RECORDED_A_MINUTE = 600
"""Per client. Further rejections are only counted, so that no client can fill the disk."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Rejection:
    """A call that was not accepted: the reason, and as much as was known of the call."""

    refusal: Refusal
    client: int
    request_id: str
    sender: str = ""
    to: str = ""
    is_otp: bool = False


def record(rejection: Rejection) -> None:
    """Store one row, under the code that decided the status. If the database is unavailable, it is only logged."""
    try:
        if _count(rejection.client) <= RECORDED_A_MINUTE:
            _insert(rejection)
    except Error as error:
        log.error("refusal.not_recorded", request_id=rejection.request_id, error=type(error).__name__)


def _count(client: int) -> int:
    """Count the rejection; returns how many this client has had within the minute."""
    table = RefusalCount._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (client_id, minute, count) VALUES (%s, %s, 1) "  # noqa: S608 - our own table name
            f"ON CONFLICT (client_id, minute) DO UPDATE SET count = {table}.count + 1 RETURNING count",
            [client, connection.ops.adapt_datetimefield_value(clock.now().replace(second=0, microsecond=0))],
        )
        return cursor.fetchone()[0]


def _insert(rejection: Rejection) -> None:
    refusal = rejection.refusal
    shape, nearest = (
        near_miss(refusal, is_otp=rejection.is_otp) if isinstance(refusal, TemplateNotMatched) else ("", "")
    )
    RefusedRequest.objects.create(
        client_id=rejection.client,
        request_id=rejection.request_id,
        http_status=refusal.code.status,
        code=refusal.code.name,
        field=refusal.faults[0].field[:64],
        sender=visible(rejection.sender)[:64],
        to=visible(rejection.to)[:32],
        is_otp=rejection.is_otp,
        shape=shape,
        nearest=nearest,
        created_at=clock.now(),
    )
