"""The admin's pages after a week of 100,000 messages: `python3 dev.py bench pages [messages] [runs]`.

Each whole page, as a logged-in administrator gets it from gunicorn on PostgreSQL, one at a time. The budget is 300 ms.
The CPU time of the web processes is shown as well, because on a busy machine the elapsed time includes waiting.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable

from tests.support import processes
from tests.support.processes import Process
from tests.support.staff import Staff

from .accept import serve, shop
from .results import median_and_spread, record
from .stage import Stage, cpu_seconds_of, stage

BUDGET_MS = 300
NAME, PASSWORD = "aysel", "a made-up pass phrase of staff"
HIRE = (
    "from django.contrib.auth import get_user_model",
    f"get_user_model().objects.create_superuser({NAME!r}, 'aysel@shop.example', {PASSWORD!r})",
    "from sms.services.monitoring import hourly_stats",
    "from sms.models import RollupHour",
    "RollupHour.objects.all().delete()",
    "while hourly_stats.roll_up(100): pass",
)

# Newest last; one in a hundred went wrong, a few wait for a person. Ids begin with their millisecond, as ours do.
_WEEK = """
INSERT INTO sms_message (id, client_id, request_id, api_version, sender, "to", raw_text, text, is_otp, is_test,
    encoding, segments, smoothing, template_version_id, parameters, decision, status, provider_id, due_at, expires_at,
    waiting_for, attempts_made, attempts_before, in_doubt, crashes, code, detail, created_at, updated_at)
SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(md5(n::text), 1, 3)
        || '8' || substr(md5(n::text), 4, 15))::uuid,
    (SELECT id FROM sms_apiclient LIMIT 1), 'order-' || n, '', 'AKINON', '+99450' || lpad((n % 90000)::text, 7, '0'),
    'Hörmətli Aysel, ' || n, CASE WHEN otp THEN NULL ELSE 'Hörmətli Aysel, ' || n END, otp, n % 5000 = 0,
    'UCS-2', 1, '[]', CASE WHEN templated THEN version END, '{{}}',
    jsonb_build_object('prefix', '+994', 'candidates', jsonb_build_array(jsonb_build_object(
        'provider', provider, 'slug', 'text', 'code', '', 'reason', ''))),
    CASE WHEN n > {count} - 40 AND n % 2 = 0 THEN 'unconfirmed' WHEN n > {count} - 40 THEN 'held'
         WHEN n % 100 = 0 THEN 'failed' WHEN n % 150 = 0 THEN 'undelivered'
         WHEN n % 3 = 0 THEN 'submitted' ELSE 'delivered' END,
    provider, NULL, at + interval '1 day', '', 1, 0, false, 0, CASE WHEN n % 100 = 0 THEN '121' ELSE '' END, '', at, at
FROM (
    SELECT n, now() - interval '7 days' * (1 - n::float / {count}) AS at, n % 7 = 0 AND n <= {count} - 40 AS otp,
        n % 2 = 0 AS templated,
        (SELECT id FROM sms_provider WHERE slug = CASE WHEN n % 2 = 0 THEN 'template' ELSE 'text' END) AS provider,
        (SELECT current_version_id FROM sms_messagetemplate ORDER BY id LIMIT 1) AS version
    FROM generate_series(1, {count}) n
) drawn
"""
_ATTEMPTS = """
INSERT INTO sms_attempt (id, message_id, number, provider_id, lease_token, outcome, failure, code, detail,
    vendor_message_id, http_status, started_at, finished_at, reported, polls)
SELECT id, id, 1, provider_id, id, CASE WHEN status = 'failed' THEN 'refused' ELSE 'accepted' END, '', code, '',
    'v-' || request_id, 200, created_at, created_at + interval '230 milliseconds', '', 0
FROM sms_message WHERE status <> 'held'
"""
_REPORTS = """
INSERT INTO sms_deliveryreport (provider_id, attempt_id, message_id, status, code, detail, vendor_message_id,
    reference, applied, reason, is_waiting, is_poll, received_at)
SELECT provider_id, id, id, 'delivered', '', '', 'v-' || request_id, '', true, '', false, false, created_at
FROM sms_message WHERE status = 'delivered'
"""
_REFUSED = """
INSERT INTO sms_refusedrequest (client_id, request_id, http_status, code, field, sender, "to", is_otp, shape, nearest,
    created_at)
