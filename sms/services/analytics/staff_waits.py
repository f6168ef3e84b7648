"""Messages that waited for staff before their first call, so that they say nothing of how fast a provider is."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q

from sms.domain.lifecycle import Status
from sms.models import MessageEvent

_SENT_ON = (
    Q(kind="released")
    | Q(kind="moved", detail__was=Status.HELD)
    | Q(kind="resent", detail__was__in=[Status.CANCELED, Status.FAILED, Status.UNCONFIRMED])
)
"""Until then a message without a call waited for staff; but not one that had expired at its provider."""


def sent_on(*, message: str, called_at: Any) -> Exists:
    """SQL: whether staff sent the message on before its first call. `message`: the column with its id."""
    return Exists(MessageEvent.objects.filter(_SENT_ON, message=OuterRef(message), at__lte=called_at))
