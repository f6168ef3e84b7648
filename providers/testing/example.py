"""An account and a message for one adapter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from providers.base import OutboundSms, Sender

TO = "+994501234567"
TEXT = "Sizin təsdiq kodunuz: 004217. Heç kimə verməyin."


@dataclass(frozen=True)
class Example:
    """An adapter, made-up credentials, what a message needs at this vendor beside its number and text, and options."""

    adapter: type[Sender]
    credentials: Mapping[str, str]
    message: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    def sender(self, base_url: str = "https://vendor.example", **options: Any) -> Sender:
        return self.adapter(base_url=base_url, credentials=self.credentials, options={**self.options, **options})

    def sms(self, **changes: Any) -> OutboundSms:
        values: dict[str, Any] = {"reference": "0197-attempt", "to": TO, "text": TEXT, **self.message, **changes}
        return OutboundSms(**values)
