"""The values of placeholders: of the account, of a message, and of messages whose state is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from providers.base import Asked, Carries, OutboundSms, Sender
from providers.phone import in_format

from .description import Description

ALWAYS = frozenset({"now", "nonce"})
OF_MESSAGE = frozenset(
    {"to", "text", "sender", "template", "reference", "callback_url", "encoding", "is_otp", "parts", "valid_for"}
    | {"valid_for.minutes", "valid_for.milliseconds"}
)
OF_ASKED = frozenset({"vendor_id", "vendor_ids", "reference", "to"})


@dataclass(frozen=True, slots=True)
class Given:
    """What fills the fields of one call: `lists` for those with `each`, as pairs of name and value."""

    values: Mapping[str, str]
    lists: Mapping[str, Sequence[tuple[str | int, str]]]


def of_account(described: Description, sender: Sender) -> Given:
    return Given(_with_words(described, _account(sender)), {})


def of_message(described: Description, sender: Sender, sms: OutboundSms) -> Given:
    values = _account(sender) | {
        "to": in_format(_number_format(described, sender), sms.to),
        "text": "" if sender.carries is Carries.TEMPLATE else sms.text,
        "sender": sms.sender,
        "template": (sms.vendor_template or "").strip(),
        "reference": sms.reference,
        "callback_url": sms.callback_url or "",
        "encoding": sms.encoding.value,
        "is_otp": text_of(sms.is_otp),
        "parts": str(sms.parts),
        "valid_for": str(sms.valid_for),
        "valid_for.minutes": str(max(sms.valid_for // 60, 1)),  # 0 could mean that there is no limit
        "valid_for.milliseconds": str(sms.valid_for * 1000),
    }
    values |= {f"parameter.{n}": value for n, (_, value) in enumerate(sms.parameters, 1)}
    ordered = [(n, value) for n, (_, value) in enumerate(sms.parameters)]
    return Given(_with_words(described, values), {"parameter": ordered, "parameter_name": sms.parameters})


def of_asked(described: Description, sender: Sender, asked: Sequence[Asked]) -> Given:
    first, ids = asked[0], [each.vendor_id for each in asked]
    number = in_format(_number_format(described, sender), first.to) if first.to else ""
    values = _account(sender) | {
        "vendor_id": first.vendor_id,
        "vendor_ids": ",".join(ids),
        "reference": first.reference,
        "to": number,
    }
    return Given(_with_words(described, values), {"message": list(enumerate(ids))})


def text_of(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return "" if value is None else str(value)


def _account(sender: Sender) -> dict[str, str]:
    values = {f"credential.{key}": value for key, value in sender.credential.items()}
    values |= {f"option.{key}": text_of(value) for key, value in sender.option.items()}
    return values | {"now": str(int(sender.call.now.timestamp())), "nonce": sender.call.nonce}


def _with_words(described: Description, values: dict[str, str]) -> dict[str, str]:
    tables = described.words.items()
    return values | {f"words.{name}": each.values.get(values.get(each.source, ""), each.otherwise)
                     for name, each in tables}  # fmt: skip


def _number_format(described: Description, sender: Sender) -> str:
    """One of the formats, or what the option of this name holds."""
    name = described.vendor.number_format
    return str(sender.option.get(name, name))
