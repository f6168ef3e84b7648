"""One Chromium and one furnished stack for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.stack import Stack

from . import chromium, shop


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


# Of the package, not of the session: the library's event loop must be gone when tests of other folders use the ORM.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium.running() as started:
        yield started


@pytest.fixture(scope="package")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack after a busy day; tests look at it and change nothing."""
    with shop.furnished(tmp_path_factory.mktemp("furnished")) as stack:
        yield stack
