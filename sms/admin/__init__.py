"""The desk: a module per subject."""

from sms.admin.inbound import admin as inbound_admin
from sms.admin.inbound import partners
from sms.admin.messages import admin as message_admin
from sms.admin.messages import attempts, rejected
from sms.admin.providers import admin as provider_admin
from sms.admin.providers import routes, source_addresses

from . import alerts, blocked, clients, people, senders, templates

__all__ = [
    "alerts",
    "attempts",
    "blocked",
    "clients",
    "inbound_admin",
    "message_admin",
    "partners",
    "people",
    "provider_admin",
    "rejected",
    "routes",
    "senders",
    "source_addresses",
    "templates",
]
