"""A client's own messages, newest first. Ids increase with time, so the order is that of the primary key."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet

from sms.models import Message


def newest_messages(client: int, *, limit: int, before: uuid.UUID | None = None, **filters: Any) -> list[Message]:
    """Messages older than `before`. A filter that is None is not applied."""
    found = _of(client).filter(**{name: value for name, value in filters.items() if value is not None})
    if before is not None:
        found = found.filter(id__lt=before)
    return list(found.order_by("-id")[:limit])


def find_message(client: int, id: uuid.UUID) -> Message | None:
    return _of(client).filter(id=id).first()


def _of(client: int) -> QuerySet[Message]:
    return (
        Message.objects.filter(client=client)
        .select_related("provider", "template_version__template")
        .prefetch_related("attempts__provider", "reports__provider")
    )
