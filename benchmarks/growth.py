"""Ten million finished messages against none: `python3 dev.py bench growth [millions] [seconds]`.

Accepting, sending and exact search on the same database, before and after it was filled; then retention deletes 100,000
of them, and what counts is its slowest statement.
"""

from __future__ import annotations

import subprocess
import sys
import time

import psycopg

from tests.support.processes import PROJECT

from .accept import measure, requests, serve, shop
from .dispatch import send_all
from .results import record
from .stage import Stage, stage

BATCH = 250_000
SEARCHES = {
    "exact search by number": "SELECT id FROM sms_message WHERE \"to\" = '+994501234567' ORDER BY id DESC LIMIT 50",
    "exact search by request id": "SELECT id FROM sms_message WHERE request_id = 'old-77' ORDER BY id DESC LIMIT 50",
    "the newest page of the list": "SELECT * FROM sms_message ORDER BY id DESC LIMIT 50",
    "failed messages, newest first": "SELECT id FROM sms_message WHERE status = 'failed' ORDER BY id DESC LIMIT 50",
}
_OLD = """
INSERT INTO sms_message (id, client_id, request_id, api_version, sender, "to", raw_text, text, is_otp, is_test,
    encoding, segments, smoothing, parameters, decision, status, provider_id, due_at, expires_at, waiting_for,
    attempts_made, attempts_before, in_doubt, crashes, code, detail, created_at, updated_at)
SELECT (lpad(to_hex((extract(epoch FROM now() - interval '60 days') * 1000)::bigint + n), 12, '0')
        || substr(md5(n::text), 1, 20))::uuid,
    1, 'old-' || n, '', 'AKINON', '+99450' || lpad((n % 9999999)::text, 7, '0'), NULL, NULL, false, false, 'GSM-7', 1,
    '[]', NULL, '{{}}', CASE WHEN n % 1000 = 0 THEN 'failed' ELSE 'delivered' END, 1,
    now() - interval '60 days', now() - interval '59 days', '', 1, 0, false, 0, '', '',
    now() - interval '60 days', now() - interval '60 days'
FROM generate_series({first}, {last}) n
"""


def fill_old(made: Stage, count: int) -> None:
    """Messages of two months ago, finished and erased."""
    for first in range(1, count + 1, BATCH):
        made.sql(_OLD.format(first=first, last=min(first + BATCH - 1, count)))
    made.sql("VACUUM ANALYZE sms_message")


def search_ms(made: Stage, statement: str) -> float:
    """The best of seven, in milliseconds."""
    best = float("inf")
    with psycopg.connect(made.database_url) as connection:
        for _ in range(7):
            begun = time.perf_counter()
            connection.execute(statement).fetchall()
            best = min(best, time.perf_counter() - begun)
    return best * 1000


def rates(made: Stage, port: int, seconds: float) -> dict[str, float]:
    """Accepted and sent per second, and the searches' times."""
    found = {"accepted/s": measure(port, seconds, requests(made.folder / "requests.json"))["rate"]}
    made.sql("DELETE FROM sms_message WHERE status = 'queued'")
    made.sql("VACUUM ANALYZE sms_message")
    found["sent/s"] = send_all(made, 4000, 64, 1).rate
    return found | {name: search_ms(made, statement) for name, statement in SEARCHES.items()}


_DELETE = """
import sys, time
import django
django.setup()
from django.db import connection
from sms.services import retention
times = []
def timed(execute, *words):
    begun = time.perf_counter()
    try:
        return execute(*words)
    finally:
        times.append(time.perf_counter() - begun)
deleted, begun = 0, time.perf_counter()
with connection.execute_wrapper(timed):
    while deleted < int(sys.argv[1]) and (batch := retention.delete_due()):
        deleted += batch
print(deleted, time.perf_counter() - begun, max(times))
"""


def retention_row(made: Stage, count: int) -> tuple[str, str, str, str]:
    """Delete so many as retention does, where messages are kept for 59 days."""
    environment = {**made.environment, "DJANGO_SETTINGS_MODULE": "config.settings", "RETENTION_ROW_DAYS": "59"}
    words = [sys.executable, "-c", _DELETE, str(count)]
    done = subprocess.run(words, env=environment, cwd=PROJECT, capture_output=True, text=True, check=True)
    deleted, seconds, slowest = map(float, done.stdout.split())
    return f"slowest statement of {deleted:,.0f} deletions, s", f"{slowest:.2f}", "", f"{seconds:,.0f} s in all"


def main() -> None:
    millions = float(sys.argv[1]) if len(sys.argv) > 1 else 10
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 8
    with stage(0, shop()) as made:
        web, port = serve(made, "web", "config.wsgi", "/readyz", 200)
        rates(made, port, 2)  # so that the first measure finds everything loaded, too
        empty = rates(made, port, seconds)
        fill_old(made, int(millions * 1_000_000))
        full = rates(made, port, seconds)
        web.stop()
        last = retention_row(made, 100_000)
    rows = [(name, f"{full[name] / empty[name]:.2f}", f"{empty[name]:,.4g}", f"{full[name]:,.4g}") for name in empty]
    rows.append(last)
    record(f"growth, {millions:g} million rows", ("what (searches in ms)", "full ÷ empty", "empty", "full"), rows)


if __name__ == "__main__":
    main()
