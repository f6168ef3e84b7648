"""A test's side of a simulator's control endpoint."""

from __future__ import annotations

import base64
import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

TIMEOUT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class SeenCall:
    """One call that the vendor saw. Times: the machine's monotonic clock, `ended` None while the call lasts."""

    number: int
    stage: str
    accepted: bool
    fault: str
    key: str
    phone: str
    reference: str
    fields: dict[str, Any]
    violations: list[str]
    status: int | None
    method: str
    target: str
    headers: list[list[str]]
    body: bytes
    peer: str
    arrived: float
    ended: float | None

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class ControlError(Exception):
    """The simulator did not understand the test."""


class Vendor:
    """A running simulator. `url` is the vendor's base address."""

    def __init__(self, url: str) -> None:
        self.url = url

    def calls(self, *, since: int = 0, stage: str | None = "send") -> list[SeenCall]:
        """The calls from number `since` on; `stage` None gives status calls and pings too."""
        answered = self._ask("GET", "calls", since=since)
        seen = [SeenCall(**{**call, "body": base64.b64decode(call["body"])}) for call in answered]
        return [call for call in seen if stage is None or call.stage == stage]

    def accepted(self) -> dict[str, int]:
        """How often each message was accepted, by its key."""
        return self._ask("GET", "accepted")

    def accepted_twice(self) -> dict[str, int]:
        """The messages that were accepted more than once."""
        return self._ask("GET", "accepted", over=1)

    def counts(self) -> dict[str, int]:
        """calls, accepted, in_flight, in_flight_peak."""
        return self._ask("GET", "counts")

    def deliveries(self) -> list[dict[str, Any]]:
        """The delivery reports that the vendor sent, and what they were answered."""
        return self._ask("GET", "deliveries")

    def setup(self, **changes: Any) -> None:
        """What the vendor's own staff would set: accounts, templates, latency, the plan of callbacks …"""
        self._ask("POST", "setup", changes)

    def settings(self) -> dict[str, Any]:
        return self._ask("GET", "setup")

    def faults(self, *faults: dict[str, Any]) -> None:
        """Append to the script of faults (faults.py lists them)."""
        self._ask("POST", "faults", list(faults))

    def fault(self, name: str, **options: Any) -> None:
        """Append one fault to the script."""
        self.faults({"fault": name, **options})

    def waiting_faults(self) -> list[dict[str, Any]]:
        """The faults that no call has met yet."""
        return self._ask("GET", "faults")

    def clear_faults(self) -> None:
        self._ask("DELETE", "faults")

    def push(self, reference: str, **step: Any) -> None:
        """Send a report of an accepted message by hand (callbacks.py: Step)."""
        self._ask("POST", "push", {"reference": reference, **step})

    def release(self) -> None:
        """End every call that hangs."""
        self._ask("POST", "release")

    def reset(self, *, setup: bool = False) -> None:
        """Forget calls, counts and faults; with `setup`, go back to the first settings too."""
        self._ask("POST", "reset", {"setup": setup})

    def _ask(self, method: str, endpoint: str, body: Any = None, **query: Any) -> Any:
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=TIMEOUT_SECONDS)
        try:
            path = f"/_sim/{endpoint}?{urlencode(query)}"
            connection.request(method, path, None if body is None else json.dumps(body))
            answer = connection.getresponse()
            value = json.loads(answer.read())
        finally:
            connection.close()
        if answer.status != 200:
            raise ControlError(value["error"])
        return value
