"""Finds a free port for the web process. Makes no connections."""

from __future__ import annotations

import socket

from django.core.management.base import CommandError

HOST = "127.0.0.1"
PORTS_TO_TRY = 100


def free_port(first: int) -> int:
    """This port of loopback, or the next free one."""
    for port in range(first, min(first + PORTS_TO_TRY, 65536)):
        if _is_free(port):
            return port
    raise CommandError(f"None of {PORTS_TO_TRY} ports from {first} on is free. Choose another with --port.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As in gunicorn, a port with connections in TIME_WAIT counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
