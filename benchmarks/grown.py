"""Pages and plans of a shop after 90 days: `python3 dev.py bench grown [millions] [runs]`.

Each page as an administrator gets it. Cold: PostgreSQL has just started, and the kernel holds nothing of its files.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from tests.support.postgres import Postgres
from tests.support.staff import Staff
from tests.support.waiting import eventually

from . import pages
from .accept import serve
from .quarter import fill_quarter, quarter_shop
from .results import median_and_spread, record
from .stage import Stage, stage

LIST = "/admin/sms/message/?"
FILTERS = {
    "status": ("delivered", "submitted", "sent", "canceled", "unconfirmed", "held", "queued", "failed,expired"),
    "period": ("1h", "24h", "30d"), "created_at_to_0": ("2026-09-30",), "provider": ("text", "backup", "idle"),
    "sender": ("AKINON", "SHOP", "OLD", "NEVER"), "template": ("t0", "t990", "t998", "t999"),
    "client": ("akinon", "second", "small", "silent"), "code": ("121", "405", "7", "E777", "E000"),
    "is_otp": ("1", "0"), "is_test": ("1", "0"),
}  # fmt: skip
NAMED = {"provider": "sms_provider.slug", "template": "sms_messagetemplate.name", "client": "sms_apiclient.username"}
RARE = {"view": "failed", "status": "unconfirmed", "period": "30d", "provider": "idle", "sender": "OLD",
        "template": "t998", "client": "second", "code": "405", "is_otp": "1", "is_test": "1"}  # fmt: skip
"""One value of each filter for the pairs."""
OTHERS = {
    "attempt": ("", "p=200", "outcome=unconfirmed", "outcome=unavailable", "outcome=misconfigured", "failure=balance",
                "provider=backup", "provider=idle", "period=24h", "failure=transient&provider=text", "q=nobody"),
    "deliveryreport": ("", "p=200", "status=unknown", "applied=0", "is_waiting=1", "provider=backup", "provider=idle",
                       "status=unknown&applied=1", "q=nobody"),
    "callback": ("", "p=200", "provider=backup", "provider=idle"),
    "refusedrequest": ("", "p=200", "code=no_route", "code=bad_request", "client=akinon", "client=silent", "is_otp=1",
                       "q=nobody"),
    "inboundmessage": ("",), "inboundpush": ("",), "inboundcall": ("",), "alert": ("",), "bulkoperation": ("",),
    "messagetemplate": ("",), "provider": ("",), "apiclient": ("",), "objective": ("",), "sharemove": ("",),
}  # fmt: skip
TOOLS = ("set-up", "words", "codes", "deliveries", "providers", "unmatched-texts", "test-a-text", "audit", "search",
         "bulk?kind=resend&view=failed", "bulk?kind=resolve&view=unconfirmed", "bulk?kind=cancel&view=held",
         "audit?kind=message", "retention", "what-to-submit")  # fmt: skip


def addresses(made: Stage) -> dict[str, str]:
    """Each page by its name."""
    [(message, number, request_id)] = made.sql(
        "SELECT id::text, \"to\", request_id FROM sms_message WHERE status = 'failed' ORDER BY id DESC LIMIT 1"
    )
    searches = {"number": number, "request id": request_id, "id": message, "nothing": "nowhere"}
    single = [f"{name}={value}" for name, values in FILTERS.items() for value in values]
    single += [f"view={view}" for view in pages.VIEWS]
    pairs = [f"{a}={RARE[a]}&{b}={RARE[b]}" for a in RARE for b in RARE if a < b]
    deep = [f"{words}p={page}" for words in ("", "view=failed&", "is_otp=1&", "client=second&") for page in (2, 200)]
    found = {"dashboard": "/admin/", "messages": LIST}
    found |= {f"messages, {words}": LIST + _with_keys(made, words) for words in (*single, *pairs, *deep)}
    found |= {f"messages, search by {name}": f"{LIST}q={quote(term)}" for name, term in searches.items()}
    found |= {"message": f"{LIST[:-1]}{message}/change/", "explained": f"{LIST[:-1]}{message}/explained.json"}
    for name, queries in OTHERS.items():
        found |= {f"{name}s, {words}": f"/admin/sms/{name}/?{_with_keys(made, words)}" for words in queries}
    return found | {words: f"/admin/tools/{_tool(words)}" for words in TOOLS}


def _tool(words: str) -> str:
    name, _, query = words.partition("?")
    return f"{name}/?{query}"


def _with_keys(made: Stage, words: str) -> str:
    """The query string with keys in the place of names."""
    parts = []
    for part in filter(None, words.split("&")):
        name, _, value = part.partition("=")
        if name in NAMED:
            table, column = NAMED[name].split(".")
            value = made.sql(f"SELECT id FROM {table} WHERE {column} = %s", value)[0][0]
        parts.append(f"{name}={value}")
    return "&".join(parts)


def warm(get: Callable[[str], str], address: str, runs: int) -> list[float]:
    """Milliseconds of each request after a first one."""
    get(address)
    return [once(get, address) for _ in range(runs)]


def once(get: Callable[[str], str], address: str) -> float:
    begun = time.perf_counter()
    get(address)
    return (time.perf_counter() - begun) * 1000


def measured(made: Stage, forget: Callable[[], None], runs: int) -> tuple[list[tuple[str, str, str]], str]:
    """A row for each page, and which are beyond the budget."""
    web, port = serve(made, "config.wsgi")
    staff = Staff(f"http://127.0.0.1:{port}")
    assert "Log out" in staff.log_in(pages.NAME, pages.PASSWORD)
    found = addresses(made)
    quick = {name: warm(staff.get, address, runs) for name, address in found.items()}
    slow = {}
    for name, address in found.items():
        forget()
        eventually(lambda: answers(staff), because="the web processes are connected again")
        slow[name] = once(staff.get, address)
    web.stop()
    rows = [(name, median_and_spread(quick[name]), f"{slow[name]:.0f}") for name in found]
    late = [name for name in found if statistics.median(quick[name]) > pages.BUDGET_MS]
    late_cold = [name for name in found if slow[name] > pages.BUDGET_MS]
    notes = f"Beyond {pages.BUDGET_MS} ms warm: {_listed(late)}. Cold: {_listed(late_cold)}."
    return rows, f"{notes} Load of the machine: {' '.join(f'{each:.1f}' for each in os.getloadavg())}."


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none"


def answers(staff: Staff) -> bool:
    """Whether a page with little of the database is shown; it also reads the user and the session.

    After the log-in has ended, the log-in form would be measured instead.
    """
    try:
        return "Log out" in staff.get("/admin/tools/words/")
    except AssertionError:
        return False


def forget_files(server: Postgres) -> None:
    """Restart PostgreSQL after the kernel was told to drop its files."""
    server.stop()
    for file in filter(Path.is_file, server.data.rglob("*")):
        descriptor = os.open(file, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)
    server.start()


def main() -> None:
    millions = float(sys.argv[1]) if len(sys.argv) > 1 else 10
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with Postgres(durable=True) as server, stage(0, quarter_shop(), server=server) as made:
        begun = time.monotonic()
        fill_quarter(made, int(millions * 1_000_000))
        filled = f"Filled in {time.monotonic() - begun:.0f} s."
        rows, late = measured(made, lambda: forget_files(server), runs)
    record(f"grown, {millions:g} million messages", ("page", "warm, ms", "cold, ms"), rows, filled, late)


if __name__ == "__main__":
    main()
