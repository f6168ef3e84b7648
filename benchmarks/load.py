"""A lean load generator: `python -m benchmarks.load PORT CONNECTIONS SECONDS FILE`, prints its figures as JSON.

FILE holds the requests, one JSON object with `headers`, `bodies` and perhaps `targets`; each connection sends them in
turn and waits for each answer. One asyncio process, no library: it shall take little of the two cores that all share.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from itertools import cycle
from pathlib import Path


class Caller(asyncio.Protocol):
    def __init__(self, requests: list[bytes], start: int, ends: float) -> None:
        self.requests = cycle(requests[start:] + requests[:start])
        self.ends = ends
        self.times: list[float] = []
        self.statuses: dict[int, int] = {}
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.send()

    def send(self) -> None:
        self.begun = time.perf_counter()
        self.transport.write(next(self.requests))

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.buffer[:end].lower()
        length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        if len(self.buffer) < end + 4 + length:
            return
        self.buffer = self.buffer[end + 4 + length :]
        self.times.append(time.perf_counter() - self.begun)
        status = int(head[9:12])
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if time.perf_counter() < self.ends:
            self.send()
        elif not self.done.done():
            self.done.set_result(None)
            self.transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("closed by the server"))


async def run(port: int, connections: int, seconds: float, file: Path) -> dict[str, object]:
    given = json.loads(file.read_text())
    targets = given.get("targets") or ["/send-sms"] * len(given["bodies"])
    requests = [_request(target, body, given["headers"]) for target, body in zip(targets, given["bodies"], strict=True)]
    loop = asyncio.get_running_loop()
    begun = time.perf_counter()
    callers = []
    for n in range(connections):
        start = n * len(requests) // connections
        _, caller = await loop.create_connection(
            lambda start=start: Caller(requests, start, begun + seconds), "127.0.0.1", port
        )
        callers.append(caller)
    await asyncio.gather(*(caller.done for caller in callers))
    passed = time.perf_counter() - begun
    times = sorted(t for caller in callers for t in caller.times)
    statuses: dict[int, int] = {}
    for caller in callers:
        for status, count in caller.statuses.items():
            statuses[status] = statuses.get(status, 0) + count
    rank = lambda share: times[min(int(len(times) * share), len(times) - 1)] * 1000  # noqa: E731
    return {"rate": len(times) / passed, "p50": rank(0.5), "p95": rank(0.95), "p99": rank(0.99), "statuses": statuses}


def _request(target: str, body: str, headers: dict[str, str]) -> bytes:
    payload = body.encode()
    lines = [f"POST {target} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(payload)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + payload


if __name__ == "__main__":
    port, connections, seconds, file = sys.argv[1:5]
    print(json.dumps(asyncio.run(run(int(port), int(connections), float(seconds), Path(file)))))
