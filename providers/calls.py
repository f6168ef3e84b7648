"""What an adapter needs for a call and can't make itself: the time, a nonce, and a session at the vendor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Session:
    """A log-in at the vendor. `secret` holds what calls need of it; its values are hidden like credentials."""

    secret: Mapping[str, str] = field(default_factory=dict, repr=False)
    expires_at: datetime | None = None
    """None: not known. It is renewed once the vendor says that it has expired."""


@dataclass(frozen=True, slots=True)
class Call:
    """With equal calls an adapter builds equal requests for equal messages."""

    now: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    nonce: str = ""
    """Random, 32 hexadecimal digits."""
    session: Session = field(default_factory=Session)
