"""A later report of a vendor about a message, and the states."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from providers.marking import N_

from .errors import Failure


class MessageState(StrEnum):
    """A message's state at the vendor. Accepted: not passed to a carrier yet; sent: passed to a carrier."""

    ACCEPTED = N_("accepted")
    SENT = N_("sent")
    DELIVERED = N_("delivered")
    UNDELIVERED = N_("undelivered")
    EXPIRED = N_("expired")
    REJECTED = N_("rejected")
    UNKNOWN = N_("unknown")


ENDS = frozenset(MessageState) - {MessageState.ACCEPTED, MessageState.SENT, MessageState.UNKNOWN}
"""The states that are final unless the vendor says otherwise."""


@dataclass(frozen=True, slots=True)
class Money:
    amount: Decimal
    currency: str = ""
    """Empty where the vendor says none."""

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}".rstrip()


@dataclass(frozen=True, slots=True)
class Report:
    """A later report of a vendor about one attempt, found by our reference, by its own id, or by the number."""

    state: MessageState
    reference: str = ""
    vendor_id: str = ""
    code: str = ""
    detail: str = ""
    left: bool | None = None
    """False: the message surely was never on its way, so that another vendor may take it. None: not said."""
    final: bool | None = None
    """Whether no other report follows. None: as the state implies (ENDS)."""
    to: str = ""
    """The recipient in E.164, with or without the plus. It is used only where the report has no id at all."""
    failure: Failure | None = None
    """The class of a late refusal, where the vendor says why."""
    part: tuple[int, int] | None = None
    """Which part of how many it is about, counted from 1. None: the whole message, or the part of `vendor_id`."""
    at: datetime | None = None
    """When the vendor says that it happened, with a time zone."""
    price: Money | None = None

    @property
    def is_final(self) -> bool:
        """No other report is to be waited for or asked for."""
        return self.state in ENDS if self.final is None else self.final


NO_REPORT = Report(MessageState.UNKNOWN, detail="no report")
"""In the place of a report: the vendor documents this callback, and it is about no message that we sent. It is kept,
changes nothing and opens no alert."""
