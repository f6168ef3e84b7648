"""The rows of messages that are due or claimed, as the statements of the outbox return them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sms.services.database.bulk_sql import as_json, as_time, as_uuid


@dataclass(frozen=True, slots=True)
class Due:
    """A message that is due, from its row."""

    id: uuid.UUID
    client: int
    provider: int
    attempts_made: int
    attempts_before: int
    to: str
    sender: str
    text: str
    is_otp: bool
    decision: Mapping[str, Any]
    pinned_provider: int | None
    in_doubt: bool
    crashes: int
    expires_at: datetime
    created_at: datetime
    version: int | None
    waiting_for: str
    parameters: Mapping[str, Any] | None
    repeats: uuid.UUID | None = None
    """The unconfirmed attempt whose reference the next call repeats."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that is `sending`, and the attempt that owns it."""

    message: Due
    attempt: uuid.UUID


DUE_COLUMNS = (
    'id, client_id, provider_id, attempts_made, attempts_before, "to", sender, text, is_otp, decision, '
    "pinned_provider_id, in_doubt, crashes, expires_at, created_at, template_version_id, waiting_for, parameters, "
    "repeats"
)


def due_of(row: tuple[Any, ...]) -> Due:
    return Due(
        as_uuid(row[0]),
        *row[1:8],
        bool(row[8]),
        as_json(row[9]),
        row[10],
        bool(row[11]),
        row[12],
        as_time(row[13]),
        as_time(row[14]),
        *row[15:17],
        as_json(row[17]),
        as_uuid(row[18]) if row[18] else None,
    )


def claimed_of(row: tuple[Any, ...]) -> Claimed:
    """From a message's columns and its lease token."""
    return Claimed(due_of(row[:-1]), as_uuid(row[-1]))
