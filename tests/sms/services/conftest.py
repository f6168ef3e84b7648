"""A small shop with two scripted vendors, and messages in its queue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from providers.registry import SENDERS
from sms.domain.lifecycle import Status
from sms.models import ApiClient, Message, Provider, Route, RouteProvider, SenderName
from sms.services.configuration import network_policy, snapshot
from sms.services.database import clock
from sms.services.dispatch import claim, eligibility, settle
from sms.services.worker import engine, periodic
from sms.services.worker.periodic import WorkerState

from .fakes import OnceVendor, PolledVendor, TextVendor, Wire


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    wire = Wire()
    monkeypatch.setattr(network_policy, "Client", lambda **_: wire)
    return wire


@pytest.fixture(autouse=True)
def fresh(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No snapshot of another test, and a check of the database at each use."""
    settings.CONFIGURATION_MAX_AGE = 0.0
    settings.PUBLIC_URL = "https://desk.example"
    snapshot.reset_cache()
    monkeypatch.setattr(settle.random, "random", lambda: 1.0)  # the back-off is always the whole step
    yield
    snapshot.reset_cache()


@pytest.fixture
def shop(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setitem(SENDERS, TextVendor.slug, TextVendor)
    monkeypatch.setitem(SENDERS, PolledVendor.slug, PolledVendor)
    monkeypatch.setitem(SENDERS, OnceVendor.slug, OnceVendor)
    return Shop()


class Shop:
    """Two providers, `first` and `second`, on one route for +99450."""

    def __init__(self) -> None:
        self.client = ApiClient.objects.create(username="akinon", secret_digest="0" * 64)
        self.sender = SenderName.objects.create(name="AKINON")
        self.first = Provider.objects.create(slug="first", vendor="textvendor", base_url="https://first.example")
        self.second = Provider.objects.create(slug="second", vendor="textvendor", base_url="https://second.example")
        self.route = Route.objects.create(prefix="+994")
        self.set_route(self.first, self.second)

    def set_route(self, *providers: Provider) -> None:
        self.route.steps.all().delete()
        for position, provider in enumerate(providers, 1):
            RouteProvider.objects.create(route=self.route, provider=provider, position=position)

    def message(self, text: str = "Salam", **columns: Any) -> Message:
        """A queued message, as intake would leave it."""
        now = clock.now()
        is_otp = columns.get("is_otp", False)
        ttl = columns.pop("ttl", 300 if is_otp else 86400)
        to = columns.pop("to", "+994501234567")
        decision = snapshot.current().decide(text=text, sender="AKINON", to=to, client=self.client.pk, is_otp=is_otp)
        first = decision.eligible[0]
        values: dict[str, Any] = {
            "id": clock.new_id(),
            "client": self.client,
            "request_id": "made-up",
            "sender": "AKINON",
            "to": to,
            "raw_text": text,
            "text": text,
            "encoding": "GSM-7",
            "segments": 1,
            "decision": decision.as_json(),
            "status": Status.QUEUED,
            "provider_id": first.provider,
            "due_at": now,
            "expires_at": now + timedelta(seconds=ttl),
            "created_at": now,
            "updated_at": now,
        }
        return Message.objects.create(**values | columns)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that waits for a provider becomes due when the test says so, however slow the machine is."""
    for name in ("LATER", "LATER_WHEN_CLOSED"):
        monkeypatch.setattr(eligibility, name, {True: 3600.0, False: 3600.0})
    monkeypatch.setattr(claim, "REROUTE_PAUSE", 3600.0)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    """Process what is due, without alerts, statistics and retention, which would take most of the time."""
    monkeypatch.setattr(periodic, "upkeep_tasks", list)
    state = WorkerState(slots=8)
    return lambda: engine.work(state)
