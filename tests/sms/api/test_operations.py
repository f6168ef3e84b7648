"""GET /status and /metrics: which networks may read them, and their contents."""

from __future__ import annotations

import ipaddress
from datetime import timedelta

import pytest
from django.db import DatabaseError

from sms.domain.lifecycle import Status
from sms.models import Alert, Breaker, Dispatcher, Message, Provider, ProviderState
from sms.services.database import clock
from sms.services.monitoring import status
from tests.sms import cast

ELSEWHERE = {"REMOTE_ADDR": "192.0.2.7"}


@pytest.fixture
def dispatcher(db) -> Dispatcher:
    now = clock.now()
    return Dispatcher.objects.create(
        id=clock.new_id(), host="worker-1", pid=4711, slots=64, in_flight=3, started_at=now, seen_at=now
    )


def age(seconds: float, **columns: object) -> None:
    """Set the age of all messages."""
    then = clock.now() - timedelta(seconds=seconds)
    Message.objects.update(created_at=then, updated_at=then, **columns)


@pytest.mark.parametrize("path", ["/status", "/status/", "/metrics", "/metrics/"])
def test_strangers_are_refused(caller, path, settings):
    assert cast.errors(caller.get(path, **ELSEWHERE)) == [(403, "forbidden", "")]
    settings.METRICS_ALLOWED = [ipaddress.ip_network("192.0.2.0/24")]
    assert caller.get(path, **ELSEWHERE).status_code != 403
    assert caller.get(path).status_code == 403


@pytest.mark.parametrize("path", ["/status", "/metrics"])
def test_headers_of_an_untrusted_client_are_not_used(caller, path):
    headers = {"x-forwarded-for": "127.0.0.1"}
    assert caller.get(path, headers=headers, **ELSEWHERE).status_code == 403


@pytest.mark.parametrize("path", ["/status", "/metrics"])
def test_a_client_that_a_proxy_of_ours_hides_is_refused(caller, path, settings):
    settings.TRUSTED_PROXIES = settings.METRICS_ALLOWED = [ipaddress.ip_network("127.0.0.0/8")]
    assert caller.get(path, headers={"x-forwarded-for": "unknown"}).status_code == 403
    assert caller.get(path, headers={"x-forwarded-for": "127.0.0.2"}).status_code != 403


@pytest.mark.parametrize("path", ["/status", "/metrics"])
def test_they_are_read_and_never_written(caller, path):
    response = caller.post(path)
    assert cast.errors(response) == [(405, "method_not_allowed", "")]
    assert response["Allow"] == "GET, HEAD"


# --- /status ------------------------------------------------------------------------------


def test_status_tells_of_dispatchers_lanes_breakers_and_doubts(caller, dispatcher):
    cast.send(caller)
    cast.send(caller, cast.body(isOtp=True))
    age(90.0)
    ProviderState.objects.filter(provider__slug="free").update(
        breaker=Breaker.OPEN, breaker_failure="balance", breaker_code="119", opened_at=clock.now()
    )
    response = caller.get("/status")
    assert response.status_code == 200
    found = response.json()
    assert "errors" not in found
    [seen] = found["dispatchers"]
    assert (seen["host"], seen["pid"], seen["slots"], seen["in_flight"]) == ("worker-1", 4711, 64, 3)
    assert seen["seconds_since_seen"] < 60
    assert {lane: value["queued"] for lane, value in found["lanes"].items()} == {"otp": 1, "other": 1}
    assert all(90 <= value["oldest_seconds"] < 150 for value in found["lanes"].values())
    assert found["breakers"]["free"]["state"] == "open"
    assert (found["breakers"]["free"]["failure"], found["breakers"]["free"]["code"]) == ("balance", "119")
    assert found["breakers"]["only"]["state"] == "closed"
    assert (found["unconfirmed"], found["held"], found["open_alerts"]) == (0, 0, 0)


def test_status_counts_what_waits_for_people(caller, dispatcher):
    cast.send(caller)
    age(5.0, status=Status.UNCONFIRMED)
    Alert.objects.create(key="made-up", severity="warning", title="Made up", opened_at=clock.now())
    found = caller.get("/status").json()
    assert (found["unconfirmed"], found["open_alerts"]) == (1, 1)
    assert found["lanes"]["other"] == {"queued": 0, "oldest_seconds": None}


