"""The text of GET /metrics: the counters, and gauges that are read from the database at each scrape."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import structlog
from django.db import Error, connection
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from providers.base import Failure
from sms.models import Breaker

from . import status
from .metrics import OWN, PREFIX
from .status import Overview

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
"""The format that every Prometheus reads."""

log = structlog.get_logger(__name__)

shared_folder: str | None = None
"""Where gunicorn's processes keep their counters; None for a single process."""


def exposition() -> bytes:
    """The counters of all web processes, and the gauges."""
    registry = CollectorRegistry()
    registry.register(MultiProcessCollector(None, shared_folder) if shared_folder else OWN)
    registry.register(DatabaseGauges())
    return generate_latest(registry)


class DatabaseGauges(Collector):
    """Reads the database at each scrape. While it is unavailable, the only gauge is `database_up`."""

    def collect(self) -> Iterator[Metric]:
        try:
            found = status.read_overview()
        except Error as error:
            log.warning("metrics.database", error=type(error).__name__)
            connection.close()
            found = None
        yield _gauge("database_up", "1: the database answered this scrape.", [((), float(found is not None))])
        if found is not None:
            yield from (_gauge(name, help_text, samples(found), label) for name, help_text, label, samples in GAUGES)


Samples = Iterable[tuple[tuple[str, ...], float]]


def _gauge(name: str, help_text: str, samples: Samples, label: str = "") -> Metric:
    gauge = GaugeMetricFamily(f"{PREFIX}_{name}", help_text, labels=[label] if label else [])
    for labels, value in samples:
        gauge.add_metric(labels, value)
    return gauge


def _one(value: float) -> Samples:
    return [((), value)]


GAUGES: tuple[tuple[str, str, str, Callable[[Overview], Samples]], ...] = (
    (
        "queued",
        "Messages that wait to be sent.",
        "lane",
        lambda now: [((lane,), each.queued) for lane, each in now.lanes.items()],
    ),
    (
        "oldest_waiting_seconds",
        "How long the longest waiting message has waited; 0: none waits.",
        "lane",
        lambda now: [((lane,), each.oldest_seconds or 0.0) for lane, each in now.lanes.items()],
    ),
    (
        "breaker_open",
        "1: the provider is not called, but for probes.",
        "provider",
        lambda now: [((s.provider.slug,), float(s.breaker == Breaker.OPEN)) for s in now.states],
    ),
    (
        "balance_used_up",
        "1: the provider is not called because the account at the vendor is empty.",
        "provider",
        lambda now: [
            ((s.provider.slug,), float(s.breaker == Breaker.OPEN and s.breaker_failure == Failure.BALANCE))
            for s in now.states
        ],
    ),
    (
        "unconfirmed",
        "Messages that may or may not have been sent.",
        "",
        lambda now: _one(now.unconfirmed),
    ),
    (
        "unconfirmed_oldest_seconds",
        "How long the oldest of them has waited for a report or for staff; 0: there is none.",
        "",
        lambda now: _one(now.unconfirmed_seconds or 0.0),
    ),
    ("held", "Messages that wait for a template.", "", lambda now: _one(now.held)),
    ("dispatchers", "Dispatchers seen within the last minute.", "", lambda now: _one(len(now.alive))),
    (
        "open_alerts",
        "Alerts that are open.",
        "severity",
        lambda now: [((severity,), now.open_alerts.get(severity, 0)) for severity in ("warning", "critical")],
    ),
)
