"""From the caller's POST to the vendor's socket, at rest: `python3 dev.py bench latency [messages]`.

Both ends read the same machine's clock. On PostgreSQL and on SQLite; and for an OTP behind 10,000 others (PostgreSQL).
"""

from __future__ import annotations

import http.client
import json
import sys
import tempfile
import time
from pathlib import Path

from tests.support.ports import free_port

from .accept import headers, serve
from .machine import disk_ms
from .results import record
from .stage import Stage, stage
from .witness import Witness

BACKLOG = 10_000
Row = tuple[str, ...]


def post(port: int, text: str, *, is_otp: bool) -> float:
    """Send one message; the wall-clock time right before the first byte."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    body = json.dumps({"from": "AKINON", "to": "+40712345678", "text": text, "isOtp": is_otp})
    connection.connect()
    begun = time.time()
    connection.request("POST", "/send-sms", body, headers())
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
        time.sleep(0.12)  # at rest: past the pause between two notifications
    return sorted(waits)


def row(name: str, waits: list[float], *, p50: float | None = None, p99: float | None = None) -> Row:
    """`p50` and `p99`: the milliseconds that they may take."""
    middle, last = waits[len(waits) // 2], waits[min(int(len(waits) * 0.99), len(waits) - 1)]
    return name, _share(middle, p50), _share(last, p99), f"{middle:.1f}", f"{last:.1f}"


def _share(ms: float, allowed: float | None) -> str:
    return f"{ms / allowed:.2f} of {allowed:g} ms" if allowed else ""


def at_rest(count: int, *, sqlite: bool = False) -> list[float]:
    with Witness(free_port()) as witness, stage(vendor_port=witness.port, sqlite=sqlite) as made:
        dispatcher = made.dispatcher("dispatch", 64)
        web, port = serve(made)
        measure(made, witness, port, 5, is_otp=False)
        waits = measure(made, witness, port, count, is_otp=False)
        web.stop()
        dispatcher.stop()
    return waits


def behind_others(count: int) -> Row:
    """OTPs while 10,000 others wait, at a vendor that takes 50 ms."""
    with Witness(free_port(), 50) as witness, stage(vendor_port=witness.port) as made:
        web, port = serve(made)
        made.fill(BACKLOG)
        dispatcher = made.dispatcher("dispatch", 64)
        made.wait_for(500)
        waits = measure(made, witness, port, count, is_otp=True)
        left = made.sql("SELECT count(*) FROM sms_message WHERE status = 'queued'")[0][0]
        web.stop()
        dispatcher.stop()
    return row(f"OTP behind {BACKLOG:,} others ({left:,} left at the end)", waits, p99=1000)


def disk() -> Row:
    """The least time of a commit. Each message waits for two commits."""
    with tempfile.TemporaryDirectory(prefix="sms-bench-") as folder:
        return row("the disk alone, one small write", disk_ms(Path(folder)))


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    rows = [disk()]
    rows.append(row("PostgreSQL, at rest", at_rest(count), p50=5, p99=20))
    rows.append(row("SQLite, at rest", at_rest(count, sqlite=True), p99=100))
    rows.append(behind_others(min(count, 40)))
    rows.append(disk())
    record("latency", ("from POST to the vendor's socket", "p50", "p99", "p50, ms", "p99, ms"), rows)


if __name__ == "__main__":
    main()
