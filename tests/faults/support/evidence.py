"""The state after a fault: the stack's database, read without the product's code, and the vendors' records."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from tests.simulators import Vendors
from tests.simulators.client import SeenCall
from tests.support.databases import is_postgresql
from tests.support.stack import Stack
from tests.support.waiting import eventually

Row = dict[str, Any]
MARKER = re.compile(r"(?<![0-9A-Za-z-])[4-9][0-9]{9}(?![0-9A-Za-z-])")
"""Ten digits that stand alone; phone numbers have eleven or twelve."""
OWN_FIELDS = ("sendResultTo", "messageId", "password", "mobile_numbers", "phoneNumber", "phonenumber")
UNDER_WAY = ("queued", "sending")
_IDS = ("id", "message_id", "lease_token", "attempt_id")


class Database:
    """Plain reading (and, for tests that play staff, writing) of a stack's database."""

    def __init__(self, url: str) -> None:
        self.url = url

    def rows(self, statement: str) -> list[Row]:
        if is_postgresql(self.url):
            with psycopg.connect(self.url, row_factory=dict_row, connect_timeout=10, autocommit=True) as connection:
                found = connection.execute(statement)  # type: ignore[arg-type]
                return [_plain(row) for row in (found.fetchall() if found.description else [])]
        connection = sqlite3.connect(self.file, timeout=30, isolation_level=None)
        try:
            connection.row_factory = sqlite3.Row
            return [_plain(dict(row)) for row in connection.execute(statement).fetchall()]
        finally:
            connection.close()

    @contextmanager
    def writes_locked(self) -> Iterator[None]:
        """No other process can write a message during the block."""
        if is_postgresql(self.url):
            with psycopg.connect(self.url, connect_timeout=10) as connection:
                connection.execute("LOCK TABLE sms_message IN EXCLUSIVE MODE")
                yield
            return
        connection = sqlite3.connect(self.file, timeout=30, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")
        finally:
            connection.close()

    @property
    def file(self) -> Path:
        """The SQLite file."""
        return Path(urlsplit(self.url).path)

    def messages(self) -> list[Row]:
        return self.rows("SELECT * FROM sms_message ORDER BY id")

    def attempts(self) -> list[Row]:
        return self.rows("SELECT * FROM sms_attempt ORDER BY message_id, number")

    def reports(self) -> list[Row]:
        return self.rows("SELECT * FROM sms_deliveryreport ORDER BY id")

    def events(self) -> list[Row]:
        return self.rows("SELECT * FROM sms_messageevent ORDER BY id")

    def counts(self) -> Counter[str]:
        rows = self.rows("SELECT status, count(*) AS many FROM sms_message GROUP BY status")
        return Counter({row["status"]: row["many"] for row in rows})


def _plain(row: Row) -> Row:
    return {
        name: str(UUID(str(value))) if name in _IDS and isinstance(value, str | UUID) else value
        for name, value in row.items()
    }


def marker_of(message: Row) -> str:
    """The marker of a message that the load client sent, else its own id."""
    kind, _, marker = message["request_id"].rpartition("-")
    if kind == "otp":
        return str(int(marker, 16))
    return marker if kind == "load" else message["id"]


def markers_in(call: SeenCall) -> list[str]:
    said = {name: value for name, value in call.fields.items() if name not in OWN_FIELDS}
    return MARKER.findall(json.dumps(said))


def accepted(vendors: Vendors) -> Counter[str]:
    """How often all vendors together accepted each message, by its marker."""
    taken: Counter[str] = Counter()
    for vendor in (vendors.smsplus, vendors.accolades, vendors.etelecom):
        for call in vendor.calls():
            if call.accepted:
                [marker] = markers_in(call)
                taken[marker] += 1
    return taken


@dataclass(frozen=True)
class Figures:
    """What a table of faults tells of one run."""

    messages: int
    lost: int
    doubled: int
    unconfirmed: int


def under_way(database: Database) -> int:
    counts = database.counts()
    return sum(counts[status] for status in UNDER_WAY)


def drained(stack: Stack, timeout: float = 120.0) -> None:
    """I8: the queued messages are sent without intervention."""
    database = Database(stack.database_url)
    eventually(lambda: under_way(database) == 0, timeout, because="nothing is queued or sending any more")
