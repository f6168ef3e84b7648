"""From the caller's POST to the vendor's socket, at rest: `python3 dev.py bench latency [messages]`.

Both ends read the same machine's clock. On PostgreSQL and on SQLite; and for an OTP behind 10,000 others (PostgreSQL).
"""

from __future__ import annotations

import http.client
import json
import sys
import tempfile
import time
from base64 import b64encode
from pathlib import Path

from tests.support.ports import free_port

from .accept import PASSWORD, serve
from .machine import disk_ms
from .results import record
from .stage import Stage, stage
from .witness import Witness

BACKLOG = 10_000


def post(port: int, text: str, *, is_otp: bool) -> float:
    """Send one message; the wall-clock time right before the first byte."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    login = b64encode(f"akinon:{PASSWORD}".encode()).decode()
    body = json.dumps({"from": "AKINON", "to": "+40712345678", "text": text, "isOtp": is_otp})
    headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
    connection.connect()
    begun = time.time()
    connection.request("POST", "/send-sms", body, headers)
    status = connection.getresponse().status
    connection.close()
    if status != 201:
        raise SystemExit(f"not accepted: {status}")
    return begun


def measure(made: Stage, witness: Witness, port: int, count: int, *, is_otp: bool) -> list[float]:
    """Milliseconds from POST to the vendor's socket, sorted; one message at a time."""
    waits = []
    for n in range(count):
        text = f"measured {'otp' if is_otp else 'plain'} {n}"
        begun = post(port, text, is_otp=is_otp)
        waits.append((witness.arrival(text) - begun) * 1000)
        time.sleep(0.12)  # at rest: past the pause between two bells
    return sorted(waits)


def row(name: str, waits: list[float]) -> tuple[str, str, str]:
    return name, f"{waits[len(waits) // 2]:.1f}", f"{waits[min(int(len(waits) * 0.99), len(waits) - 1)]:.1f}"


def at_rest(name: str, count: int, *, sqlite: bool = False) -> list[tuple[str, str, str]]:
    rows = []
    with Witness(free_port()) as witness, stage(vendor_port=witness.port, sqlite=sqlite) as made:
        dispatcher = made.dispatcher("dispatch", 64)
        web, port = serve(made, "web", "config.wsgi", "/readyz", 200)
        measure(made, witness, port, 5, is_otp=False)
        rows.append(row(name, measure(made, witness, port, count, is_otp=False)))
        web.stop()
        dispatcher.stop()
    return rows


def behind_others(count: int) -> tuple[str, str, str]:
    """OTPs while 10,000 others wait, at a vendor that takes 50 ms."""
    with Witness(free_port(), 50) as witness, stage(vendor_port=witness.port) as made:
        web, port = serve(made, "web", "config.wsgi", "/readyz", 200)
        made.fill(BACKLOG)
        dispatcher = made.dispatcher("dispatch", 64)
        made.wait_for(500)
        waits = measure(made, witness, port, count, is_otp=True)
        left = made.sql("SELECT count(*) FROM sms_message WHERE status = 'queued'")[0][0]
        web.stop()
        dispatcher.stop()
    return row(f"OTP behind {BACKLOG:,} others ({left:,} left at the end)", waits)


def disk() -> tuple[str, str, str]:
    """What a commit can't go below: each message waits for two."""
    with tempfile.TemporaryDirectory(prefix="sms-bench-") as folder:
        return row("the disk alone, one small write", disk_ms(Path(folder)))


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    rows = [disk()]
    rows += at_rest("PostgreSQL, at rest", count)
    rows += at_rest("SQLite, at rest", count, sqlite=True)
    rows.append(behind_others(min(count, 40)))
    rows.append(disk())
    record("latency", ("from POST to the vendor's socket", "p50, ms", "p99, ms"), rows)


if __name__ == "__main__":
    main()
