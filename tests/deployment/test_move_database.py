"""`manage.py move_database`: 10,000 messages and all around them, from SQLite to PostgreSQL."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support.databases import template_file
from tests.support.environment import process_environment
from tests.support.postgres import Postgres
from tests.support.processes import PROJECT, run
from tests.support.stack import SHOP

COUNT = 10_000
# As Stack fills it in; nothing is called here.
SHOP_WITHOUT_VENDORS = SHOP
for _name in ("smsplus", "accolades", "etelecom", "onlinesim"):
    SHOP_WITHOUT_VENDORS = SHOP_WITHOUT_VENDORS.replace(f"${_name}", "http://127.0.0.1:9")


def filling(url: str, *words: str) -> str:
    command = [sys.executable, "-m", "tests.deployment.filling", *words]
    done = subprocess.run(
        command, cwd=PROJECT, env=process_environment(DATABASE_URL=url), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def digest(url: str) -> dict[str, Any]:
    return json.loads(filling(url, "digest"))


@pytest.fixture(scope="module")
def durable_postgres() -> Iterator[Postgres]:
    """One server for all of these; that it stands for PostgreSQL's half of a run is in its name (support/selection)."""
    with Postgres() as server:
        yield server


def filled(folder: Path, count: int) -> str:
    """The address of an SQLite file with a shop and so many messages."""
    file = folder / f"filled-{count}.sqlite3"
    shutil.copyfile(template_file(SHOP_WITHOUT_VENDORS, ()), file)
    url = f"sqlite:///{file}"
    filling(url, "fill", str(count))
    return url


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file with three messages, which no test changes."""
    return filled(tmp_path_factory.mktemp("small"), 3)


@pytest.fixture
def own(small: str, tmp_path: Path) -> str:
    """A copy of it, to be changed."""
    file = tmp_path / "own.sqlite3"
    shutil.copyfile(small.removeprefix("sqlite:///"), file)
    return f"sqlite:///{file}"


@pytest.fixture(scope="module")
def moved(small: str, durable_postgres: Postgres) -> str:
    """A PostgreSQL that the small file was moved to."""
    there = durable_postgres.create_database()
    assert move(small, there).returncode == 0
    return there


def move(source: str, target: str) -> subprocess.CompletedProcess[str]:
    return run(["move_database", "--to", target], process_environment(DATABASE_URL=source), check=False)


def test_everything_arrives_as_it_was_stored_and_the_next_row_gets_the_next_number(
    durable_postgres: Postgres, tmp_path: Path
):
    here, there = filled(tmp_path, COUNT), durable_postgres.create_database()
    before = digest(here)
    done = move(here, there)
    assert done.returncode == 0, done.stderr
    after = digest(there)
    assert {table: rows for table, (rows, _) in after.items()} == {table: rows for table, (rows, _) in before.items()}
    assert after == before
    assert before["sms_message"][0] == COUNT + 1
    with contextlib.closing(sqlite3.connect(here.removeprefix("sqlite:///"))) as source:
        assert source.execute("SELECT count(*) FROM sms_message").fetchone() == (COUNT + 1,)
    assert f"{COUNT + 1:>10}  sms_message" in done.stdout

    # Number by sequence: one more of each such kind, by the product's own commands.
    more = tmp_path / "more.toml"
    more.write_text('[[clients]]\nusername = "second"\n[[senders]]\nname = "SECOND"\n')
    environment = process_environment(DATABASE_URL=there)
    assert "password second" in run(["provision", str(more)], environment).stdout
    # Stored credentials still open with the same keys.
    assert run(["rotate_secrets"], environment).returncode == 0


def test_sequences_stand_behind_the_last_row(moved: str):
    with psycopg.connect(moved) as connection:
        columns = connection.execute(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = 'public' AND is_identity = 'YES' AND table_name <> 'django_migrations'"
        ).fetchall()
        assert len(columns) > 20
        for table, column in columns:
            [highest] = connection.execute(f'SELECT max("{column}") FROM "{table}"').fetchone()
            [following] = connection.execute(
                f"SELECT nextval(pg_get_serial_sequence('\"{table}\"', '{column}'))"
            ).fetchone()
            assert following > (highest or 0), table


def test_a_moved_database_is_worked_on_from_where_it_stood(moved: str):
    environment = process_environment(DATABASE_URL=moved)
    assert run(["migrate", "--check"], environment).returncode == 0
    run(["dispatch", "--drain"], environment)
    with psycopg.connect(moved) as connection:
        # The one that was queued was tried: its template does not match, so it waits and says for what.
        [status, waiting] = connection.execute(
            "SELECT status, waiting_for FROM sms_message WHERE request_id = 'waits'"
        ).fetchone()
    assert status == "queued"
    assert waiting.startswith("waiting for")


# --- refusals: each says what to do, and copies nothing -----------------------------------------


def refused(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_database_that_holds_rows_is_refused(small: str, moved: str):
    once = digest(moved)
    assert "Give an empty database" in refused(move(small, moved))
    assert digest(moved) == once


def test_what_is_no_postgresql_is_refused(small: str, tmp_path: Path):
    assert "must be a PostgreSQL" in refused(move(small, f"sqlite:///{tmp_path / 'other.sqlite3'}"))
    assert refused(move(small, "nonsense"))


def test_a_server_that_is_away_is_said_without_the_password(small: str):
    words = refused(move(small, "postgres://sms:made-up-secret@127.0.0.1:9/none"))
    assert "PostgreSQL refused" in words
    assert "made-up-secret" not in words


def test_a_source_that_is_no_sqlite_is_refused(moved: str):
    assert "no SQLite file" in refused(move(moved, moved))


def test_a_living_dispatcher_is_stopped_first(own: str, durable_postgres: Postgres):
    alive = "from sms.services.worker import heartbeat as h; h.Heartbeat(8).beat(0)"
    run(["shell", "-c", alive], process_environment(DATABASE_URL=own))
    assert "Stop every dispatcher" in refused(move(own, durable_postgres.create_database()))


def test_a_value_that_postgresql_can_not_hold_stops_everything(own: str, durable_postgres: Postgres):
    there = durable_postgres.create_database()
    with contextlib.closing(sqlite3.connect(own.removeprefix("sqlite:///"))) as source:
        assert source.execute("UPDATE sms_message SET detail = ?", ("a\x00b",)).rowcount > 0
        source.commit()
    assert "sms_message" in refused(move(own, there))
    with psycopg.connect(there) as connection:
        assert connection.execute("SELECT count(*) FROM sms_provider").fetchone() == (0,)
