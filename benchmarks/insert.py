"""What PostgreSQL does for one accepted message: `python3 dev.py bench insert [statements] [rounds]`.

The product's own INSERT, prepared, runs over one connection whose commits are not awaited: in a database as it is, and
in copies of it that lack a part of the schema. Beside them, in turns, a bare INSERT fills a table of the same columns
that has a primary key alone. The times are the processor time of PostgreSQL's process for the connection (Linux,
/proc), because other work on the machine disturbs it less than the time that passes. The first decile
of the rounds, at least 2, is reported.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import django
import environ
from django.db.utils import ConnectionHandler

from tests.support.postgres import DatabaseServer

from .accept import shop
from .results import record
from .stage import Stage, stage

COPY = "CREATE TABLE bench_bare (LIKE sms_message); ALTER TABLE bench_bare ADD PRIMARY KEY (id)"
_DROP_CONSTRAINTS = """
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT conname FROM pg_constraint WHERE conrelid = 'sms_message'::regclass AND contype = '{kind}' LOOP
        EXECUTE format('ALTER TABLE sms_message DROP CONSTRAINT %I', name);
    END LOOP;
END $$"""
NO_FOREIGN_KEYS, NO_CHECKS = _DROP_CONSTRAINTS.format(kind="f"), _DROP_CONSTRAINTS.format(kind="c")
NO_INDEXES = """
DO $$ DECLARE index regclass; BEGIN
    FOR index IN SELECT indexrelid FROM pg_index WHERE indrelid = 'sms_message'::regclass AND NOT indisunique LOOP
        EXECUTE format('DROP INDEX %s', index);
    END LOOP;
END $$"""
SHORT_KEY = "ALTER TABLE sms_message ALTER COLUMN repeat_key TYPE uuid USING left(repeat_key, 32)::uuid"
VARIANTS: Mapping[str, Sequence[str]] = {
    "bare INSERT": [COPY],
    "as it is": [],
    "without foreign keys": [NO_FOREIGN_KEYS],
    "without check constraints": [NO_CHECKS],
    "without secondary indexes": [NO_INDEXES],
    "without the index message_queue": ["DROP INDEX message_queue"],
    "with a key of 16 bytes": [SHORT_KEY],
    "with a decision of 50 bytes": [],
    "without all of these": [NO_FOREIGN_KEYS, NO_CHECKS, NO_INDEXES],
}
TEXT = "Hörmətli Aysel 5, kampaniya9574 üzrə sifarişiniz 5 yoldadır."
SHORT_DECISION = '{"route": 7, "prefix": "+99405", "candidates": []}'


def close_all() -> None:
    """A database that is in use can't be copied."""
    from django.db import connections

    connections.close_all()


def open_variants(made: Stage) -> dict[str, Any]:
    """A connection of the product for each variant, to a database of its own."""
    server, found = DatabaseServer(made.database_url), {}
    for number, (name, changes) in enumerate(VARIANTS.items()):
        url = server.database_url("postgres")
        copy = DatabaseServer(url).create_database(f"bench_{number}", template=made.database_url.rpartition("/")[2])
        settings = environ.Env.db_url_config(copy) | {"ENGINE": "config.postgresql"}
        found[name] = ConnectionHandler({"default": settings})["default"]
        with found[name].cursor() as cursor:
            for change in changes:
                cursor.execute(change)
            cursor.execute("SET synchronous_commit = off")
    return found


def message() -> tuple[dict[str, Any], int]:
    """The columns of an accepted call, and its time to live."""
    from sms.services.configuration import snapshot
    from sms.services.intake import accept

    client = next(iter(snapshot.latest().clients.values()))
    fields = accept.Fields("AKINON", "+994051000005", TEXT, TEXT, False)
    call = accept.SendRequest(client, "bench", True, "", fields)
    reading, ttl = accept.route_and_match(call)
    return accept._columns(call, reading), ttl


def values(name: str, columns: Mapping[str, Any]) -> dict[str, Any]:
    """The columns with an id and a key of their own."""
    from sms.services.database import clock

    key = uuid.uuid4().hex if name == "with a key of 16 bytes" else 2 * uuid.uuid4().hex
    decision = SHORT_DECISION if name == "with a decision of 50 bytes" else columns["decision"]
    own = {"id": clock.new_id().hex, "request_id": str(uuid.uuid4()), "repeat_key": key, "decision": decision}
    return {**columns, **own}


def run(name: str, connection: Any, columns: Mapping[str, Any], ttl: int, count: int) -> tuple[float, float]:
    """Microseconds a statement: of PostgreSQL's process, and those that passed."""
    from django.db import connections

    from sms.services.intake import insert

    connections["default"] = connection
    write = write_bare if name == "bare INSERT" else partial(insert.insert, due=True, ttl=ttl, other_keys=("0" * 32,))
    rows = [values(name, columns) for _ in range(count)]
    before, begun = processor_time(connection), time.perf_counter()
    for row in rows:
        assert write(row)
    passed = time.perf_counter() - begun
    return (processor_time(connection) - before) / count / 1e3, passed / count * 1e6


def write_bare(row: Mapping[str, Any]) -> bool:
    from sms.services.database import bulk_sql
    from sms.services.intake import insert

    names = [*insert._VALUES, *insert._CONSTANTS, *insert._TIMES]
    slots = ["%s"] * (len(names) - len(insert._TIMES)) + ["statement_timestamp()"] * len(insert._TIMES)
    quoted = ", ".join(f'"{name}"' for name in names)
    with bulk_sql.prepared_cursor() as cursor:
        parameters = [*(row[name] for name in insert._VALUES), *insert._CONSTANTS.values()]
        cursor.execute(f"INSERT INTO bench_bare ({quoted}) VALUES ({', '.join(slots)})", parameters)
        return cursor.rowcount == 1


def processor_time(connection: Any) -> int:
    """Nanoseconds that the connection's process has run."""
    return int(Path(f"/proc/{connection.connection.info.backend_pid}/schedstat").read_text().split()[0])


def least_disturbed(found: Sequence[float]) -> float:
    return statistics.quantiles(found, n=10)[0]


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    with stage(0, shop()) as made:
        os.environ.update(made.environment | {"DJANGO_SETTINGS_MODULE": "config.settings"})
        django.setup()
        columns, ttl = message()
        close_all()
        connections = open_variants(made)
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in connections}
        for turn in range(-1, rounds):  # in the first round the statements are prepared
            for name in sorted(connections, reverse=bool(turn % 2)):
                times = run(name, connections[name], columns, ttl, count)
                found[name] += [times] if turn >= 0 else []
        for connection in connections.values():
            connection.close()
    report(found)


def report(found: Mapping[str, Sequence[tuple[float, float]]]) -> None:
    used = {name: least_disturbed([time for time, _ in times]) for name, times in found.items()}
    passed = {name: least_disturbed([time for _, time in times]) for name, times in found.items()}
    rows = [
        (name, f"{used[name]:.0f}", f"{used[name] / used['bare INSERT']:.2f}", f"{passed[name]:.0f}") for name in used
    ]
    note = "The first decile of the rounds; “passed” includes the driver and the transfer to PostgreSQL."
    record("insert", ("schema", "PostgreSQL's processor time, µs", "of bare", "passed, µs"), rows, note)


if __name__ == "__main__":
    main()
