"""Times as ids: our ids rise with time, so a range of times is a range of the primary key."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sms.domain.ids import uuid7


def oldest(since: datetime) -> UUID:
    """The smallest id that a row made at this time can have."""
    return uuid7(int(since.timestamp() * 1000), 0)
