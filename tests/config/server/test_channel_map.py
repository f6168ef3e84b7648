"""Which sockets the main loop waits for."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

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
