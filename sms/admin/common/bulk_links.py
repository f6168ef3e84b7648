"""Links to the page that starts a bulk operation, for pages that show messages that need staff."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sms.domain.lifecycle import Status
from sms.models import BulkOperation, Message, Provider

Kind = BulkOperation.Kind

CAP = 10_000
START = "sms.add_bulkoperation"
PERMISSION = {
    Kind.MOVE: "sms.resend_message",
    Kind.RESEND: "sms.resend_message",
    Kind.CANCEL: "sms.cancel_message",
    Kind.RESOLVE: "sms.settle_message",
}
"""The bulk operation for each action of a message."""


def may_start(request: HttpRequest, kind: str) -> bool:
    return request.user.has_perm(START) and request.user.has_perm(PERMISSION[Kind(kind)])


def bulk_address(kind: str, **filters: object) -> str:
    return f"{reverse('admin:tools_bulk')}?{urlencode({'kind': kind, **filters})}"


def list_address(**filters: object) -> str:
    """The list of messages with these filters."""
    return f"{reverse('admin:sms_message_changelist')}?{urlencode(filters)}"


def offer_to_move(request: HttpRequest, providers: Iterable[Provider], **more: object) -> None:
    """After a change that does not affect queued messages: a link for those that wait at each of these providers."""
    if not may_start(request, Kind.MOVE):
        return
    for provider in providers:
        waiting = Message.objects.filter(provider=provider, status=Status.QUEUED).order_by()[:CAP].count()
        if waiting:
            address = bulk_address(Kind.MOVE, view="waiting", provider=provider.pk, **more)
            count = f"{waiting}" if waiting < CAP else f"{CAP}+"
            words = ngettext(
                "%(count)s message still waits at %(provider)s.",
                "%(count)s messages still wait at %(provider)s.",
                waiting,
            ) % {"count": count, "provider": provider.slug}
            link = format_html('{} <a href="{}">{}</a>', words, address, _("Move them to another provider"))
            messages.warning(request, link)
