"""What every test may ask for."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis
from pytest_django import DjangoDbBlocker

from tests.simulators import Simulators, Vendors
from tests.support.databases import MIGRATED_FILE, place_copy
from tests.support.emptying import instead_of_flush, roles_of_migrations
from tests.support.guardian import guard
from tests.support.postgres import Postgres
from tests.support.selection import Selection
from tests.support.stack import Stack

# No deadline: nothing depends on the machine's speed. The same examples each time: a failure comes again.
hypothesis.register_profile("sms", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
hypothesis.load_profile("sms")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("sms-desk")
    group.addoption("--faults", action="store_true", help="run the long fault suite, too")
    group.addoption("--browser", action="store_true", help="run the browser tests, too (Chromium)")
    group.addoption("--smpp", action="store_true", help="run the tests with the real Kannel, too")
    group.addoption("--all", action="store_true", help="run everything")
    group.addoption(
        "--half", choices=["sqlite", "postgresql"], help="which half of a full run this is (tests/__main__)"
    )
    group.addoption("--summary", type=Path, help="write the counts into this file (tests/__main__)")
    conformance = parser.getgroup("conformance", "the platform's contract at any address: tests/akinon")
    conformance.addoption("--url", help="where POST /send-sms is, such as https://sms.example")
    conformance.addoption("--user", help="NAME:PASSWORD of the caller")
    for name in ("from", "to", "text"):
        conformance.addoption(f"--{name}", help=f"`{name}` of a message that may really be sent")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Selection(config), "sms-desk-selection")
    file = settings.DATABASES["default"].get("TEST", {}).get("NAME")
    if file:
        guard(folder=Path(file).parent)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collected tests stay until the run ends. The search for garbage among them took a third of this time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """Whether the runner has a migrated database: its copy needs no migration, and goes with the run."""
    return MIGRATED_FILE in os.environ


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None, django_db_keepdb: bool) -> None:
    if django_db_keepdb:
        place_copy(connection.settings_dict)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The test database as pytest-django makes it; emptied after tests that commit in a way of our own."""
    with django_db_blocker.unblock():
        roles = roles_of_migrations()
    with instead_of_flush(roles):
        yield


@pytest.fixture(scope="session")
def running_vendors() -> Iterator[Vendors]:
    """The simulated vendors, once for all tests of this process."""
    with Simulators() as vendors:
        yield vendors


@pytest.fixture
def vendors(running_vendors: Vendors) -> Vendors:
    """The simulated vendors in this process, as if nothing had happened yet."""
    running_vendors.reset(setup=True)
    return running_vendors


@pytest.fixture
def stacks(tmp_path: Path) -> Iterator[Callable[..., Stack]]:
    """Brings up stacks with the arguments of `Stack`; ends them after the test."""
    with ExitStack() as open_stacks:
        count = 0

        def bring_up(**options: Any) -> Stack:
            nonlocal count
            count += 1
            folder = tmp_path / f"stack-{count}"
            folder.mkdir()
            return open_stacks.enter_context(Stack(folder, **options))

        yield bring_up


@pytest.fixture
def durable_postgres() -> Iterator[Postgres]:
    """A PostgreSQL of the test's own that may be killed: with fsync, its data survives."""
    with Postgres(durable=True) as server:
        yield server
