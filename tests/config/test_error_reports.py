"""SENTRY_DSN: reported where the package is there, and without what people said."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from config.error_reports import start_error_reports

DSN = "https://made-up@sentry.example/1"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = []
    monkeypatch.setitem(sys.modules, "sentry_sdk", SimpleNamespace(init=lambda **options: calls.append(options)))
    return calls


def test_without_an_address_nothing_is_reported(started):
    start_error_reports("")
    assert started == []


def test_faults_are_reported_without_values(started):
    start_error_reports(DSN)
    [options] = started
    assert options["dsn"] == DSN
    assert (options["send_default_pii"], options["include_local_variables"]) == (False, False)
    assert options["max_request_body_size"] == "never"


def test_a_missing_package_is_reported_and_does_not_stop_the_process(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "sentry_sdk", None)
    start_error_reports(DSN)
    said = capsys.readouterr().err
    assert "sentry-sdk is not installed" in said
    assert DSN not in said
