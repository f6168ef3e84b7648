"""The desk: a module per subject."""

from . import alerts, clients, messages, people, providers, refusals, reports, routes, senders, templates

__all__ = [
    "alerts",
    "clients",
    "messages",
    "people",
    "providers",
    "refusals",
    "reports",
    "routes",
    "senders",
    "templates",
]
