"""Two providers: one reports up to "sent", the other reports nothing. The clock stands still."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from providers import registry
from providers.base import ReportChannel
from sms.domain.ids import uuid7
from sms.models import Attempt, Message
from sms.services.database import clock
from tests.sms.admin.conftest import Cast, TemplateVendor, TextVendor

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def new_id(at: datetime) -> uuid.UUID:
    return uuid7(int(at.timestamp() * 1000), uuid.uuid4().int >> 54)


class Traffic(Cast):
    """Messages with one call each, at chosen times."""

    now = NOW

    def send(
        self, *, ago: float = 600, took: float | None = 0.3, outcome: str | None = "accepted", **changes: Any
    ) -> Attempt:
        """A message of `ago` seconds ago, and its call; without `took` the call is in flight."""
        at = self.now - timedelta(seconds=ago)
        call = {name: changes.pop(name) for name in ("provider", "reported", "number", "code") if name in changes}
        message = self.message(id=new_id(at), created_at=at, **{"is_otp": True} | changes, **_at(call))
        finished = None if took is None else at + timedelta(seconds=took)
        outcome = None if took is None else outcome
        return self.attempt(message, outcome, id=new_id(at), started_at=at, finished_at=finished, **call)

    def waits(self, *, ago: float, status: str = "queued", **changes: Any) -> Message:
        at = self.now - timedelta(seconds=ago)
        return self.message(status, id=new_id(at), created_at=at, is_otp=True, due_at=at, **changes)

    def receipt(self, attempt: Attempt, *, after: float, status: str = "sent") -> None:
        assert attempt.finished_at
        self.report(attempt, status, received_at=attempt.finished_at + timedelta(seconds=after))
        Attempt.objects.filter(pk=attempt.pk).update(reported=status)


def _at(call: dict[str, Any]) -> dict[str, Any]:
    return {"provider": call["provider"]} if "provider" in call else {}


@pytest.fixture
def traffic(db: None, monkeypatch: pytest.MonkeyPatch) -> Traffic:
    monkeypatch.setattr(TextVendor, "reports", frozenset({ReportChannel.CALLBACK_REGISTERED}))
    for vendor in (TextVendor, TemplateVendor):
        monkeypatch.setitem(registry.SENDERS, vendor.slug, vendor)
    cast = Traffic()
    monkeypatch.setattr(clock, "now", lambda: cast.now)
    return cast


@pytest.fixture
def pass_time(traffic: Traffic) -> Callable[..., None]:
    def move(**amount: float) -> None:
        traffic.now += timedelta(**amount)

    return move
