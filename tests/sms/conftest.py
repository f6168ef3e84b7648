"""What every test of the product shares."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sms.services import wake


@pytest.fixture(autouse=True)
def silent_bell(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No thread that rings for dispatchers: it would keep a connection to the test database open."""
    monkeypatch.setattr(wake, "_start_thread", lambda: None)
    yield
