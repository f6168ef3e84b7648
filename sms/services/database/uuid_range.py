"""Ids for times: our ids increase with time, so a period is a range of the primary key."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from sms.domain.ids import uuid7


def min_id(since: datetime) -> UUID:
    """The lowest id that a row created at this time can have."""
    return uuid7(int(since.timestamp() * 1000), 0)


def time_of_id(id: UUID) -> datetime:
    """When a row with this id was created, to the millisecond."""
    return datetime.fromtimestamp((id.int >> 80) / 1000, UTC)
