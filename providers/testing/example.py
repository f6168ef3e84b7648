"""An account and a message for one adapter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from providers.base import Call, Callback, OutboundSms, Sender, Session

TO = "+994501234567"
TEXT = "Sizin təsdiq kodunuz: 004217. Heç kimə verməyin."


@dataclass(frozen=True)
class GoodCallback:
    """A call of the vendor with one report, with all the headers that it sends."""

    callback: Callback
    state: str
    """The vendor's word or number for the state. It stands once in the query and the body."""
    covers_content: bool = True
    """False: the vendor proves its calls by a secret alone, not by a signature over their content."""
    has_time: bool = True
    """False: its signature holds no time, and so is valid for ever."""


@dataclass(frozen=True)
class Example:
    """An adapter, made-up credentials, what a message needs at this vendor beside its number and text, and options.

    `session` holds the values of a session, where the vendor requires a log-in. With the optional
    `callback`, what it means and its signature are tested, too.
    """

    adapter: type[Sender]
    credentials: Mapping[str, str]
    message: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    session: Mapping[str, str] = field(default_factory=dict)
    callback: GoodCallback | None = None

    def sender(self, base_url: str = "https://vendor.example", **options: Any) -> Sender:
        made = self.adapter(base_url=base_url, credentials=self.credentials, options={**self.options, **options})
        return made.for_call(Call(session=Session(self.session)))

    def sms(self, **changes: Any) -> OutboundSms:
        values: dict[str, Any] = {"reference": "0197-attempt", "to": TO, "text": TEXT, **self.message, **changes}
        return OutboundSms(**values)
