"""Registers every model with the admin, which imports this module. Each package holds the pages of one subject."""

from sms.admin.access import access_records, block_list, clients, personal_data, staff
from sms.admin.inbound import admin as inbound_admin
from sms.admin.inbound import partners
from sms.admin.messages import admin as message_admin
from sms.admin.messages import attempts, bulk, rejected
from sms.admin.monitoring import alerts, approval_doubts, objectives, share_moves
from sms.admin.providers import admin as provider_admin
from sms.admin.providers import destinations, routes, source_addresses, vendor_descriptions
from sms.admin.templates import admin as template_admin
from sms.admin.templates import senders

__all__ = [
    "access_records",
    "alerts",
    "approval_doubts",
    "attempts",
    "block_list",
    "bulk",
    "clients",
    "destinations",
    "inbound_admin",
    "message_admin",
    "objectives",
    "partners",
    "personal_data",
    "provider_admin",
    "rejected",
    "routes",
    "senders",
    "share_moves",
    "source_addresses",
    "staff",
    "template_admin",
    "vendor_descriptions",
]
