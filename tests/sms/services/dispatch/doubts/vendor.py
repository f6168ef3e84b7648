"""Approvals that a vendor forgets."""

from __future__ import annotations

from sms.models import (
    Alert,
    ApprovalDoubt,
    Message,
    MessageTemplate,
    TemplateApproval,
)
from sms.services.database import clock


def approve(template, provider, vendor_template, **values):
    """An approval; the template is made if there is none, or found by its name."""
    body = values.pop("body", "Kod {code}")
    template = MessageTemplate.objects.filter(name=template).first() or MessageTemplate.objects.create(
        name=template, body=body
    )
    return TemplateApproval.objects.create(
        template=template, provider=provider, vendor_template=vendor_template, status="approved", **values
    )


def state(message):
    message.refresh_from_db()
    return message.status


def make_due():
    """Waiting messages and probes are due."""
    now = clock.now()
    Message.objects.filter(status="queued").update(due_at=now)
    ApprovalDoubt.objects.update(probe_at=now)


def forget(vendor, *templates):
    vendor.templates.difference_update(templates or ("7",))


def doubts():
    return [(each.template_approval_id, each.sender_approval_id, each.code) for each in ApprovalDoubt.in_force()]


def open_alerts():
    return list(Alert.objects.filter(closed_at=None).values_list("key", flat=True))


def make_waiting_due_only():
    Message.objects.filter(status="queued").update(due_at=clock.now())
