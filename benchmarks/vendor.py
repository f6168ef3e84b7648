"""The leanest vendor: takes every SMS after a set time. `python -m benchmarks.vendor PORT MILLISECONDS`.

One asyncio process that parses no more of HTTP than it must, so that what is measured is ours. It answers as Accolades'
document says; GET /count gives the number of calls taken and the loop's times of the first and the last one.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{"type":"ok"}'


class Seen:
    count = 0
    first = 0.0
    last = 0.0
    most = 0
    in_flight = 0


class Connection(asyncio.Protocol):
    def __init__(self, seen: Seen, delay: float) -> None:
        self.seen, self.delay, self.buffer = seen, delay, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            mark = head.find(b"content-length:")
            length = int(head[mark + 15 :].split(b"\r\n", 1)[0]) if mark >= 0 else 0
            if len(self.buffer) < end + 4 + length:
                return
            self.buffer = self.buffer[end + 4 + length :]
            self.answer(head)

    def answer(self, head: bytes) -> None:
        if head.startswith(b"get"):
            body = json.dumps({k: getattr(self.seen, k) for k in ("count", "first", "last", "most")}).encode()
            self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
            return
        seen = self.seen
        seen.last = time.time()
        seen.first = seen.first or seen.last
        seen.in_flight += 1
        seen.most = max(seen.most, seen.in_flight)
        if self.delay:
            asyncio.get_running_loop().call_later(self.delay, self.finish)
        else:
            self.finish()

    def finish(self) -> None:
        self.seen.count += 1
        self.seen.in_flight -= 1
        if not self.transport.is_closing():
            self.transport.write(OK)


async def serve(port: int, delay: float) -> None:
    seen = Seen()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(seen, delay), "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]) / 1000))
