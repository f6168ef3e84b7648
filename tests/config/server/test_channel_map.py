"""Which sockets the main loop waits for."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from selectors import EVENT_READ, EVENT_WRITE, SelectorKey

import pytest
from waitress.wasyncore import dispatcher

from config.server.channel_map import ChannelMap


class Channel(dispatcher):
    """A connection that counts what it is asked to do."""

    wants_read, wants_write = True, False

    def __init__(self, connection: socket.socket, channels: ChannelMap) -> None:
        self.reads = self.writes = 0
        super().__init__(connection, map=channels)
        self.connected, self.descriptor = True, connection.fileno()

    def readable(self) -> bool:
        return self.wants_read

    def writable(self) -> bool:
        return self.wants_write

    def handle_read(self) -> None:
        self.reads += 1
        self.recv(100)

    def handle_write(self) -> None:
        self.writes += 1
        self.wants_write = False


Pair = tuple[ChannelMap, Channel, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, peer = socket.socketpair()
    channels = ChannelMap()
    channel = Channel(ours, channels)
    yield channels, channel, peer
    peer.close()
    channel.close()


def test_a_channel_reads_what_arrives(pair: Pair) -> None:
    channels, channel, peer = pair
    channels.handle_events(0)
    assert channel.reads == 0
    peer.sendall(b"x")
    channels.handle_events(1)
    assert channel.reads == 1


def test_a_busy_channel_is_left_alone_even_if_its_peer_is_gone(pair: Pair) -> None:
    channels, channel, peer = pair
    channel.wants_read = False
    channels.refresh(channel.descriptor, channel)
    peer.sendall(b"x")
    peer.close()
    channels.handle_events(0)
    assert (channel.reads, channel.writes) == (0, 0)
    channel.wants_read = True
    channels.refresh(channel.descriptor, channel)
    channels.handle_events(1)
    assert channel.reads == 1


def test_a_channel_is_asked_again_after_each_event(pair: Pair) -> None:
    channels, channel, _ = pair
    channel.wants_write = True
    channels.refresh(channel.descriptor, channel)
    channels.handle_events(1)
    channels.handle_events(0)
    assert channel.writes == 1


def test_a_thread_changes_what_the_waiting_loop_waits_for(pair: Pair) -> None:
    channels, channel, peer = pair
    channel.wants_read = False
    channels.refresh(channel.descriptor, channel)
    peer.sendall(b"x")

    def respond() -> None:
        channel.wants_read = True
        channels.refresh(channel.descriptor, channel)

    thread = threading.Timer(0.05, respond)
    thread.start()
    channels.handle_events(30)
    thread.join()
    assert channel.reads == 1


def test_a_closed_channel_does_not_change_the_one_that_has_its_number_now(pair: Pair) -> None:
    channels, channel, peer = pair
    ours, other_peer = socket.socketpair()
    closed = Channel(ours, channels)
    closed.close()
    other_peer.close()
    closed.wants_read = False
    channels.refresh(channel.descriptor, closed)
    peer.sendall(b"x")
    channels.handle_events(1)
    assert (closed.reads, channel.reads) == (0, 1)


def events_of(channels: ChannelMap, *found: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the next look give these descriptors and events."""
    keys = [(SelectorKey(descriptor, descriptor, events, None), events) for descriptor, events in found]
    monkeypatch.setattr(channels._selector, "select", lambda timeout: keys)


def test_an_event_that_a_thread_has_made_void_does_nothing(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    channels, channel, _ = pair
    events_of(channels, (channel.descriptor, 0), (10_000, EVENT_READ), monkeypatch=monkeypatch)
    channels.handle_events(0)
    assert (channel.reads, channel.writes) == (0, 0)


def test_an_event_of_a_closed_channel_does_not_reach_the_one_with_its_number(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    channels, channel, _ = pair
    ours, peer = socket.socketpair()
    later = Channel(ours, channels)

    def replace_the_later_one() -> None:
        dict.__setitem__(channels, later.descriptor, channel)

    monkeypatch.setattr(channel, "handle_write", replace_the_later_one)
    found = (channel.descriptor, EVENT_WRITE), (later.descriptor, EVENT_READ)
    events_of(channels, *found, monkeypatch=monkeypatch)
    channels.handle_events(0)
    assert (channel.reads, later.reads) == (0, 0)
    dict.__setitem__(channels, later.descriptor, later)
    later.close()
    peer.close()
