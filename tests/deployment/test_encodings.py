"""A PostgreSQL database of another encoding is refused before anything is written into it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.support.databases import migrated_file
from tests.support.environment import process_environment
from tests.support.postgres import Postgres
from tests.support.processes import run

pytestmark = pytest.mark.any_database  # the server is the test's own


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with Postgres() as server:
        yield server


def database(server: Postgres, encoding: str) -> str:
    """The URL of an empty database of this encoding."""
    name = f"in_{encoding.lower()}"
    statement = sql.SQL("CREATE DATABASE {} ENCODING {} LOCALE 'C' TEMPLATE template0")
    with server.connection() as connection:
        connection.execute(statement.format(sql.Identifier(name), sql.Literal(encoding)))
    return server.database_url(name)


@pytest.mark.parametrize("encoding", ["LATIN5", "SQL_ASCII", "EUC_JP"])
def test_migrate_check_and_move_name_the_encoding_and_write_nothing(
    server: Postgres, encoding: str, tmp_path: Path
) -> None:
    url = database(server, encoding)
    environment = process_environment(DATABASE_URL=url)
    for words in (["migrate", "--noinput"], ["check", "--database", "default"]):
        done = run(words, environment, check=False)
        assert done.returncode == 1
        assert "sms.E007" in done.stderr
        assert f"is {encoding}, not UTF8" in done.stderr
    own = process_environment(DATABASE_URL=f"sqlite:///{shutil.copyfile(migrated_file(), tmp_path / 'db.sqlite3')}")
    done = run(["move_database", "--to", url], own, check=False)
    assert done.returncode == 1
    assert f"is {encoding}, not UTF8" in done.stderr
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


def test_a_database_in_utf8_passes(server: Postgres) -> None:
    environment = process_environment(DATABASE_URL=database(server, "UTF8"), PUBLIC_URL="http://127.0.0.1:8000")
    run(["check", "--database", "default"], environment)
