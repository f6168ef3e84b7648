"""Every test of `sms` starts with empty caches; `caller` is an HTTP client with the test data of `cast`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from providers.registry import SENDERS, describe
from sms.services.configuration import snapshot
from sms.services.intake import destination_limits, login_throttle, rate_limits
from sms.services.queue import notify
from sms.services.webhooks.call_rate import call_rate
from tests.sms import cast


@pytest.fixture(autouse=True)
def _fresh_configuration(settings: Any) -> Iterator[None]:
    settings.CONFIGURATION_MAX_AGE = math.inf  # at the usual second, a slow machine would query again within a test
    snapshot.reset_cache()
    rate_limits.limiter.reset_cache()
    call_rate.reset()
    destination_limits.reset_cache()
    login_throttle.throttle.reset_cache()
    yield
    describe({})
    snapshot.reset_cache()
    rate_limits.limiter.reset_cache()
    call_rate.reset()
    destination_limits.reset_cache()
    login_throttle.throttle.reset_cache()


@pytest.fixture(autouse=True)
def _no_notifications(monkeypatch: pytest.MonkeyPatch) -> None:
    """No thread that notifies workers: its connection would keep the test database from being dropped."""
    monkeypatch.setattr(notify, "_notifier", SimpleNamespace(notify=lambda subject: None))


@pytest.fixture
def _cast(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for slug, adapter in cast.VENDORS.items():
        monkeypatch.setitem(SENDERS, slug, adapter)
    cast.enter()


@pytest.fixture
def caller(_cast: None) -> Client:
    """An HTTP client of the API; an internal error is returned as its response."""
    return Client(raise_request_exception=False)
