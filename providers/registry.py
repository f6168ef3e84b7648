"""Which adapters exist: a line per vendor."""

from __future__ import annotations

from .base import Forwarder, Sender

_SENDERS: tuple[type[Sender], ...] = ()
_FORWARDERS: tuple[type[Forwarder], ...] = ()

SENDERS = {adapter.slug: adapter for adapter in _SENDERS}
FORWARDERS = {adapter.slug: adapter for adapter in _FORWARDERS}
