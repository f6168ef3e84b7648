"""A client that may call loopback, closed after its test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from providers.http import Client


@pytest.fixture
def client() -> Iterator[Client]:
    made = Client(allow_private=True)
    yield made
    made.close()
