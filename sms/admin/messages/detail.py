"""The context of a message's page: timeline, remedy, and a curl command that repeats the client's request."""

from __future__ import annotations

import json
import shlex
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from sms.admin.common import labels, privacy
from sms.domain.lifecycle import Status
from sms.models import ApprovalDoubt, Message
from sms.services.staff import timeline
from sms.services.staff.explanation import Rows, explain

from .search import SAME_NUMBER


def context(message: Message) -> dict[str, Any]:
    readable = privacy.may_read(message)
    rows = Rows.of(message)
    told = timeline.timeline_of(message, rows, shows_number=privacy.shows_number(message))
    return {
        "explained": explained(message, rows),
        "message": message,
        "timeline": told,
        "vendor_ids": [
            privacy.vendor_id(each.vendor_message_id, message) for each in told.attempts if each.vendor_message_id
        ],
        "doubts": doubts(message),
        "readable": readable,
        "shown_to": privacy.number(message.to, message),
        "shown_text": privacy.text(message),
        "raw_text": message.raw_text if readable and message.raw_text != message.text else None,
        "why_no_text": privacy.why_no_text(message),
        "parameters": (message.parameters or {}).items() if readable else (),
        "tone": labels.STATUS.get(message.status, ""),
        "title": privacy.number(message.to, message),
        "same_number": list_address(q=f"{SAME_NUMBER}{message.pk}"),
        "curl": curl(message) if readable else "",
    }


def explained(message: Message, rows: Rows) -> dict[str, Any]:
    """What this user may see of the explained message."""
    return explain(message, rows, shows_number=privacy.shows_number(message), shows_text=privacy.may_read(message))


def doubts(message: Message) -> list[ApprovalDoubt]:
    """Of the approvals that this message may go out with, those in doubt now."""
    if message.status != Status.QUEUED:
        return []
    candidates = (message.decision or {}).get("candidates", ())
    approvals = {candidate.get("approval") for candidate in candidates}
    providers = {candidate.get("provider") for candidate in candidates}
    listed = ApprovalDoubt.in_force(provider__in=providers)
    return [doubt for doubt in listed if _concerns(doubt, approvals, message.sender)]


def _concerns(doubt: ApprovalDoubt, approvals: set[int | None], sender: str) -> bool:
    if doubt.template_approval_id is not None:
        return doubt.template_approval_id in approvals
    return doubt.owner.name == sender


def list_address(**filters: str) -> str:
    return f"{reverse('admin:sms_message_changelist')}?{urlencode(filters)}"


def curl(message: Message) -> str:
    """The client's request as a curl command, which asks for the secret."""
    fields = {"from": message.sender, "to": message.to, "text": message.raw_text or message.text, "isOtp": False}
    address = f"{settings.PUBLIC_URL or 'http://127.0.0.1:8000'}/send-sms"
    words = ["curl", "-i", "-u", message.client.username, "-H", "Content-Type: application/json"]
    words += ["-H", f"x-akinon-request-id: {message.request_id}", "-d", json.dumps(fields, ensure_ascii=False), address]
    return " ".join(shlex.quote(word) for word in words)
