"""`manage.py check_dispatcher`: what a container's health check sees."""

from __future__ import annotations

import platform
import uuid
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from sms.models import Dispatcher
from sms.services.database import clock
from sms.services.monitoring import status

pytestmark = pytest.mark.django_db


def dispatcher(*, seconds: float = 1, host: str | None = None, stopped: bool = False) -> None:
    now = clock.now()
    Dispatcher.objects.create(
        id=uuid.uuid4(),
        host=host or platform.node()[:100],
        pid=1,
        slots=1,
        started_at=now - timedelta(hours=1),
        seen_at=now - timedelta(seconds=seconds),
        stopped_at=now if stopped else None,
    )


def test_a_recent_heartbeat_of_this_machine_is_health():
    dispatcher(seconds=3600)
    dispatcher(seconds=50)
    call_command("check_dispatcher")


@pytest.mark.parametrize(
    "values", [None, {"seconds": 61}, {"seconds": 86_400}, {"host": "another-machine"}, {"stopped": True}]
)
def test_anything_else_is_not(values):
    if values is not None:
        dispatcher(**values)
    with pytest.raises(CommandError, match="has updated its heartbeat"):
        call_command("check_dispatcher")


def test_a_database_that_is_away_is_said_without_a_trace(monkeypatch):
    def away():
        raise OperationalError("made-up password in here")

    monkeypatch.setattr(status.clock, "now", away)
    with pytest.raises(CommandError, match=r"can't be queried \(OperationalError\)"):
        call_command("check_dispatcher")
