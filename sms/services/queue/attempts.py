"""Reads the attempts of a message since staff last queued it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Protocol

from providers.base import Failure
from providers.registry import SENDERS
from sms.domain.lifecycle import BAD_REPORTS, Try
from sms.models import Attempt


class AttemptedMessage(Protocol):
    @property
    def id(self) -> uuid.UUID: ...
    @property
    def attempts_before(self) -> int: ...


def tries_of(messages: Iterable[AttemptedMessage]) -> dict[uuid.UUID, list[Try]]:
    """Each message's finished attempts, oldest first, with one query.

    An attempt that was reported as not sent counts as rejected: its provider is not tried again.
    """
    before = {message.id: message.attempts_before for message in messages}
    if not before:
        return {}
    attempts = Attempt.objects.filter(message_id__in=before, outcome__isnull=False).order_by("number")
    tries: dict[uuid.UUID, list[Try]] = {message: [] for message in before}
    for attempt in attempts.values_list(*_COLUMNS):
        message, number, provider, vendor, failure, code, reported, repeats = attempt
        if number > before[message]:
            doubts = vendor in SENDERS and SENDERS[vendor].approval_in_doubt(failure, code) is not None
            tries[message].append(Try(provider, _failure(failure, reported), doubts, repeats is not None))
    return tries


_COLUMNS = ("message_id", "number", "provider_id", "provider__vendor", "failure", "code", "reported", "repeats")


def _failure(failure: str, reported: str) -> Failure | None:
    if reported in BAD_REPORTS:
        return Failure.RECIPIENT
    return Failure(failure) if failure else None
