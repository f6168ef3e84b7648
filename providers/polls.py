"""How a vendor is asked for the states of messages."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from .reports import Report


@dataclass(frozen=True, slots=True)
class Polls:
    """The vendor's rules for polls."""

    at_once: int | None = 1
    """How many messages one call asks for. None: the vendor answers with the reports that it has, as from a queue."""
    per_minute: int | None = None
    """How many calls a minute it takes, over all dispatchers."""
    until: timedelta = timedelta(hours=72)
    """How long after its acceptance a message is asked for."""
    needs_id: bool = True
    """False: a message without an id of the vendor, and an unconfirmed call, are asked for, too."""
    consumes: bool = False
    """The vendor gives an answer only once: it is stored as it came, and read afterwards, like a callback."""

    def __post_init__(self) -> None:
        for name in ("at_once", "per_minute"):
            value = getattr(self, name)
            if value is not None and (type(value) is not int or value < 1):
                raise ValueError(f"Polls.{name} is {value!r}: it must be None, or a whole number of at least 1")
        if not isinstance(self.until, timedelta):
            raise ValueError(f"Polls.until is {self.until!r}: it must be a timedelta")


@dataclass(frozen=True, slots=True)
class Asked:
    """A message whose state is asked for. `to` is E.164; `vendor_id` may be empty if `Polls.needs_id` is False."""

    vendor_id: str = ""
    reference: str = ""
    to: str = ""
    accepted_at: datetime | None = None


def matched(report: Report, asked: Sequence[Asked]) -> Asked | None:
    """Which of the messages asked for a report is about; None if it is about another one, or can't be told.

    Our reference counts first, then the vendor's id, then the number. A report without any is about the only message.
    """
    for name in ("reference", "vendor_id", "to"):
        if said := _comparable(name, getattr(report, name)):
            fitting = [each for each in asked if _comparable(name, getattr(each, name)) == said]
            is_one = len({each.reference for each in fitting}) == 1  # several calls may have one reference
            return fitting[-1] if is_one else None
    return asked[0] if len(asked) == 1 else None


def _comparable(name: str, value: str) -> str:
    """A number without its plus; a reference that is a UUID in one form, because vendors return it in others."""
    if name == "to":
        return value.removeprefix("+")
    try:
        return uuid.UUID(value).hex if name == "reference" else value
    except ValueError:
        return value
