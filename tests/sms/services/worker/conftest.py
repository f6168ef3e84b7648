"""Faults that tests put into the dispatcher, and ways to run it."""

from __future__ import annotations

import pytest

from sms.services.worker import engine as worker_engine


@pytest.fixture
def engine(monkeypatch):
    monkeypatch.setattr(worker_engine, "RETRY_SECONDS", 0.0)
    engine = worker_engine.Engine(8)
    yield engine
    engine.finish()
