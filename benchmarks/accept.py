"""How fast calls are accepted, as a share of the ceiling: `python3 dev.py bench accept [seconds] [rounds]`.

The ceiling is a bare WSGI application with one INSERT and COMMIT, served by gunicorn's own threaded worker (2 processes
of 8 threads), on the same PostgreSQL with default durability. The product has 1,000 templates, 50 routes and its limits
on. wrk loads both, in turns, with 1 to 256 connections.
"""

from __future__ import annotations

import base64
import json
import statistics
import sys
from pathlib import Path

from tests.support.ports import free_port
from tests.support.processes import Process, http_status

from .ceiling import TABLE
from .results import median_and_spread, record
from .stage import SHOP, Stage, stage
from .wrk import Figures, Requests, find_wrk, post, write_requests

PASSWORD = "made-up-caller-password-0123456789"
TEMPLATES, ROUTES, CONNECTIONS = 1000, 50, 16
CURVE = (1, 4, 16, 64, 256)
BARE = ("-k", "gthread", "--threads", "8")
"""gunicorn's arguments for the ceiling, which do not depend on the product's worker class."""


def shop() -> str:
    """The shop with templates at a template-only provider and many routes."""
    lines = [SHOP.replace('password = "made-up-caller', 'rate_limit = 1000000\npassword = "made-up-caller'), _PROVIDER]
    for n in range(TEMPLATES):
        lines.append(_TEMPLATE.format(n=n, word=f"kampaniya{n * 7919 % 10007}"))
    lines += [f'[[routes]]\nprefix = "+994{n:02d}"\nproviders = ["template"]' for n in range(ROUTES)]
    return "\n".join(lines)


_PROVIDER = """
[[providers]]
slug = "template"
vendor = "etelecom"
base_url = "$vendor"
[providers.credentials]
username = "demo"
password = "made-up-vendor-password"
"""
_TEMPLATE = """
[[templates]]
name = "t{n}"
body = "Hörmətli {{name}}, {word} üzrə sifarişiniz {{order}} yoldadır."
placeholders = {{ order = "digits" }}
[[templates.approvals]]
provider = "template"
vendor_template = "T{n}"
status = "approved"
"""


def headers() -> dict[str, str]:
    """The headers of the shop's calls."""
    login = base64.b64encode(f"akinon:{PASSWORD}".encode()).decode()
    return {"Authorization": f"Basic {login}", "Content-Type": "application/json"}


def requests(file: Path) -> Requests:
    """Calls with different texts, numbers and templates."""
    return write_requests(file, headers(), (("/send-sms", _body(n)) for n in range(4000)))


def message(n: int) -> dict[str, str]:
    return {
        "from": "AKINON",
        "to": f"+994{n % ROUTES:02d}{1000000 + n}"[:13],
        "text": f"Hörmətli Aysel {n}, kampaniya{n % TEMPLATES * 7919 % 10007} üzrə sifarişiniz {n} yoldadır.",
    }


def _body(n: int) -> str:
    return json.dumps({**message(n), "isOtp": False}, ensure_ascii=False)


def measure(port: int, seconds: float, calls: Requests) -> Figures:
    return post(port, CONNECTIONS, seconds, calls)


def serve(made: Stage, application: str = "config.wsgi", *words: str) -> tuple[Process, int]:
    """Start gunicorn with the project's settings and these words. Returns it when it is ready, with its port."""
    port = free_port()
    command = ["-m", "gunicorn", "-c", "config/gunicorn.py", "-b", f"127.0.0.1:{port}", "-w", "2", *words, application]
    process = Process(application, [sys.executable, *command], environment=made.environment, folder=made.folder)
    process.start(lambda: http_status(port, "/readyz") in (200, 201))
    return process, port


def serve_ceiling(made: Stage) -> tuple[Process, int]:
    """Start the bare application."""
    made.sql(TABLE)
    return serve(made, "benchmarks.ceiling:application", *BARE)


def on_sqlite(seconds: float, rounds: int) -> list[float]:
    """Accepted calls a second on SQLite."""
    with stage(0, shop(), sqlite=True) as made:
        calls = requests(made.folder / "requests")
        web, port = serve(made)
        found = [measure(port, seconds, calls).rate for _ in range(rounds)]
        web.stop()
    return found


def curve(made: Stage, seconds: float, rounds: int) -> dict[int, list[tuple[Figures, Figures]]]:
    """For each number of connections, the figures of ceiling and product, measured alternately."""
    calls = requests(made.folder / "requests")
    (bare, bare_port), (web, web_port) = serve_ceiling(made), serve(made)
    measure(web_port, 1, calls)  # the first calls load code
    found: dict[int, list[tuple[Figures, Figures]]] = {connections: [] for connections in CURVE}
    for _ in range(rounds):
        for connections, pairs in found.items():
            ceiling = post(bare_port, connections, seconds, calls)
            pairs.append((ceiling, post(web_port, connections, seconds, calls)))
    bare.stop()
    web.stop()
    return found


def row(connections: int, pairs: list[tuple[Figures, Figures]]) -> tuple[str, ...]:
    return (
        str(connections),
        median_and_spread([product.rate / ceiling.rate for ceiling, product in pairs]),
        median_and_spread([product.rate for _, product in pairs]),
        median_and_spread([ceiling.rate for ceiling, _ in pairs]),
        median_and_spread([product.p99 for _, product in pairs]),
        median_and_spread([ceiling.p99 for ceiling, _ in pairs]),
    )


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 4
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    find_wrk()
    with stage(0, shop()) as made:
        found = curve(made, seconds, rounds)
    here = statistics.median(ceiling.rate for ceiling, _ in found[CONNECTIONS])
    sqlite = median_and_spread([rate / here for rate in on_sqlite(seconds, rounds)])
    header = ("connections", "of the ceiling", "accepted/s", "ceiling, requests/s", "p99, ms", "ceiling's p99, ms")
    record("accept", header, [row(*each) for each in found.items()], f"SQLite, of the ceiling at 16: {sqlite}.")


if __name__ == "__main__":
    main()
