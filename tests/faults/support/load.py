"""A load client: sends a bounded number of different messages, several at a time, and keeps every response.

Each message has a marker of ten digits, which its text, its request id and the vendor's call
contain: so it can be counted at each stage.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from tests.support.stack import PASSWORD, USER

CALL_SECONDS = 40  # SQLite may keep a caller waiting for 15 s, gunicorn gives up after 30
_markers = itertools.count(4_000_000_001)


@dataclass(frozen=True, slots=True)
class Item:
    """One message to send."""

    marker: str
    to: str
    text: str
    is_otp: bool = False

    @property
    def request_id(self) -> str:
        return f"otp-{int(self.marker):x}" if self.is_otp else f"load-{self.marker}"  # no log may show a password

    def body(self) -> bytes:
        return json.dumps({"from": "AKINON", "to": self.to, "text": self.text, "isOtp": self.is_otp}).encode()


def next_marker() -> str:
    return str(next(_markers))


def smsplus_item(number: str = "+994501234567") -> Item:
    marker = next_marker()
    return Item(marker, number, f"Hörmətli Aysel, {marker} nömrəli sifarişiniz yoldadır.")


def smsplus_otp(number: str = "+994507654321") -> Item:
    marker = next_marker()
    return Item(marker, number, f"Sizin təsdiq kodunuz: {marker}. Heç kimə verməyin.", is_otp=True)


def accolades_item(number: str = "+40712345678") -> Item:
    marker = next_marker()
    return Item(marker, number, f"Buna ziua, comanda {marker} este pe drum.")


def etelecom_item(number: str = "+84901234567") -> Item:
    marker = next_marker()
    return Item(marker, number, f"Xin chao Anh, don hang {marker} cua ban dang duoc giao.")


@dataclass(frozen=True, slots=True)
class Reply:
    """The result of one call. `status` None: no complete response came. `at`: monotonic time of its end."""

    item: Item
    status: int | None
    headers: dict[str, str]
    body: bytes
    began: float
    at: float
    error: str = ""


@dataclass
class Load:
    """Sends items with some threads, each item once; `tries` above 1 repeats what was not answered 201.

    `rate`: messages a second over all threads. `stop()` ends it early: what was not begun is left out.
    """

    port: int
    items: Iterable[Item]
    threads: int = 8
    rate: float | None = None
    tries: int = 1
    pause: float = 0.3
    replies: list[Reply] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._todo = iter(self.items)
        self._slots = self._times()
        self._workers = [threading.Thread(target=self._work, daemon=True) for _ in range(self.threads)]

    # --- for tests ---------------------------------------------------------------------------

    def start(self) -> Load:
        for worker in self._workers:
            worker.start()
        return self

    def stop(self) -> Load:
        self._ended.set()
        return self.join()

    def join(self) -> Load:
        for worker in self._workers:
            worker.join()
        return self

    def run(self) -> Load:
        return self.start().join()

    @contextlib.contextmanager
    def running(self) -> Iterator[Load]:
        """Load during the block, and until all items are sent."""
        self.start()
        try:
            yield self
        except BaseException:
            self.stop()
            raise
        self.join()

    @property
    def is_running(self) -> bool:
        return any(worker.is_alive() for worker in self._workers)

    def accepted(self) -> list[Reply]:
        with self._lock:
            return [reply for reply in self.replies if reply.status == 201]

    def refused(self) -> list[Reply]:
        """Whole answers other than 2xx."""
        with self._lock:
            return [reply for reply in self.replies if reply.status is not None and not 200 <= reply.status < 300]

    # --- its threads -----------------------------------------------------------------------------

    def _times(self) -> Iterator[float]:
        begin = time.monotonic()
        for number in itertools.count():
            yield begin + number / self.rate if self.rate else begin

    def _work(self) -> None:
        with Caller(self.port) as caller:
            while not self._ended.is_set():
                with self._lock:
                    item = next(self._todo, None)
                    due = next(self._slots)
                if item is None or self._ended.wait(max(due - time.monotonic(), 0)):
                    return
                self._send(caller, item)

    def _send(self, caller: Caller, item: Item) -> None:
        for _ in range(self.tries):
            reply = caller.send(item)
            with self._lock:
                self.replies.append(reply)
            if reply.status == 201 or self._ended.wait(self.pause if self.tries > 1 else 0):
                return


class Caller:
    """One keep-alive connection to the web processes."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.connection: http.client.HTTPConnection | None = None
        login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        self.headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}

    def send(self, item: Item, *, request_id: str | None = None) -> Reply:
        headers = {**self.headers, "x-akinon-request-id": request_id or item.request_id}
        began = time.monotonic()
        try:
            self.connection = self.connection or http.client.HTTPConnection(
                "127.0.0.1", self.port, timeout=CALL_SECONDS
            )
            self.connection.request("POST", "/send-sms", item.body(), headers)
            answer = self.connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return Reply(item, None, {}, b"", began, time.monotonic(), type(error).__name__)
        names = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(item, answer.status, names, body, began, time.monotonic())

    def __enter__(self) -> Caller:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None


def items(count: int, make: Callable[[], Item] = smsplus_item) -> list[Item]:
    return [make() for _ in range(count)]
