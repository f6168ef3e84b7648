"""An account and a message for each registered vendor; secrets that no error and no kept text may show.

Each vendor's own test holds its `SAMPLE`, so that adding a vendor changes no other test.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from providers.base import Adapter, OutboundSms, Sender
from providers.registry import SENDERS
from providers.testing import Example, GoodCallback


@dataclass(frozen=True)
class Sample:
    """Made-up credentials, what a message needs at this vendor beside its number and text, and required options.

    `session` holds the values of a session, where the vendor requires a log-in. With `callback`, a good callback of the
    vendor, more is tested.
    """

    credentials: Mapping[str, str]
    message: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    session: Mapping[str, str] = field(default_factory=dict)
    callback: GoodCallback | None = None


def sample(slug: str) -> Sample:
    """The SAMPLE of the vendor's own test."""
    found: Sample = importlib.import_module(f"tests.providers.test_{slug}").SAMPLE
    return found


def secret_settings(adapter: type[Adapter]) -> dict[str, bool]:
    """The adapter's credentials by their keys: is it secret?"""
    return {setting.key: setting.secret for setting in adapter.credentials}


def example(slug: str) -> Example:
    return Example(SENDERS[slug], **vars(sample(slug)))


def sender(slug: str, base_url: str = "https://vendor.example", **options: Any) -> Sender:
    return example(slug).sender(base_url, **options)


def sms(slug: str, **changes: Any) -> OutboundSms:
    return example(slug).sms(**changes)
