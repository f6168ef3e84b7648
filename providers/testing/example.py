"""An account and a message for one adapter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from providers.base import Call, OutboundSms, Sender, Session

TO = "+994501234567"
TEXT = "Sizin təsdiq kodunuz: 004217. Heç kimə verməyin."


@dataclass(frozen=True)
class Example:
    """An adapter, made-up credentials, what a message needs at this vendor beside its number and text, and options.

    `session` holds the values of a session, where the vendor requires a log-in.
    """

    adapter: type[Sender]
    credentials: Mapping[str, str]
    message: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    session: Mapping[str, str] = field(default_factory=dict)

    def sender(self, base_url: str = "https://vendor.example", **options: Any) -> Sender:
        made = self.adapter(base_url=base_url, credentials=self.credentials, options={**self.options, **options})
        return made.for_call(Call(session=Session(self.session)))

    def sms(self, **changes: Any) -> OutboundSms:
        values: dict[str, Any] = {"reference": "0197-attempt", "to": TO, "text": TEXT, **self.message, **changes}
        return OutboundSms(**values)
