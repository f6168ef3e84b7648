"""The desk: a module per subject."""

from sms.admin.inbound import admin as inbound_admin
from sms.admin.inbound import partners
from sms.admin.messages import admin as message_admin
from sms.admin.messages import attempts, rejected
from sms.admin.providers import admin as provider_admin
from sms.admin.providers import routes, source_addresses
from sms.admin.templates import admin as template_admin
from sms.admin.templates import senders

from . import alerts, blocked, clients, people

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
    "template_admin",
]
