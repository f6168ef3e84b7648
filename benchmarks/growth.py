"""Ten million finished messages against none: `python3 dev.py bench growth [millions] [seconds]`.

Accepting, sending, reports and exact search, in turns on an empty database and on one that is filled with messages, an
attempt and a report for each; then the list's pages there, and retention deletes 100,000 rows: what counts is its
slowest statement.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tests.support import processes
from tests.support.processes import PROJECT, Process
from tests.support.staff import Staff
from tests.support.waiting import eventually

from . import pages
from .accept import measure, requests, serve, shop
from .dispatch import send_all
from .old import fill_old
from .reports import applied, calls
from .results import median_and_spread, record
from .stage import Stage, stage

SENT = 6000
RUNS = 3
Shop = tuple[Stage, int]
"""A database and the port of its web processes."""
Row = tuple[str, ...]
SEARCHES = {
    "exact search by number": "SELECT id FROM sms_message WHERE \"to\" = '+994500000077' ORDER BY id DESC LIMIT 50",
    "exact search by request id": "SELECT id FROM sms_message WHERE request_id = 'old-77' ORDER BY id DESC LIMIT 50",
    "the newest page of the list": "SELECT * FROM sms_message ORDER BY id DESC LIMIT 50",
    "failed messages, newest first": "SELECT id FROM sms_message WHERE status = 'failed' ORDER BY id DESC LIMIT 50",
}
LIST = {"": "", ", page 200": "?p=200", ", failed": "?view=failed", ", search by number": "?q=%2B994500000077"}
SMALL = 50_000
"""Messages that the empty database gets before the searches, so that a search finds as many rows in both."""
UNREAD = "SELECT 1 FROM sms_callback WHERE read_at IS NULL LIMIT 1"


def rates(made: Stage, port: int, seconds: float) -> dict[str, float]:
    """Accepted, sent and reported per second."""
    accepted = measure(port, seconds, requests(made.folder / "requests")).rate
    made.sql("DELETE FROM sms_message WHERE status = 'queued'")
    made.sql("VACUUM ANALYZE sms_message")
    sent = send_all(made, SENT, 64, 1).rate
    return {"accepted/s": accepted, "sent/s": sent, "reports/s": reports_rate(made, port, seconds / 2)}


def reports_rate(made: Stage, port: int, seconds: float) -> float:
    """Reports taken and applied per second, with a dispatcher that has nothing else to do."""
    file = calls(made, SENT)
    dispatcher = made.dispatcher("dispatch-reports", 8)
    [(newest,)] = made.sql("SELECT coalesce(max(id), 0) FROM sms_deliveryreport")
    begun = time.monotonic()
    measure(port, seconds, file)
    eventually(lambda: not made.sql(UNREAD), because="all reports are read")
    passed = time.monotonic() - begun
    dispatcher.stop()
    return applied(made, after=newest) / passed


def search_ms(made: Stage, statement: str) -> float:
    """The best of fifty, in milliseconds."""
    best = float("inf")
    with psycopg.connect(made.database_url) as connection:
        for _ in range(50):
            begun = time.perf_counter()
            connection.execute(statement).fetchall()
            best = min(best, time.perf_counter() - begun)
    return best * 1000


def in_turns(empty: Shop, full: Shop, seconds: float) -> list[Row]:
    """Each rate on both databases, measured alternately, so that other load on the machine affects both."""
    pairs = [(rates(*empty, seconds), rates(*full, seconds)) for _ in range(RUNS)]
    rows: list[Row] = []
    for name in pairs[0][0]:
        ratio = median_and_spread([b[name] / a[name] for a, b in pairs])
        rows.append((name, ratio, *(f"{statistics.median(pair[n][name] for pair in pairs):,.4g}" for n in (0, 1))))
    return rows


def search_rows(empty: Stage, full: Stage) -> list[Row]:
    """Each finds as many rows here as there."""
    fill_old(empty, SMALL)
    rows = []
    for name, statement in SEARCHES.items():
        quick, slow = search_ms(empty, statement), search_ms(full, statement)
        rows.append((f"{name}, ms", f"{slow / quick:.2f}", f"{quick:.3f}", f"{slow:.3f}"))
    return rows


def list_rows(made: Stage, port: int, web: Process) -> list[Row]:
    """The list's pages as an administrator gets them, in milliseconds."""
    processes.run(["shell", "-v", "0", "-c", "\n".join(pages.HIRE[:2])], made.environment)
    staff = Staff(f"http://127.0.0.1:{port}")
    assert "Log out" in staff.log_in(pages.NAME, pages.PASSWORD)
    rows = []
    for name, words in LIST.items():
        times, _ = pages.timed(staff.get, f"/admin/sms/message/{words}", 5, web)
        rows.append((f"the list{name}, ms", "", "", f"{statistics.median(times):.0f}"))
    return rows


_ERASE = """
import django
django.setup()
from sms.services.maintenance import retention
while retention.erase_due():
    pass
"""
_DELETE = """
import sys, time
import django
django.setup()
from django.db import connection
from sms.services.maintenance import retention
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


def run(made: Stage, code: str, *words: str, **environment: str) -> str:
    """Run code of the product in a process of its own; returns what it prints."""
    whole = {**made.environment, "DJANGO_SETTINGS_MODULE": "config.settings", **environment}
    command = [sys.executable, "-c", code, *words]
    return subprocess.run(command, env=whole, cwd=PROJECT, capture_output=True, text=True, check=True).stdout


def retention_row(made: Stage, count: int) -> Row:
    """Delete so many as retention does, where messages are kept for 59 days."""
    printed = run(made, _DELETE, str(count), RETENTION_ROW_DAYS="59")
    deleted, seconds, slowest = map(float, printed.split())
    return f"slowest statement of {deleted:,.0f} deletions ({seconds:,.0f} s in all), s", "", "", f"{slowest:.2f}"


def main() -> None:
    millions = float(sys.argv[1]) if len(sys.argv) > 1 else 10
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 8
    with opened() as (empty, _), opened() as (full, web):
        begun = time.monotonic()
        fill_old(full[0], int(millions * 1_000_000))
        run(full[0], _ERASE)  # in a table that grew day by day, retention has already erased the old texts
        filled = f"Filled in {time.monotonic() - begun:.0f} s."
        rates(*empty, 1), rates(*full, 1)  # so that the first measure finds everything loaded, too
        rows = in_turns(empty, full, seconds) + search_rows(empty[0], full[0])
        rows += list_rows(*full, web)
        rows.append(retention_row(full[0], 100_000))
    record(f"growth, {millions:g} million rows", ("what", "full ÷ empty", "empty", "full"), rows, filled)


@contextmanager
def opened() -> Iterator[tuple[Shop, Process]]:
    """A shop with its web processes."""
    with stage(0, shop(), PUBLIC_URL="http://127.0.0.1:1") as made:
        web, port = serve(made)
        yield (made, port), web
        web.stop()


if __name__ == "__main__":
    main()
