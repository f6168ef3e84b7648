"""Which adapters exist: a line per vendor."""

from __future__ import annotations

from .accolades import Accolades
from .base import Forwarder, Sender
from .etelecom import ETelecom
from .onlinesim import Onlinesim
from .sandbox import Sandbox
from .smsplus import SmsPlus

_SENDERS: tuple[type[Sender], ...] = (
    Accolades,
    ETelecom,
    Sandbox,
    SmsPlus,
)
_FORWARDERS: tuple[type[Forwarder], ...] = (Onlinesim,)

SENDERS = {adapter.slug: adapter for adapter in _SENDERS}
FORWARDERS = {adapter.slug: adapter for adapter in _FORWARDERS}
