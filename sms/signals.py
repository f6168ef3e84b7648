"""Touches the configuration's stamp when a model changes that the snapshot contains."""

from __future__ import annotations

from typing import Any

from django.db.models.signals import m2m_changed, post_delete, post_save

from sms.models import (
    ApiClient,
    ConfigurationStamp,
    Destination,
    MessageTemplate,
    Provider,
    RetentionPeriods,
    Route,
    RouteProvider,
    SenderApproval,
    SenderName,
    TemplateApproval,
    VendorDescription,
)

WATCHED = (
    ApiClient,
    Provider,
    SenderName,
    SenderApproval,
    MessageTemplate,
    TemplateApproval,
    Route,
    RouteProvider,
    Destination,
    RetentionPeriods,
    VendorDescription,
)


def _touch(**_: Any) -> None:
    ConfigurationStamp.touch()


def connect_signals() -> None:
    """Called once, when Django is ready."""
    for model in WATCHED:
        for signal in (post_save, post_delete):
            signal.connect(_touch, sender=model, dispatch_uid=f"stamp-{model.__name__}-{id(signal)}")
    m2m_changed.connect(_touch, sender=ApiClient.senders.through, dispatch_uid="stamp-client-senders")
