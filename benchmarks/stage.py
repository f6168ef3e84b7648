"""The environment of a benchmark of whole processes: a durable PostgreSQL, the lean vendor, a shop, a full queue."""

from __future__ import annotations

import json
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.support import processes
from tests.support.databases import fresh_database
from tests.support.environment import process_environment
from tests.support.ports import free_port
from tests.support.postgres import Postgres
from tests.support.processes import Process
from tests.support.waiting import eventually

SHOP = """
[[clients]]
username = "akinon"
password = "made-up-caller-password-0123456789"
otp_per_number = 0
otp_per_range = 0

[[providers]]
slug = "text"
vendor = "accolades"
base_url = "$vendor"
[providers.credentials]
account_number = "100200"
password = "made-up-vendor-password"

[[senders]]
name = "AKINON"

[[destinations]]
country = "RO"

[[routes]]
prefix = "+"
providers = ["text"]
"""


class Stage:
    """A database with a shop, and processes to run on it."""

    def __init__(self, folder: Path, server: Postgres | None, vendor_port: int, shop: str, **environment: str) -> None:
        self.folder, self.vendor_port = folder, vendor_port
        self.vendor_url = f"http://127.0.0.1:{vendor_port}"
        self.database_url = fresh_database(folder, server, shop.replace("$vendor", self.vendor_url), environment)
        self.environment = process_environment(
            **{"DATABASE_URL": self.database_url, "LOG_LEVEL": "WARNING", **environment}
        )

    def sql(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            cursor = connection.execute(statement, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def fill(self, count: int, *, is_otp: bool = False) -> None:
        """Queue so many messages that are due at once."""
        self.sql(_FILL.format(count=count, is_otp=str(is_otp).lower()))
        self.sql("ANALYZE sms_message")

    def dispatcher(self, name: str, slots: int) -> Process:
        process = processes.manage(name, ["dispatch", "--slots", str(slots)], self.environment, self.folder)
        process.start()
        return process

    def vendor(self) -> dict[str, float]:
        with urllib.request.urlopen(f"{self.vendor_url}/count", timeout=10) as answer:
            return json.load(answer)

    def settled(self) -> int:
        """Of the last two days: ids are ordered by time, so no other row is looked at."""
        return self.sql(f"SELECT count(*) FROM sms_message WHERE status = 'submitted' AND id > {_TWO_DAYS_AGO}")[0][0]

    def wait_until_sent(self, timeout: float = 300.0) -> float:
        """Wait until nothing is queued or sending any more; returns when the last result was written (time.time()).

        It polls seldom, over one connection and through small indexes, because polling uses the same cores.
        """
        ends = time.monotonic() + timeout
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            while connection.execute(_IS_BUSY).fetchone() == (True,):
                if time.monotonic() > ends:
                    raise SystemExit(f"there are still messages to send after {timeout:g} s")
                time.sleep(0.1)
            row = connection.execute("SELECT extract(epoch FROM max(finished_at))::float8 FROM sms_attempt").fetchone()
        return float(row[0]) if row else 0.0

    def wait_for(self, count: int, timeout: float = 300.0) -> None:
        eventually(lambda: self.settled() >= count, timeout, because=f"{count} messages are submitted")


_IS_BUSY = """
SELECT EXISTS (SELECT 1 FROM sms_message WHERE status = 'queued' AND provider_id IS NOT NULL)
    OR EXISTS (SELECT 1 FROM sms_message WHERE status = 'sending' AND lease_until IS NOT NULL)
"""
_TWO_DAYS_AGO = """
(lpad(to_hex((extract(epoch FROM now() - interval '2 days') * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
"""
_FILL = """
INSERT INTO sms_message (id, client_id, request_id, api_version, sender, "to", raw_text, text, is_otp, is_test,
    encoding, segments, smoothing, parameters, decision, status, provider_id, due_at, expires_at, waiting_for,
    attempts_made, attempts_before, in_doubt, crashes, code, detail, created_at, updated_at)
SELECT (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
        || substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15))::uuid,
    (SELECT id FROM sms_apiclient LIMIT 1), 'bench-' || n, '', 'AKINON', '+40712345678',
    'Salut ' || n, 'Salut ' || n, {is_otp}, false, 'GSM-7', 1, '[]', '{{}}',
    jsonb_build_object('route', (SELECT id FROM sms_route LIMIT 1), 'prefix', '+', 'code', '', 'candidates',
        jsonb_build_array(jsonb_build_object('provider', (SELECT id FROM sms_provider LIMIT 1), 'slug', 'text'))),
    'queued', (SELECT id FROM sms_provider LIMIT 1), now(), now() + interval '1 day', '', 0, 0, false, 0, '', '',
    now(), now()
FROM generate_series(1, {count}) n
"""


@contextmanager
def stage(
    latency_ms: int = 0,
    shop: str = SHOP,
    *,
    vendor_port: int = 0,
    sqlite: bool = False,
    server: Postgres | None = None,
    **environment: str,
) -> Iterator[Stage]:
    """A stage of its own; everything ends with the block. `vendor_port`, `server`: what runs already."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sms-bench-")))
        if not (sqlite or server):
            server = stack.enter_context(Postgres(durable=True))
        vendor = None if vendor_port else _vendor(folder, latency_ms)
        port = vendor_port or int(vendor.command[3])
        if vendor:
            stack.callback(vendor.kill)
        made = Stage(folder, server, port, shop, **environment)
        eventually(lambda: made.vendor() is not None, because="the vendor answers")
        yield made


def _vendor(folder: Path, latency_ms: int) -> Process:
    command = [sys.executable, "-m", "benchmarks.vendor", str(free_port()), str(latency_ms)]
    vendor = Process("vendor", command, environment=process_environment(), folder=folder)
    vendor.start()
    return vendor


def cpu_seconds(process: Process) -> float:
    """User and system time of a process and its threads so far (Linux, /proc)."""
    return cpu_seconds_of(process.pid)


def cpu_seconds_of(pid: int) -> float:
    import os

    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(process: Process) -> float:
    """Resident memory of a process (Linux, /proc)."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def elapsed(begin: float) -> float:
    return time.monotonic() - begin
