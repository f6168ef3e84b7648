"""Calls of a vendor at the callback URL."""

from __future__ import annotations

import pytest


@pytest.fixture
def sent(shop, wire, work):
    """A message that the first provider took, waiting for its report."""
    message = shop.message()
    work()
    return message
