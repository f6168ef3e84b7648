"""The desk: a module per subject."""

from . import (
    alerts,
    blocked,
    calling,
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
    "blocked",
    "calling",
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
