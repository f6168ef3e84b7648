"""Delivery reports that a vendor sends: when, how often, with which id.

A plan is a name or a list of steps `{"state", "after", "early", "id", "error"}`:
`state` "good" or "bad" (the vendor's own words for them), `after` seconds, `early`
= delivered before the answer to the send is written, `id` in place of the right one.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 10
AT_ONCE = 32
MAX_ANSWER = 64 * 1024
WRONG_ID = "00000000-0000-4000-8000-000000000000"


class PlanError(ValueError):
    """No such plan."""


@dataclass(frozen=True, slots=True)
class Step:
    """One report to come."""

    state: str = "good"
    after: float = 0.0
    early: bool = False
    id: str | None = None
    error: str = "The carrier refused the message."


def read_plan(value: Any, *, soon: float, late: float) -> list[Step]:
    """The steps of a plan; `soon` and `late` are seconds. Raises PlanError."""
    named = {
        "never": [],
        "early": [Step(early=True)],
        "on_time": [Step(after=soon)],
        "twice": [Step(after=soon), Step(after=soon)],
        "late": [Step(after=late)],
        "bad": [Step("bad", after=soon)],
        "contradictory": [Step(after=soon), Step("bad", after=soon * 2)],
        "recovering": [Step("bad", after=soon), Step(after=soon * 2)],
        "wrong_id": [Step(after=soon, id=WRONG_ID)],
    }
    if isinstance(value, str) and value in named:
        return named[value]
    try:
        return [Step(**step) for step in value]
    except TypeError as error:
        raise PlanError(f"no such plan: {value!r}; there are {', '.join(named)}, or a list of steps") from error


@dataclass(frozen=True, slots=True)
class Push:
    """One HTTP call of the vendor to us, complete."""

    url: str
    method: str
    content_type: str
    body: bytes
    reference: str


@dataclass(slots=True)
class Delivery:
    """What became of a push: `status` 0 and `error` where there was no answer."""

    url: str
    reference: str
    body: str
    began: float
    ended: float = 0.0
    status: int = 0
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Deliverer:
    """Carries pushes out, a bounded number at a time, on loopback alone."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self.slots = asyncio.Semaphore(AT_ONCE)

    def later(self, seconds: float, push: Callable[[], Push | None]) -> None:
        """Carry out a push after some seconds; it is built only then, with the settings of that time."""
        task = asyncio.get_running_loop().create_task(self._wait_and_deliver(seconds, push))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _wait_and_deliver(self, seconds: float, push: Callable[[], Push | None]) -> None:
        await asyncio.sleep(seconds)
        await self.deliver(push())

    async def deliver(self, push: Push | None) -> None:
        """Carry out one push, and keep what became of it."""
        if push is None:
            return
        delivery = Delivery(push.url, push.reference, push.body.decode(), time.monotonic())
        self.deliveries.append(delivery)
        try:
            async with self.slots, asyncio.timeout(TIMEOUT_SECONDS):
                delivery.status = await post(push)
        except (OSError, TimeoutError, ValueError) as error:
            delivery.error = f"{type(error).__name__}: {error}"
        delivery.ended = time.monotonic()

    def forget(self) -> None:
        """Drop what is still to come and what was."""
        for task in self.tasks:
            task.cancel()
        self.deliveries = []


async def post(push: Push) -> int:
    """Carry out one call; returns the status. Raises OSError, or ValueError on a bad address or answer."""
    parts = urlsplit(push.url)
    host, port = loopback(parts.hostname or ""), parts.port or 80
    if parts.scheme != "http":
        raise ValueError(f"a simulator calls http addresses alone, not {parts.scheme or 'none'}")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    head = f"{push.method} {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n"
    if push.method != "GET":
        head += f"Content-Type: {push.content_type}\r\nContent-Length: {len(push.body)}\r\n"
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(head.encode() + b"\r\n" + push.body)
        return read_status(await reader.read(MAX_ANSWER))
    finally:
        writer.close()


def read_status(answer: bytes) -> int:
    words = answer.split(b" ", 2)
    if len(words) < 3 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
        raise ValueError("the callback was not answered in HTTP")
    return int(words[1])


def loopback(host: str) -> str:
    """The host, if it is this machine: a simulator never calls out into the world. Raises ValueError."""
    if host == "localhost":
        return "127.0.0.1"
    if not ipaddress.ip_address(host).is_loopback:
        raise ValueError(f"a simulator calls loopback addresses alone, not {host}")
    return host
