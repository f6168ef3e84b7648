"""Delivery reports while sending goes on: `python3 dev.py bench reports [seconds] [runs]`.

Each call is a genuine report for another attempt; counted is what was applied to its message.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time

from tests.support.processes import PROJECT

from .accept import measure, serve
from .machine import ceiling, share
from .results import median_and_spread, record
from .stage import Stage, stage
from .wrk import Requests, write_requests

TO_REACH = 1000.0  # reports a second, on the machine of benchmarks/machine.py
_KEYS = """
import json, sys
import django
django.setup()
from sms.models import Attempt
from sms.services.webhooks import tokens
rows = Attempt.objects.filter(reported="").order_by("-id").values_list("provider_id", "id")[: int(sys.argv[1])]
print(json.dumps([[tokens.attempt_token(provider, attempt), str(attempt)] for provider, attempt in rows]))
"""


def calls(made: Stage, count: int) -> Requests:
    """The reports that the vendor would send: one form POST per attempt."""
    environment = {**made.environment, "DJANGO_SETTINGS_MODULE": "config.settings"}
    words = [sys.executable, "-c", _KEYS, str(count)]
    done = subprocess.run(words, env=environment, cwd=PROJECT, capture_output=True, text=True, check=True)
    rows = json.loads(done.stdout)
    bodies = (
        (f"/webhooks/accolades/{key}", f"apiName=sms&type=deliveryReport&status=sent&id={attempt}")
        for key, attempt in rows
    )
    return write_requests(made.folder / "reports", {"Content-Type": "application/x-www-form-urlencoded"}, bodies)


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 6
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    count = int(seconds * 2500)
    rates, p95s, sending = [], [], []
    with stage(0, PUBLIC_URL="http://127.0.0.1:1") as made:
        ceilings = [ceiling(made)]
        web, port = serve(made)
        for _ in range(runs):
            made.fill(count)
            dispatcher = made.dispatcher("dispatch", 64)
            made.wait_until_sent()
            file = calls(made, count)
            made.fill(count)
            before, sent, begun = applied(made), _sent(made), time.monotonic()
            p95 = measure(port, seconds, file).p95
            passed = time.monotonic() - begun
            rates.append((applied(made) - before) / passed)
            sending.append((_sent(made) - sent) / passed)
            p95s.append(p95)
            made.wait_until_sent()
            dispatcher.stop()
        web.stop()
        ceilings.append(ceiling(made))
    here = sum(ceilings) / 2
    reached = [share(rate, TO_REACH, here) for rate in rates]
    rows = [
        ("taken and applied, of 1,000 a second as a share of the ceiling", median_and_spread(reached)),
        ("ceiling, requests/s", median_and_spread(ceilings)),
        ("applied/s", median_and_spread(rates)),
        ("p95, ms", median_and_spread(p95s)),
        ("sent in the meantime, messages/s", median_and_spread(sending)),
    ]
    record("reports", ("what", "median (lowest to highest)"), rows)


def applied(made: Stage, *, after: int = 0) -> int:
    """The reports behind this one that moved their message."""
    return made.sql("SELECT count(*) FROM sms_deliveryreport WHERE applied AND id > %s", after)[0][0]


def _sent(made: Stage) -> int:
    return made.sql("SELECT count(*) FROM sms_attempt WHERE finished_at IS NOT NULL")[0][0]


if __name__ == "__main__":
    main()
