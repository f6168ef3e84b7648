"""Ports on loopback for servers of tests."""

from __future__ import annotations

import random
import socket

# Below the range from which the kernel gives ports to clients: no call can take one between our look and its use.
FIRST, LAST = 20_000, 32_000
TRIES = 100


def free_port() -> int:
    """A port that nobody listens on. Raises OSError if a hundred random ones are all taken."""
    for _ in range(TRIES):
        port = random.randint(FIRST, LAST)
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(f"no free port between {FIRST} and {LAST}")
