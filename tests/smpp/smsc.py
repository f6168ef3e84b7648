"""A simulated SMSC on loopback: it does with each message what the test says, and records what it was sent."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
from collections.abc import Callable
from enum import Enum

from . import pdu
from .pdu import Pdu, Submitted


class Silence(Enum):
    """Instead of a status: the link breaks before the answer."""

    BREAK = "break"


Answer = int | Silence
PATIENCE = 120.0


class Smsc:
    """`answer` gives the status of each submit_sm; `stat` the receipt of a message that was taken, if any."""

    def __init__(self) -> None:
        self.answer: Callable[[Submitted], Answer] = lambda message: pdu.OK
        self.stat = "DELIVRD"
        self.messages: list[Submitted] = []
        """Every submit_sm, in order, whatever was answered."""
        self.taken: list[Submitted] = []
        self._ids = itertools.count(1)
        self._sequences = itertools.count(1)
        self._links: list[Link] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def is_bound(self) -> bool:
        return any(link.is_bound for link in self._links)

    def _accept(self) -> None:
        while True:
            try:
                conn, _ = self._listener.accept()
            except OSError:
                return
            conn.settimeout(PATIENCE)
            link = Link(self, conn)
            self._links.append(link)
            threading.Thread(target=link.serve, daemon=True).start()

    def take(self, body: bytes) -> tuple[Submitted, Answer]:
        message = pdu.submitted(body, str(next(self._ids)))
        self.messages.append(message)
        answer = self.answer(message)
        if answer in (pdu.OK, Silence.BREAK):
            self.taken.append(message)
        return message, answer

    def report(self, message: Submitted, stat: str) -> None:
        """Send a receipt over a link that is bound."""
        self._deliver(pdu.receipt(message, stat))

    def say(self, sender: str, to: str, text: str) -> None:
        """Send an SMS of a handset."""
        self._deliver(pdu.delivered(sender, to, text.encode()))

    def _deliver(self, body: bytes) -> None:
        link = next(link for link in self._links if link.is_bound)
        link.send(Pdu(pdu.DELIVER_SM, pdu.OK, next(self._sequences), body))

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for link in self._links:
            link.close()
        self._thread.join(PATIENCE)


class Link:
    """One connection."""

    def __init__(self, smsc: Smsc, conn: socket.socket) -> None:
        self.smsc, self.conn = smsc, conn
        self.is_bound = False
        self._writing = threading.Lock()

    def serve(self) -> None:
        with self.conn, contextlib.suppress(OSError):
            while (found := pdu.receive(self.conn)) and self._handled(found):
                pass
        self.is_bound = False

    def _handled(self, found: Pdu) -> bool:
        """Whether the link goes on."""
        if found.command == pdu.SUBMIT_SM:
            return self._submit(found)
        if found.command in (pdu.BIND_TRANSCEIVER, pdu.ENQUIRE_LINK, pdu.UNBIND):
            self._answer(found, pdu.OK, b"smsc\0" if found.command == pdu.BIND_TRANSCEIVER else b"")
            self.is_bound = found.command != pdu.UNBIND
        return True

    def _submit(self, found: Pdu) -> bool:
        message, answer = self.smsc.take(found.body)
        if isinstance(answer, Silence):
            self.close()
            return False
        self._answer(found, answer, message.id.encode() + b"\0" if answer == pdu.OK else b"")
        if answer == pdu.OK and message.receipt_wanted and self.smsc.stat:
            self.smsc.report(message, self.smsc.stat)
        return True

    def _answer(self, found: Pdu, status: int, body: bytes) -> None:
        self.send(Pdu(found.command | pdu.RESPONSE, status, found.sequence, body))

    def send(self, sent: Pdu) -> None:
        with self._writing:
            self.conn.sendall(sent.packed())

    def close(self) -> None:
        self.is_bound = False
        with contextlib.suppress(OSError):
            self.conn.shutdown(socket.SHUT_RDWR)
