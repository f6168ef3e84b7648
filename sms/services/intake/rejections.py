"""The record of calls that were not accepted: what staff find when a caller asks "where is my message?"."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from django.db import Error, connection

from sms.domain.codes import Refusal
from sms.domain.text import visible
from sms.models import RefusalCount, RefusedRequest
from sms.services.database import clock

KEPT_A_MINUTE = 600
"""Per client; the rest is only counted, so that a caller gone wild can't fill the disk."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class RefusedCall:
    """What was known of a call when it was refused.

    `miss` gives the text with its digits masked and the nearest template: asked for what is kept alone, as it takes
    milliseconds.
    """

    client: int
    request_id: str
    sender: str = ""
    to: str = ""
    is_otp: bool = False
    miss: Callable[[], tuple[str, str]] = lambda: ("", "")


def record(call: RefusedCall, refusal: Refusal) -> None:
    """Keep one row, under the code that decided the status. A database that is away costs the record alone."""
    try:
        if _count(call.client) <= KEPT_A_MINUTE:
            _insert(call, refusal)
    except Error as error:
        log.error("refusal.not_recorded", request_id=call.request_id, error=type(error).__name__)


def _count(client: int) -> int:
    """This refusal's number within its client's minute."""
    table = RefusalCount._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (client_id, minute, count) VALUES (%s, %s, 1) "  # noqa: S608 - a name of ours
            f"ON CONFLICT (client_id, minute) DO UPDATE SET count = {table}.count + 1 RETURNING count",
            [client, connection.ops.adapt_datetimefield_value(clock.now().replace(second=0, microsecond=0))],
        )
        return cursor.fetchone()[0]


def _insert(call: RefusedCall, refusal: Refusal) -> None:
    shape, nearest = call.miss()
    RefusedRequest.objects.create(
        client_id=call.client,
        request_id=call.request_id,
        http_status=refusal.code.status,
        code=refusal.code.name,
        field=refusal.faults[0].field[:64],
        sender=visible(call.sender)[:64],
        to=visible(call.to)[:32],
        is_otp=call.is_otp,
        shape=shape,
        nearest=nearest,
        created_at=clock.now(),
    )
