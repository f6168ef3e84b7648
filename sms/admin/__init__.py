"""The desk: a module per subject."""

from . import (
    alerts,
    clients,
    messages,
    partners,
    people,
    providers,
    received,
    refusals,
    reports,
    routes,
    senders,
    templates,
)

__all__ = [
    "alerts",
    "clients",
    "messages",
    "partners",
    "people",
    "providers",
    "received",
    "refusals",
    "reports",
    "routes",
    "senders",
    "templates",
]
