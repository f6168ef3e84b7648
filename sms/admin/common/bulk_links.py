"""Links to the page that starts a bulk operation, for pages that show messages which wait for staff."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from sms.models import BulkOperation

Kind = BulkOperation.Kind

START = "sms.add_bulkoperation"
PERMISSION = {
    Kind.MOVE: "sms.resend_message",
    Kind.RESEND: "sms.resend_message",
    Kind.CANCEL: "sms.cancel_message",
    Kind.RESOLVE: "sms.settle_message",
}
"""What one message needs, many need, too."""


def may_start(request: HttpRequest, kind: str) -> bool:
    return request.user.has_perm(START) and request.user.has_perm(PERMISSION[Kind(kind)])


def bulk_address(kind: str, **filters: object) -> str:
    return f"{reverse('admin:tools_bulk')}?{urlencode({'kind': kind, **filters})}"


def list_address(**filters: object) -> str:
    """The list of messages with these filters."""
    return f"{reverse('admin:sms_message_changelist')}?{urlencode(filters)}"
