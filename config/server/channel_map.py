"""The open sockets of a web process, and which of them the main loop waits for.

waitress asks each socket at every step of its loop whether it wants to read or write. Here the operating system keeps
these answers (epoll, kqueue), and only a socket whose state may have changed is asked again. Threads do this as well
when they have written a response, so the main loop need not be woken for it.
"""

from __future__ import annotations

import select
import selectors
import threading
from typing import Any

from waitress import wasyncore


class ChannelMap(dict[int, Any]):
    """waitress's map of channels by file descriptor. All methods may be called from each thread."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = selectors.DefaultSelector()
        self._events: dict[int, int] = {}
        self._lock = threading.Lock()

    def __setitem__(self, descriptor: int, channel: Any) -> None:
        with self._lock:
            super().__setitem__(descriptor, channel)
            self._wait_for(descriptor, selectors.EVENT_READ)

    def __delitem__(self, descriptor: int) -> None:
        """Called before the socket is closed, so that its number cannot belong to another one yet."""
        with self._lock:
            self._wait_for(descriptor, 0)
            super().__delitem__(descriptor)

    def refresh(self, descriptor: int, channel: Any) -> None:
        """Wait for what the channel wants now. A channel that has been closed is ignored."""
        with self._lock:
            if self.get(descriptor) is channel:
                reads = selectors.EVENT_READ if channel.readable() else 0
                writes = selectors.EVENT_WRITE if channel.writable() else 0
                self._wait_for(descriptor, reads | writes)

    def _wait_for(self, descriptor: int, events: int) -> None:
        before = self._events.get(descriptor, 0)
        if events == before:
            return
        self._events[descriptor] = events
        if not before:
            self._selector.register(descriptor, events)
        elif events:
            self._selector.modify(descriptor, events)
        else:
            self._selector.unregister(descriptor)

    def handle_events(self, timeout: float) -> None:
        """Wait up to `timeout` seconds for sockets, and let their channels read and write.

        After the wait, a thread may change what a channel waits for, or a handler may close another channel, whose
        descriptor a new channel may get. Events of such channels are ignored.
        """
        ready = [(key.fd, self.get(key.fd), events) for key, events in self._selector.select(timeout)]
        for descriptor, channel, events in ready:
            if channel is not None and self.get(descriptor) is channel:
                wasyncore.readwrite(channel, _poll_flags(events))
                self.refresh(descriptor, channel)


def _poll_flags(events: int) -> int:
    reads = select.POLLIN if events & selectors.EVENT_READ else 0
    return reads | (select.POLLOUT if events & selectors.EVENT_WRITE else 0)
