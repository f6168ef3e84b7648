"""The size of the tables while messages come and go: `python3 dev.py bench hour [minutes] [messages a second]`.

Messages are accepted, sent and reported at this rate, a fifth of them OTPs, and as many messages of two months ago
reach the end of their retention. Autovacuum has PostgreSQL's default settings. A row for each tenth of the time.
"""

from __future__ import annotations

import http.client
import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import count

from tests.support.processes import PROJECT

from .accept import headers, serve
from .old import fill_old
from .results import record
from .stage import Stage, stage

SENDERS = 4
"""Threads that send calls. Each makes at most about 100 a second, and is asked for far less."""
TABLES = ("sms_message", "sms_attempt", "sms_deliveryreport", "sms_callback")
HEADER = (
    "minute",
    "accepted/s",
    "p99, ms",
    "reported/s",
    "deleted/s",
    "rows",
    "dead rows, %",
    "tables, MB",
    "indexes, MB",
    "vacuumed",
)
Row = tuple[str, ...]
_ROWS = f"""
SELECT sum(n_live_tup)::bigint, sum(n_dead_tup)::bigint, sum(pg_table_size(relid))::bigint,
    sum(pg_indexes_size(relid))::bigint, sum(autovacuum_count)::bigint
FROM pg_stat_user_tables WHERE relname IN ({", ".join(f"'{table}'" for table in TABLES)})
"""
_REPORTER = """
import http.client, sys, time
import django
django.setup()
from sms.models import Attempt
from sms.services.database import clock
from sms.services.webhooks import tokens
web = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
last = clock.new_id()
while True:
    sent = Attempt.objects.filter(outcome="accepted", reported="", pk__gt=last)
    rows = list(sent.order_by("pk").values_list("provider_id", "pk")[:1000])
    for provider, attempt in rows:
        body = f"apiName=sms&type=deliveryReport&status=sent&id={attempt}"
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        web.request("POST", f"/webhooks/accolades/{tokens.attempt_token(provider, attempt)}", body, headers)
        web.getresponse().read()
        last = attempt
    time.sleep(1)
"""


class Load:
    """Calls at a steady rate. `times`: how long each took since `take` was called last, in milliseconds."""

    def __init__(self, port: int, rate: float) -> None:
        self.port, self.rate, self.times, self.refused = port, rate, list[float](), 0
        self._numbers, self._ended = count(), threading.Event()
        self._headers = headers()
        self._threads = [threading.Thread(target=self._send) for _ in range(SENDERS)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def take(self) -> list[float]:
        taken, self.times = self.times, []
        return taken

    def _send(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        next_at = time.monotonic()
        while not self._ended.is_set():
            next_at += SENDERS / self.rate
            time.sleep(max(next_at - time.monotonic(), 0.0))
            self._call(connection, next(self._numbers))

    def _call(self, connection: http.client.HTTPConnection, number: int) -> None:
        begun = time.monotonic()
        connection.request("POST", "/send-sms", json.dumps(_message(number)), self._headers)
        answer = connection.getresponse()
        answer.read()
        self.refused += answer.status != 201
        self.times.append((time.monotonic() - begun) * 1000)


def _message(n: int) -> dict[str, object]:
    """No two have the same number and text."""
    to = f"+407{20000000 + n * 7919 % 9999999:08d}"
    return {"from": "AKINON", "to": to, "text": f"Salut {n}, comanda este pe drum.", "isOtp": n % 5 == 0}


def observed(made: Stage, load: Load, minutes: float, rounds: int = 10) -> Iterator[Row]:
    """A row for each part of the time, and one before."""
    before = _counts(made)
    yield _row(made, 0.0, [], (0.0, 0.0))
    for part in range(1, rounds + 1):
        begun = time.monotonic()
        time.sleep(minutes * 60 / rounds)
        passed, after = time.monotonic() - begun, _counts(made)
        changes = [(b - a) / passed for a, b in zip(before, after, strict=True)]
        yield _row(made, part * minutes / rounds, load.take(), (changes[0], -changes[1]), passed)
        before = after


def _counts(made: Stage) -> tuple[int, int]:
    """Reports that were applied to new messages, and old messages that are left."""
    [counts] = made.sql(
        "SELECT (SELECT count(*) FROM sms_deliveryreport WHERE applied AND vendor_message_id = ''),"
        " (SELECT count(*) FROM sms_message WHERE request_id LIKE 'old-%')"
    )
    return counts[0], counts[1]


def _row(made: Stage, minute: float, times: list[float], changed: tuple[float, float], passed: float = 1.0) -> Row:
    [(live, dead, tables, indexes, vacuumed)] = made.sql(_ROWS)
    p99 = statistics.quantiles(times, n=100)[98] if len(times) > 100 else 0.0
    speeds = (f"{len(times) / passed:.0f}", f"{p99:.0f}", *(f"{each:.0f}" for each in changed))
    sizes = (f"{live:,}", f"{dead / max(live + dead, 1) * 100:.1f}", f"{tables / 1e6:.0f}", f"{indexes / 1e6:.0f}")
    return (f"{minute:g}", *speeds, *sizes, str(vacuumed))


def main() -> None:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 60
    rate = float(sys.argv[2]) if len(sys.argv) > 2 else 100
    with stage(0, PUBLIC_URL="http://127.0.0.1:1", RETENTION_ROW_DAYS="60") as made:
        fill_old(made, int(minutes * 60 * rate * 1.2), 1 / rate)
        web, port = serve(made)
        dispatcher = made.dispatcher("dispatch", 64)
        environment = {**made.environment, "DJANGO_SETTINGS_MODULE": "config.settings"}
        reporter = subprocess.Popen([sys.executable, "-c", _REPORTER, str(port)], env=environment, cwd=PROJECT)
        try:
            with Load(port, rate) as load:
                rows = list(observed(made, load, minutes))
        finally:
            reporter.kill()
        dispatcher.stop()
        web.stop()
    record(f"hour, {rate:g} messages a second", HEADER, rows, f"Refused calls: {load.refused}.")


if __name__ == "__main__":
    main()
