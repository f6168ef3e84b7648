"""The counters of events, exposed at GET /metrics and --metrics-port. Counting takes about a microsecond.

Values that the database has (queues, breakers, unconfirmed messages) are read at each scrape: prometheus.py. Under
gunicorn the counters of all processes are summed (config/gunicorn.py).
"""

from __future__ import annotations

import collections
from collections.abc import Iterable, Mapping
from functools import lru_cache

from prometheus_client import CollectorRegistry, Counter, Histogram

from sms.domain.lifecycle import Outcome, ReportState

PREFIX = "sms_desk"
LANE = {True: "otp", False: "other"}
"""By `is_otp`: OTPs have their own lane."""

APPLIED = "applied"
RESULTS = (APPLIED, "orphaned", "refused")
"""Of a delivery report."""
PUSH_OUTCOMES = ("delivered", "refused", "again")

OWN = CollectorRegistry()
"""This process's counters."""

ACCEPTED = Counter("accepted", "Messages stored and answered 201.", ["lane"], namespace=PREFIX, registry=OWN)
REPEATED = Counter("repeated", "Calls answered 201 as repeats of a stored one.", namespace=PREFIX, registry=OWN)
NEWLINES = Counter(
    "undecided_newlines",
    "Accepted messages with a /n of which nothing tells whether it is a new line or part of a word, by client.",
    ["client"],
    namespace=PREFIX,
    registry=OWN,
)
REFUSED = Counter("refused", "Callers' calls refused, by error code.", ["code"], namespace=PREFIX, registry=OWN)
ATTEMPTS = Counter(
    "attempts",
    "Calls to vendors that ended, by outcome (accepted, refused, misconfigured, unavailable, unconfirmed).",
    ["provider", "outcome"],
    namespace=PREFIX,
    registry=OWN,
)
WAITED = Histogram(
    "accepted_to_vendor_seconds",
    "From the stored message to its first call to a vendor.",
    ["lane"],
    namespace=PREFIX,
    registry=OWN,
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180, 600, 3600),
)
REPORTS = Counter(
    "reports",
    "Delivery reports: applied; orphaned (no attempt has the id, or not yet); refused (by the state rules).",
    ["provider", "result"],
    namespace=PREFIX,
    registry=OWN,
)
REPORTED_STATES = Counter(
    "reported_states",
    "Delivery reports that were applied, by their state (sent, delivered, undelivered, unknown).",
    ["provider", "state"],
    namespace=PREFIX,
    registry=OWN,
)
PUSHES = Counter(
    "pushes",
    "Attempts to forward a received SMS to a partner, by outcome (delivered, refused, again).",
    ["partner", "outcome"],
    namespace=PREFIX,
    registry=OWN,
)

# Looking up a label takes as long as counting, so it is done once.
_accepted = {is_otp: ACCEPTED.labels(lane) for is_otp, lane in LANE.items()}
_waited = {is_otp: WAITED.labels(lane) for is_otp, lane in LANE.items()}


def accepted(*, is_otp: bool) -> None:
    _accepted[is_otp].inc()


def repeated() -> None:
    REPEATED.inc()


def newline_undecided(client: str) -> None:
    NEWLINES.labels(client).inc()


def refused(code: str) -> None:
    REFUSED.labels(code).inc()


def attempted(outcomes: Iterable[tuple[str, str]]) -> None:
    """Pairs of the provider's slug and the outcome."""
    for (provider, outcome), count in collections.Counter(outcomes).items():
        _each(ATTEMPTS, provider, tuple(Outcome))[outcome].inc(count)


@lru_cache(maxsize=1024)
def _each(counter: Counter, name: str, values: tuple[str, ...]) -> Mapping[str, Counter]:
    """The counters of a provider or partner by their second label. All exist from the first event on.

    Prometheus gives no share of a series that is missing, and no rate of its first value.
    """
    return {value: counter.labels(name, value) for value in values}


def begun(*, is_otp: bool, waited: float) -> None:
    """`waited`: seconds from storing the message to its first attempt."""
    _waited[is_otp].observe(max(waited, 0.0))


def reported(provider: str, result: str, state: str) -> None:
    _each(REPORTS, provider, RESULTS)[result].inc()
    if result == APPLIED:
        _each(REPORTED_STATES, provider, tuple(ReportState))[state].inc()


def pushed(partner: str, outcome: str) -> None:
    _each(PUSHES, partner, PUSH_OUTCOMES)[outcome].inc()
