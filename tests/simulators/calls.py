"""Plain HTTP calls to the simulated vendors."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.simulators import Vendor

PATIENCE_SECONDS = 10


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def call(
    vendor: Vendor,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
    method: str = "POST",
    timeout: float = PATIENCE_SECONDS,
) -> Reply:
    """One call on a connection of its own. Raises what the connection raises."""
    connection = http.client.HTTPConnection(urlsplit(vendor.url).netloc, timeout=timeout)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def call_json(vendor: Vendor, path: str, value: Any, **headers: str) -> Reply:
    return call(vendor, path, json.dumps(value).encode(), {"Content-Type": "application/json", **headers})


def call_form(vendor: Vendor, path: str, values: dict[str, str]) -> Reply:
    body = urlencode(values).encode()
    return call(vendor, path, body, {"Content-Type": "application/x-www-form-urlencoded"})