@pytest.mark.parametrize("columns", [{"stopped_at": "now"}, {"seen_at": "old"}])
def test_without_a_dispatcher_status_is_503_in_the_format_and_still_tells_all(caller, dispatcher, columns):
    times = {"now": clock.now(), "old": clock.now() - status.ALIVE - timedelta(seconds=1)}
    Dispatcher.objects.update(**{name: times[word] for name, word in columns.items()})
    response = caller.get("/status")
    assert cast.errors(response) == [(503, "unavailable", "dispatcher")]
    assert response.json()["lanes"]["otp"]["queued"] == 0


def test_a_dead_dispatcher_never_keeps_the_web_from_accepting(caller, db):
    assert caller.get("/status").status_code == 503
    assert caller.get("/readyz").status_code == 200
    assert cast.send(caller).status_code == 201


def test_a_message_that_staff_sent_again_waits_since_then(caller, dispatcher):
    cast.send(caller)
    age(7200.0, attempts_before=1)
    Message.objects.update(updated_at=clock.now())
    assert caller.get("/status").json()["lanes"]["other"]["oldest_seconds"] < 60


# --- /metrics -----------------------------------------------------------------------------


def series(response) -> dict[str, float]:
    lines = [line for line in response.content.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_metrics_counts_what_was_accepted_repeated_and_refused(caller, db):
    before = series(caller.get("/metrics"))
    cast.send(caller, cast.body(), **{"x-akinon-request-id": "one"})
    cast.send(caller, cast.body(), **{"x-akinon-request-id": "one"})
    cast.send(caller, cast.body(isOtp=True))
    cast.send(caller, cast.body(from_="STRANGER"))
    cast.send(caller, authorization=cast.basic("stranger"))
    after = series(caller.get("/metrics"))

    def rise(name: str) -> float:
        return after[name] - before.get(name, 0.0)

    assert rise('sms_desk_accepted_total{lane="other"}') == 1
    assert rise('sms_desk_accepted_total{lane="otp"}') == 1
    assert rise("sms_desk_repeated_total") == 1
    assert rise('sms_desk_refused_total{code="unknown_sender"}') == 1
    assert rise('sms_desk_refused_total{code="unauthorized"}') == 1
    assert after['sms_desk_queued{lane="other"}'] == 1
    assert after['sms_desk_breaker_open{provider="free"}'] == 0


def test_metrics_are_text_that_prometheus_reads(caller, db):
    response = caller.get("/metrics", headers={"accept": "text/html"})
    assert (response.status_code, response["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert series(response)["sms_desk_database_up"] == 1


def test_the_counters_are_served_while_the_database_is_away(caller, db, monkeypatch):
    def away() -> None:
        raise DatabaseError("made up")

    monkeypatch.setattr(status, "read_overview", away)
    found = series(caller.get("/metrics"))
    assert found["sms_desk_database_up"] == 0
    assert 'sms_desk_accepted_total{lane="otp"}' in found
    assert not any(name.startswith("sms_desk_queued") for name in found)


def test_a_provider_without_balance_is_told_apart(caller, db):
    ProviderState.objects.filter(provider=Provider.objects.get(slug="only")).update(
        breaker=Breaker.OPEN, breaker_failure="balance"
    )
    found = series(caller.get("/metrics"))
    assert found['sms_desk_balance_used_up{provider="only"}'] == 1
    assert found['sms_desk_balance_used_up{provider="free"}'] == 0


# --- how neighbours ask -----------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/healthz/"])
def test_neighbours_ask_by_plain_http_and_by_a_containers_own_address(caller, settings, path):
    settings.IS_HTTPS, settings.ALLOWED_HOSTS, settings.SECURE_HSTS_SECONDS = True, ["sms.example"], 60
    assert caller.get(path, headers={"host": "10.244.1.17:8008"}).status_code == 200


def test_everything_else_needs_the_public_name(caller, settings):
    settings.ALLOWED_HOSTS = ["sms.example"]
    assert caller.get("/status", headers={"host": "10.244.1.17:8008"}).status_code == 400
