"""GET /status and /metrics: for operators, monitoring and Prometheus, from the networks of METRICS_ALLOWED only."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from sms.domain.codes import Fault, as_json, refuse
from sms.models import Breaker, Dispatcher, ProviderState
from sms.services.intake.client_ip import client_ip, is_in
from sms.services.monitoring import prometheus
from sms.services.monitoring import status as monitoring_status
from sms.services.monitoring.status import Overview

from .errors import method_not_allowed
from .health import METHODS
from .messages import as_rfc3339

JsonObject = dict[str, Any]


def metrics(request: HttpRequest) -> HttpResponse:
    """In Prometheus' text format."""
    if request.method not in METHODS:
        return method_not_allowed(METHODS)
    check_network(request)
    return HttpResponse(prometheus.exposition(), content_type=prometheus.CONTENT_TYPE)


def status(request: HttpRequest) -> HttpResponse:
    """503 where no dispatcher was seen for a minute: then messages are accepted, but not sent."""
    if request.method not in METHODS:
        return method_not_allowed(METHODS)
    check_network(request)
    found = monitoring_status.read_overview()
    values = status_json(found)
    if found.alive:
        return JsonResponse(values)
    message = "No dispatcher was seen for a minute: run manage.py dispatch."
    faults = as_json([Fault("unavailable", "dispatcher", message)])
    return JsonResponse(faults | values, status=503)


def check_network(request: HttpRequest) -> None:
    """Raises Refusal for clients outside METRICS_ALLOWED, and where the address is not known."""
    source = client_ip(request.META)
    if source is None or not is_in(source, settings.METRICS_ALLOWED):
        raise refuse("forbidden", message="This page is served only to the networks of METRICS_ALLOWED.")


def status_json(found: Overview) -> JsonObject:
    return {
        "at": as_rfc3339(found.at),
        "dispatchers": [_dispatcher(found, dispatcher) for dispatcher in found.dispatchers],
        "lanes": {
            name: {"queued": lane.queued, "oldest_seconds": _rounded(lane.oldest_seconds)}
            for name, lane in found.lanes.items()
        },
        "breakers": {state.provider.slug: _breaker(state) for state in found.states},
        "unconfirmed": found.unconfirmed,
        "held": found.held,
        "open_alerts": sum(found.open_alerts.values()),
    }


def _dispatcher(found: Overview, dispatcher: Dispatcher) -> JsonObject:
    return {
        "host": dispatcher.host,
        "pid": dispatcher.pid,
        "slots": dispatcher.slots,
        "in_flight": dispatcher.in_flight,
        "started_at": as_rfc3339(dispatcher.started_at),
        "seen_at": as_rfc3339(dispatcher.seen_at),
        "seconds_since_seen": _rounded(found.seconds_since_seen(dispatcher)),
    }


def _breaker(state: ProviderState) -> JsonObject:
    is_open = state.breaker == Breaker.OPEN
    return {
        "state": state.breaker,
        "failure": state.breaker_failure if is_open else "",
        "code": state.breaker_code if is_open else "",
        "opened_at": as_rfc3339(state.opened_at),
        "next_probe_at": as_rfc3339(state.probe_at) if is_open else None,
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)
