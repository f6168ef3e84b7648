"""Searches messages by number, request id, message id or vendor's id, each with an index."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet

from sms.admin.common import privacy
from sms.admin.common.phone_numbers import searched
from sms.models import Attempt, Message, RefusedRequest

MAX_REJECTED = 20
SAME_NUMBER = "same-number-as:"
"""The prefix of a message's id in a search for all messages to its number, so that no number is part of the URL."""


def found_by(messages: QuerySet[Message], term: str) -> QuerySet[Message]:
    """The messages with exactly this number, request id, message id (or its prefix) or vendor's id.

    For those who see no numbers a number finds nothing, whether there are messages to it or not.
    """
    term = term.strip()
    if term.startswith(SAME_NUMBER) and (bounds := id_bounds(term.removeprefix(SAME_NUMBER))):
        return messages.filter(to__in=Message.objects.filter(id=bounds[0]).values("to"))
    number = searched(term) if privacy.sees_numbers() else ""
    if number and (by_number := messages.filter(to=number)).exists():
        return by_number
    if bounds := id_bounds(term):
        return messages.filter(id__range=bounds)
    if (by_request := messages.filter(request_id=term)).exists():
        return by_request
    return messages.filter(id__in=Attempt.objects.filter(vendor_message_id=term).values("message_id"))


def rejected_by(term: str) -> list[RefusedRequest]:
    """The newest rejected requests with exactly this number or request id."""
    term = term.strip()
    if not term:
        return []
    wanted = Q(request_id=term)
    if privacy.sees_numbers():
        wanted |= Q(to__in={term, searched(term) or term})
    return list(RefusedRequest.objects.filter(wanted).select_related("client")[:MAX_REJECTED])


def id_bounds(term: str) -> tuple[UUID, UUID] | None:
    """The first and last id that start with these hexadecimal digits (at least eight; dashes are ignored)."""
    digits = term.replace("-", "").lower()
    if not 8 <= len(digits) <= 32 or set(digits) - set("0123456789abcdef"):
        return None
    return UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
