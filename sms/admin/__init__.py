"""The desk: a module per subject."""

from sms.admin.providers import admin as provider_admin
from sms.admin.providers import routes, source_addresses

from . import alerts, blocked, clients, messages, partners, people, received, refusals, reports, senders, templates

__all__ = [
    "alerts",
    "blocked",
    "clients",
    "messages",
    "partners",
    "people",
    "provider_admin",
    "received",
    "refusals",
    "reports",
    "routes",
    "senders",
    "source_addresses",
    "templates",
]
