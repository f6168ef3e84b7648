"""The filters of messages, the same for the list and for bulk operations: both find the same messages."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from functools import reduce
from operator import or_

from django.db.models import Q, QuerySet

from providers.marking import N_
from providers.registry import SENDERS
from sms.domain.lifecycle import Status
from sms.models import Message, Provider
from sms.models.message import NEEDS_ATTENTION
from sms.services.database import clock, uuid_range
from sms.services.queue.errors import ActionRefused

Messages = QuerySet[Message]

NO_REPORT_AFTER = timedelta(minutes=10)
NO_REPORT_WITHIN = timedelta(hours=72)
"""The maximum age in the view "no report": no vendor reports later."""


def _no_report(messages: Messages) -> Messages:
    """Messages whose vendor accepted them and has not sent the delivery report that it could send."""
    at = clock.now()
    stronger = Q()
    for pk, vendor in Provider.objects.values_list("pk", "vendor"):
        strongest = SENDERS[vendor].strongest if vendor in SENDERS else "submitted"
        expected = {"submitted": [], "sent": ["submitted"], "delivered": ["submitted", "sent"]}[strongest]
        if expected:
            stronger |= Q(provider=pk, status__in=expected)
    recent = messages.filter(
        id__gte=uuid_range.min_id(at - NO_REPORT_WITHIN), id__lt=uuid_range.min_id(at - NO_REPORT_AFTER)
    )
    return recent.filter(stronger) if stronger else recent.none()


def _in(*statuses: Status) -> Callable[[Messages], Messages]:
    return lambda messages: messages.filter(status__in=statuses)


def _waiting(messages: Messages) -> Messages:
    """Uses OR, because each of the two statuses has a partial index, which IN would not use."""
    return messages.filter(Q(status=Status.QUEUED) | Q(status=Status.SENDING))


VIEWS: Mapping[str, Callable[[Messages], Messages]] = {
    "failed": _in(Status.FAILED, Status.UNDELIVERED, Status.EXPIRED),
    "unconfirmed": _in(Status.UNCONFIRMED),
    "waiting": _waiting,
    "held": _in(Status.HELD),
    "no-report": _no_report,
    "otp": lambda messages: messages.filter(is_otp=True),
}


def with_code(messages: Messages, code: str) -> Messages:
    """Failed and unconfirmed messages with exactly this code: they are few, and indexed."""
    return messages.filter(status__in=NEEDS_ATTENTION, code=code)


def with_statuses(messages: Messages, statuses: Iterable[Status]) -> Messages:
    """Uses OR like `_waiting`, for the same reason."""
    return messages.filter(reduce(or_, (Q(status=status) for status in statuses)))


def _equal(field: str, read: Callable[[str], object] = str) -> Callable[[Messages, str], Messages]:
    return lambda messages, value: messages.filter(**{field: read(value)})


def _flag(value: str) -> bool:
    return {"1": True, "0": False}[value]


FILTERS: Mapping[str, Callable[[Messages, str], Messages]] = {
    "view": lambda messages, value: VIEWS[value](messages),
    "status": lambda messages, value: with_statuses(messages, map(Status, value.split(","))),
    "provider": _equal("provider", int),
    "sender": _equal("sender"),
    "template": _equal("template_version__template", int),
    "client": _equal("client", int),
    "code": with_code,
    "is_otp": _equal("is_otp", _flag),
    "is_test": _equal("is_test", _flag),
    "first": _equal("id__gte", uuid.UUID),
    "last": _equal("id__lt", uuid.UUID),
}
"""By the name of the URL parameter; `first` and `last` bound the id, and so the time; `status` may list several."""


def narrow(filters: Mapping[str, str]) -> Messages:
    """The messages that all these filters find. Raises ActionRefused for an unknown filter or value."""
    found = Message.objects.all()
    for name, value in filters.items():
        if name not in FILTERS:
            raise ActionRefused(
                N_("Messages can't be selected by “{name}”: remove it from the filters of the list.").format(name=name)
            )
        try:
            found = FILTERS[name](found, value)
        except (KeyError, ValueError) as error:
            raise ActionRefused(
                N_("The filter “{name}” has the value “{value}”, which does not exist.").format(name=name, value=value)
            ) from error
    return found
