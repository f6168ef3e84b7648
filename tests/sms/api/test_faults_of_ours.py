"""Internal errors: the format is kept, no traceback is sent, an unavailable database is 503."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import InterfaceError, InternalError, OperationalError
from django.test import Client

from sms.api import health
from sms.models import Message
from sms.services.intake import accept, insert, rejections
from sms.services.monitoring import readiness
from tests.sms.cast import errors, send


def breaks(error: Exception) -> Any:
    def call(*_: Any, **__: Any) -> None:
        raise error

    return call


def test_an_internal_error_shows_only_its_request_id(caller: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accept, "accept", breaks(RuntimeError("a secret detail")))
    response = send(caller, x_akinon_request_id="r-1")
    assert errors(response) == [(500, "internal_error", "")]
    assert response.json()["errors"][0]["message"] == "A fault of ours. Tell us the request id r-1."
    assert "secret" not in response.content.decode()
    assert "Traceback" not in response.content.decode()


@pytest.mark.parametrize("error", [OperationalError, InterfaceError, InternalError])
def test_a_database_that_is_away_is_503_with_retry_after(
    caller: Client, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    monkeypatch.setattr(insert, "insert", breaks(error("terminating connection")))
    response = send(caller)
    assert errors(response) == [(503, "unavailable", "")]
    assert int(response["Retry-After"]) > 0
    assert not Message.objects.exists()


def test_a_refusal_that_can_not_be_recorded_is_answered_all_the_same(
    caller: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rejections, "_count", breaks(OperationalError("gone")))
    assert errors(send(caller, b"")) == [(400, "malformed_json", "")]


class TestProbes:
    def test_the_process_answers_and_can_accept(self, caller: Client) -> None:
        assert caller.get("/healthz").status_code == caller.get("/readyz").status_code == 200

    def test_without_a_database_it_can_not_accept_but_answers(
        self, caller: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(readiness, "write_row", breaks(OperationalError("read only")))
        response = caller.get("/readyz")
        assert errors(response) == [(503, "unavailable", "database")]
        assert int(response["Retry-After"]) > 0
        assert caller.get("/healthz").status_code == 200

    def test_without_its_migrations_it_can_not_accept(self, caller: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(health, "readiness", readiness.Readiness())
        monkeypatch.setattr(readiness, "missing_migrations", lambda: True)
        assert errors(caller.get("/readyz")) == [(503, "unavailable", "migrations")]
