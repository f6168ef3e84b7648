"""A prepared database in memory, for simulations inside a test run."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from . import world


@pytest.fixture
def prepared(transactional_db: None) -> Iterator[sqlite3.Connection]:
    with world.installed() as database:
        yield database
