"""Which adapters exist: a line per vendor."""

from __future__ import annotations

from .base import Forwarder, Sender

SENDERS: dict[str, type[Sender]] = {adapter.slug: adapter for adapter in ()}
FORWARDERS: dict[str, type[Forwarder]] = {adapter.slug: adapter for adapter in ()}
