"""Which adapters exist: a line per vendor."""

from __future__ import annotations

from .base import Forwarder, Sender
from .vendors.accolades import Accolades
from .vendors.etelecom import ETelecom
from .vendors.onlinesim import Onlinesim
from .vendors.sandbox import Sandbox
from .vendors.smsplus import SmsPlus

_SENDERS: tuple[type[Sender], ...] = (
    Accolades,
    ETelecom,
    Sandbox,
    SmsPlus,
)
_FORWARDERS: tuple[type[Forwarder], ...] = (Onlinesim,)

SENDERS = {adapter.slug: adapter for adapter in _SENDERS}
FORWARDERS = {adapter.slug: adapter for adapter in _FORWARDERS}
