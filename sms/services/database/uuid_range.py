"""Times as ids: our ids rise with time, so a range of times is a range of the primary key."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from sms.domain.ids import uuid7


def oldest(since: datetime) -> UUID:
    """The smallest id that a row made at this time can have."""
    return uuid7(int(since.timestamp() * 1000), 0)


def time_of(id: UUID) -> datetime:
    """When a row with this id was made, to the millisecond."""
    return datetime.fromtimestamp((id.int >> 80) / 1000, UTC)