SELECT (SELECT id FROM sms_apiclient LIMIT 1), 'refused-' || n, 422, 'template_not_matched', 'text', 'AKINON',
    '+99450' || lpad(n::text, 7, '0'), false, 'Salam ' || chr(97 + n % 26) || chr(97 + n % 25) || ', ##### gecikir',
    'shipped-az: character 42', now() - interval '1 minute' * n
FROM generate_series(1, {count} / 20) n
"""


def fill(made: Stage, count: int) -> None:
    for statement in (_WEEK, _ATTEMPTS, _REPORTS, _REFUSED):
        made.sql(statement.format(count=count))
    made.sql("VACUUM ANALYZE")
    processes.run(["shell", "-v", "0", "-c", "\n".join(HIRE)], made.environment)


VIEWS = ("failed", "unconfirmed", "waiting", "held", "no-report", "otp")
FILTERS = ("status=delivered", "status=canceled", "period=24h", "sender=AKINON", "code=121", "code=7", "is_otp=1",
           "is_test=1", "client=1", "provider=1", "template=1", "created_at_from_0=2020-01-01")  # fmt: skip
LISTS = ("attempt", "deliveryreport", "callback", "refusedrequest", "alert", "messagetemplate", "route", "provider")
ROWS = ("provider", "messagetemplate", "apiclient", "route", "refusedrequest")
TOOLS = ("set-up", "providers", "unmatched-texts", "test-a-text", "akinon", "words")
_ONE = """
SELECT id::text, substr("to", 2), request_id, 'v-' || request_id FROM sms_message
WHERE status = 'failed' ORDER BY id LIMIT 1
"""


def pages(made: Stage) -> dict[str, str]:
    """The address of each page by its name."""
    [(message, number, request_id, vendors_id)] = made.sql(_ONE)
    rows = {name: made.sql(f"SELECT min(id) FROM sms_{name}")[0][0] for name in ROWS}
    searches = {"number": f"%2B{number}", "request id": request_id, "id": message, "vendor's id": vendors_id}
    messages = "/admin/sms/message/"
    return {
        "dashboard": "/admin/",
        "messages": messages,
        "messages, page 200": f"{messages}?p=200",
        **{f"messages, view {view}": f"{messages}?view={view}" for view in VIEWS},
        **{f"messages, filter {chosen}": f"{messages}?{chosen}" for chosen in FILTERS},
        **{f"messages, search by {name}": f"{messages}?q={term}" for name, term in searches.items()},
        "messages, search in vain": f"{messages}?q=nowhere",
        "message": f"{messages}{message}/change/",
        **{f"list of {name}s": f"/admin/sms/{name}/" for name in LISTS},
        **{f"one {name}": f"/admin/sms/{name}/{row}/change/" for name, row in rows.items()},
        **{name: f"/admin/tools/{name}/" for name in TOOLS},
    }


def timed(get: Callable[[str], str], address: str, runs: int, web: Process) -> tuple[list[float], float]:
    """Milliseconds of each run, and of the processor for one; the first run, which fills caches, is left out."""
    get(address)
    spent, times = processor_ms(web), []
    for _ in range(runs):
        begun = time.perf_counter()
        get(address)
        times.append((time.perf_counter() - begun) * 1000)
    return times, (processor_ms(web) - spent) / runs


def processor_ms(web: Process) -> float:
    """Of gunicorn's workers so far."""
    return sum(cpu_seconds_of(pid) for pid in web.children()) * 1000


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    with stage(0, shop()) as made:
        fill(made, count)
        web, port = serve(made, "web", "config.wsgi", "/readyz", 200)
        staff = Staff(f"http://127.0.0.1:{port}")
        assert "Log out" in staff.log_in(NAME, PASSWORD)
        times = {name: timed(staff.get, address, runs, web) for name, address in pages(made).items()}
        web.stop()
    slow = [name for name, (each, _spent) in times.items() if statistics.median(each) > BUDGET_MS]
    load = " ".join(f"{each:.1f}" for each in os.getloadavg())
    rows = [(name, median_and_spread(each), f"{spent:.0f}") for name, (each, spent) in times.items()]
    beyond = f"Beyond {BUDGET_MS} ms: {', '.join(slow) or 'none'}. Load of the machine (1, 5, 15 minutes): {load}."
    record(f"pages, {count:,} messages", ("page", "ms, median (lowest to highest)", "of the processor"), rows, beyond)


if __name__ == "__main__":
    main()
