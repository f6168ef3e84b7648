"""Every test of `sms` starts without a copy of the configuration; `caller` meets the cast."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from providers.registry import SENDERS
from sms.services.configuration import snapshot
from sms.services.intake import destination_limits, login_throttle, rate_limits
from sms.services.queue import notify
from tests.sms import cast


@pytest.fixture(autouse=True)
def _fresh_configuration() -> Iterator[None]:
    snapshot.forget()
    rate_limits.forget()
    destination_limits.reset_cache()
    login_throttle.forget()
    yield
    snapshot.forget()
    rate_limits.forget()
    destination_limits.reset_cache()
    login_throttle.forget()


@pytest.fixture(autouse=True)
def _silent_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    """No thread that rings for dispatchers: its connection would keep the test database from being dropped."""
    monkeypatch.setattr(notify, "_rouse_thread", lambda: None)
    monkeypatch.setattr(notify, "_notify", lambda due: None)


@pytest.fixture
def _cast(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for slug, adapter in cast.VENDORS.items():
        monkeypatch.setitem(SENDERS, slug, adapter)
    cast.enter()


@pytest.fixture
def caller(_cast: None) -> Client:
    """An HTTP client in front of the doors; a fault of ours comes back as its answer."""
    return Client(raise_request_exception=False)
