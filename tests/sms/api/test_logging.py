"""The log line of each call."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from structlog.testing import capture_logs

from sms.models import Provider
from sms.services.intake import accept
from sms.services.webhooks import tokens
from tests.sms import cast
from tests.sms.cast import send


def logged(caller: Client, **more: Any) -> list[Any]:
    from structlog.contextvars import merge_contextvars

    with capture_logs(processors=[merge_contextvars]) as lines:
        send(caller, **more)
    return lines


def test_each_call_leaves_one_line_with_its_request_id(caller: Client) -> None:
    (line,) = logged(caller, x_akinon_request_id="r-1")
    assert line.pop("milliseconds") >= 0
    assert line == {
        "event": "request.answered",
        "log_level": "info",
        "method": "POST",
        "route": "send-sms",
        "status": 201,
        "request_id": "r-1",
    }


def test_a_fault_of_ours_is_logged_with_the_same_id(caller: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: Any) -> None:
        raise RuntimeError("x")

    monkeypatch.setattr(accept, "accept", breaks)
    failed, answered = logged(caller, x_akinon_request_id="r-1")
    assert (failed["event"], failed["request_id"]) == ("request.failed", "r-1")
    assert (answered["status"], answered["request_id"]) == (500, "r-1")


def test_no_key_of_a_vendors_address_gets_into_the_log(caller: Client) -> None:
    key = tokens.provider_token(Provider.objects.get(slug="free").pk)
    with capture_logs() as lines:
        assert caller.post(f"/webhooks/{cast.FreeText.slug}/{key}").status_code == 200
        assert caller.post(f"/webhooks/{cast.FreeText.slug}/{key}x").status_code == 404
    assert lines
    assert key not in str(lines)


def test_one_calls_id_does_not_stick_to_the_next(caller: Client) -> None:
    logged(caller, x_akinon_request_id="r-1")
    (line,) = logged(caller)
    assert line["request_id"] != "r-1"


def test_probes_are_no_news(caller: Client) -> None:
    with capture_logs() as lines:
        caller.get("/healthz")
        caller.get("/readyz")
        caller.get("/schema")
    assert [line["log_level"] for line in lines] == ["debug", "debug", "info"]
