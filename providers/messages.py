"""The message that an adapter sends, and the vendor's acceptance of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .reports import Money


class Encoding(StrEnum):
    """The data coding of a text."""

    GSM7 = "GSM-7"
    UCS2 = "UCS-2"


@dataclass(frozen=True, slots=True)
class OutboundSms:
    """One attempt to send one message.

    `reference` is our attempt's id, `to` is E.164, `parameters` are pairs of the
    vendor's own name (or our placeholder's, where the vendor has none) and the
    value, in the vendor's order. `encoding` and `parts` are those of the text.
    """

    reference: str
    to: str
    text: str
    sender: str = ""
    vendor_template: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    callback_url: str | None = None
    is_otp: bool = False
    encoding: Encoding = Encoding.UCS2
    parts: int = 1
    valid_for: int = 86_400
    """Seconds that the message has left, at least 1: afterwards the vendor must not deliver it."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The vendor took the message. `vendor_id` is empty where it gives none."""

    vendor_id: str = ""
    code: str = ""
    detail: str = ""
    part_ids: tuple[str, ...] = ()
    """The ids of all parts in their order, where each part has its own; the first is `vendor_id` too."""
    balance: Money | None = None
    """What the account has left, if the vendor says so."""
    repeated: bool = False
    """True: the vendor had accepted a message with this reference before, and did not send it again."""
