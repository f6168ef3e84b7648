"""How fast calls are accepted, as a share of the ceiling: `python3 dev.py bench accept [seconds] [runs]`.

The ceiling is bare WSGI with one INSERT and COMMIT under the same gunicorn (2 workers of 8 threads, 16 connections) on
the same PostgreSQL with default durability. The product has 1,000 templates, 50 routes and its limits on.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.ports import free_port
from tests.support.processes import PROJECT, Process, http_status

from .ceiling import TABLE
from .results import median_and_spread, record
from .stage import SHOP, Stage, stage

PASSWORD = "made-up-caller-password-0123456789"
TEMPLATES, ROUTES, CONNECTIONS = 1000, 50, 16


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


def requests(file: Path) -> Path:
    """Different texts to different numbers, each of another template."""
    login = base64.b64encode(f"akinon:{PASSWORD}".encode()).decode()
    bodies = [
        json.dumps(
            {
                "from": "AKINON",
                "to": f"+994{n % ROUTES:02d}{1000000 + n}"[:13],
                "text": f"Hörmətli Aysel {n}, kampaniya{n % TEMPLATES * 7919 % 10007} üzrə sifarişiniz {n} yoldadır.",
                "isOtp": False,
            },
            ensure_ascii=False,
        )
        for n in range(4000)
    ]
    headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
    file.write_text(json.dumps({"headers": headers, "bodies": bodies}))
    return file


def measure(port: int, seconds: float, file: Path) -> dict[str, Any]:
    words = [sys.executable, "-m", "benchmarks.load", str(port), str(CONNECTIONS), str(seconds), str(file)]
    done = subprocess.run(words, capture_output=True, text=True, cwd=PROJECT, check=True)
    return json.loads(done.stdout)


def serve(made: Stage, name: str, application: str, path: str, expected: int) -> tuple[Process, int]:
    port = free_port()
    words = ["-m", "gunicorn", "-c", "config/gunicorn.py", "-b", f"127.0.0.1:{port}", "-w", "2", "--threads", "8"]
    process = Process(name, [sys.executable, *words, application], environment=made.environment, folder=made.folder)
    process.start(lambda: http_status(port, path) == expected)
    return process, port


def on_sqlite(seconds: float, runs: int) -> list[float]:
    """Accepted a second where the messages lie in a file."""
    with stage(0, shop(), sqlite=True) as made:
        file = requests(made.folder / "requests.json")
        web, port = serve(made, "web", "config.wsgi", "/readyz", 200)
        found = [measure(port, seconds, file) for _ in range(runs)]
        web.stop()
    if any(set(each["statuses"]) != {"201"} for each in found):
        raise SystemExit(f"not every call was accepted: {[each['statuses'] for each in found]}")
    return [each["rate"] for each in found]


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 8
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    shares, ours, ceilings, tails = [], [], [], []
    with stage(0, shop()) as made:
        made.sql(TABLE)
        file = requests(made.folder / "requests.json")
        bare, bare_port = serve(made, "ceiling", "benchmarks.ceiling:application", "/", 201)
        web, web_port = serve(made, "web", "config.wsgi", "/readyz", 200)
        for _ in range(runs):
            ceiling, product = measure(bare_port, seconds, file), measure(web_port, seconds, file)
            if set(product["statuses"]) != {"201"}:
                raise SystemExit(f"not every call was accepted: {product['statuses']}")
            shares.append(product["rate"] / ceiling["rate"])
            ours.append(product["rate"])
            ceilings.append(ceiling["rate"])
            tails.append(product["p99"])
        bare.stop()
        web.stop()
    here = sum(ceilings) / len(ceilings)
    rows = [
        ("of the ceiling", median_and_spread(shares)),
        ("SQLite, of that ceiling", median_and_spread([rate / here for rate in on_sqlite(seconds, runs)])),
        ("accepted/s", median_and_spread(ours)),
        ("ceiling, requests/s", median_and_spread(ceilings)),
        ("p99, ms", median_and_spread(tails)),
    ]
    record("accept", ("what", "median (lowest to highest)"), rows)


if __name__ == "__main__":
    main()
