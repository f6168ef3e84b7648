"""The endpoint that the sentences are tried on: the address of --url, else a stack of our own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.stack import ONE_WORKER, PASSWORD, USER, Stack

from .endpoint import Endpoint

OWN = {"from": "AKINON", "to": "+40712345678", "text": "Hello from SMS Desk"}


@pytest.fixture(scope="package")
def endpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    url = request.config.getoption("--url")
    if url:
        yield given(request.config, url)
        return
    with Stack(tmp_path_factory.mktemp("akinon"), dispatchers=0, web_words=ONE_WORKER) as stack:
        yield Endpoint(stack.url, USER, PASSWORD, OWN)


def given(config: pytest.Config, url: str) -> Endpoint:
    user, colon, password = (config.getoption("--user") or "").partition(":")
    if not colon:
        raise pytest.UsageError("--url needs --user NAME:PASSWORD, the Basic credentials of the caller")
    names = {"from": config.getoption("--from"), "to": config.getoption("--to"), "text": config.getoption("--text")}
    return Endpoint(url.rstrip("/"), user, password, names if all(names.values()) else None)


@pytest.fixture
def message(endpoint: Endpoint) -> dict[str, Any]:
    """A message that may really go out."""
    if endpoint.message is None:
        pytest.skip("sends a message: name one with --from, --to and --text")
    return dict(endpoint.message)


@pytest.fixture
def broken(endpoint: Endpoint) -> dict[str, Any]:
    """A message that can't go out, whatever else is mended of it: its number is none."""
    return {"from": "AKINON", "to": "+0", "text": "conformance"}


def pytest_report_header(config: pytest.Config) -> str | None:
    url = config.getoption("--url")
    return f"conformance of {url}" if url else None
