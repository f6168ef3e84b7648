"""The faults of the connection itself: silence, resets, and answers that stop half-way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from .wire import Answer, Connection

Options = dict[str, Any]
DRIP_SECONDS = 0.2  # between two bytes


async def hang(connection: Connection, options: Options, genuine: Answer) -> None:
    """Say nothing until the client goes away, or for `seconds`; then close."""
    await gone(connection, options.get("seconds"))
    connection.close()


async def reset(connection: Connection, options: Options, genuine: Answer) -> None:
    connection.reset()


async def close(connection: Connection, options: Options, genuine: Answer) -> None:
    connection.close()


async def half_headers(connection: Connection, options: Options, genuine: Answer) -> None:
    head = genuine.head()
    connection.write(head[: len(head) // 2], close=True)


async def half_body(connection: Connection, options: Options, genuine: Answer) -> None:
    connection.write(genuine.head() + genuine.body[: len(genuine.body) // 2], close=True)


async def drip(connection: Connection, options: Options, genuine: Answer) -> None:
    """The genuine answer, byte by byte: each read succeeds, the whole takes minutes."""
    for byte in genuine.wire():
        connection.write(bytes([byte]))
        await gone(connection, options.get("interval", DRIP_SECONDS))
        if connection.lost:
            return
    connection.next()


async def gone(connection: Connection, seconds: float | None) -> None:
    """Wait until the client has gone, at most so many seconds."""
    if connection.lost:
        return
    left = asyncio.get_running_loop().create_future()
    connection.on_lost.append(lambda: left.done() or left.set_result(None))
    await asyncio.wait([left], timeout=seconds)


MISBEHAVIOUR: dict[str, Callable[[Connection, Options, Answer], Awaitable[None]]] = {
    "hang": hang,
    "reset": reset,
    "close": close,
    "half_headers": half_headers,
    "half_body": half_body,
    "drip": drip,
}
