"""Behind a transaction pooler LISTEN is dropped: dispatchers notice, say so once, and poll."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.support import processes
from tests.support.guardian import guard, release
from tests.support.ports import free_port
from tests.support.postgres import Postgres, give
from tests.support.processes import http_status
from tests.support.stack import Stack
from tests.support.waiting import eventually

from .support import invariants
from .support.evidence import drained, markers_in
from .support.ledger import Ledger
from .support.load import Load, items

PROGRAM = "pgbouncer"
POLL_SECONDS = 0.25
SLACK_SECONDS = 0.75  # for a busy machine


@pytest.fixture
def pooler_port(durable_postgres: Postgres) -> Iterator[int]:
    """PgBouncer in front of the server, pooling transactions."""
    program = shutil.which(PROGRAM, path="/usr/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        pytest.skip(f"{PROGRAM} is not installed (Debian: apt install pgbouncer)")
    port, file = free_port(), durable_postgres.folder / "pgbouncer.ini"
    file.write_text(configuration(durable_postgres, port))
    give(file, durable_postgres.account)
    account = durable_postgres.account
    options = account.for_subprocess() if account else {}
    with (durable_postgres.folder / "pgbouncer.log").open("wb") as log:
        running = subprocess.Popen(
            [program, "--quiet", file], stdout=log, stderr=log, start_new_session=True, **options
        )
    guard(process=running.pid)
    eventually(lambda: answers(port, durable_postgres), because="PgBouncer answers")
    yield port
    running.terminate()
    running.wait(30)
    release(process=running.pid)


def configuration(server: Postgres, port: int) -> str:
    return f"""
[databases]
* = host=127.0.0.1 port={server.port} user=sms password={server.password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
max_client_conn = 200
default_pool_size = 20
"""


def answers(port: int, server: Postgres) -> bool:
    try:
        psycopg.connect(f"postgres://sms:{server.password}@127.0.0.1:{port}/postgres", connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def through_the_pooler(stack: Stack, port: int) -> dict[str, str]:
    parts = urlsplit(stack.database_url)
    url = parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{port}").geturl()
    return {**stack.environment, "DATABASE_URL": url}


@pytest.mark.faults
def test_behind_a_transaction_pooler_dispatchers_notice_and_poll(
    stacks: Callable[..., Stack], durable_postgres: Postgres, pooler_port: int, ledger: Ledger
):
    stack = stacks(server=durable_postgres, dispatchers=0)
    environment = through_the_pooler(stack, pooler_port)
    web_port = free_port()
    web = stack.keep(processes.web(web_port, ["-w", "2"], environment, stack.folder, name="web-pooled"))
    web.start(lambda: http_status(web_port, "/readyz") == 200)
    pooled = [pooled_dispatcher(stack, environment, number) for number in (1, 2)]
    for dispatcher in pooled:
        eventually(lambda: "listen.unsupported" in dispatcher.output(), because="it notices")  # noqa: B023
    load = Load(web_port, items(60), rate=10).run()
    drained(stack)
    waited = sorted(times_to_vendor(stack, load))
    assert len(waited) == 60
    assert waited[len(waited) // 2] < POLL_SECONDS + SLACK_SECONDS
    assert all(dispatcher.output().count("listen.unsupported") == 1 for dispatcher in pooled)
    figures = invariants.check(stack, load)
    assert figures.unconfirmed == 0
    ledger.note("behind a transaction pooler (PgBouncer)", figures, database="PostgreSQL")


def pooled_dispatcher(stack: Stack, environment: dict[str, str], number: int) -> processes.Process:
    name = f"dispatch-pooled-{number}"
    return stack.keep(processes.manage(name, ["dispatch", "--slots=8"], environment, Path(stack.folder))).start()


def times_to_vendor(stack: Stack, load: Load) -> list[float]:
    """Seconds from a call's 201 to its arrival at the vendor."""
    answered = {reply.item.marker: reply.at for reply in load.accepted()}
    return [call.arrived - answered[markers_in(call)[0]] for call in stack.vendors.smsplus.calls()]
