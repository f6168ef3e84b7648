"""The PDUs of SMPP 3.4 that a transceiver exchanges, as far as the simulated SMSC needs them."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

GENERIC_NACK = 0x80000000
BIND_TRANSCEIVER, SUBMIT_SM, DELIVER_SM, UNBIND, ENQUIRE_LINK = 0x09, 0x04, 0x05, 0x06, 0x15
RESPONSE = 0x80000000
OK, INVALID_DESTINATION, THROTTLED = 0x00, 0x0B, 0x58
RECEIPT_CLASS = 0x04
USER_DATA_HEADER = 0x40


@dataclass(frozen=True)
class Pdu:
    command: int
    status: int
    sequence: int
    body: bytes = b""

    def packed(self) -> bytes:
        return struct.pack(">IIII", 16 + len(self.body), self.command, self.status, self.sequence) + self.body


def receive(conn: socket.socket) -> Pdu | None:
    """The next PDU; None at the end of the connection."""
    head = _exactly(conn, 16)
    if not head:
        return None
    length, command, status, sequence = struct.unpack(">IIII", head)
    return Pdu(command, status, sequence, _exactly(conn, length - 16))


def _exactly(conn: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = conn.recv(count - len(data))
        if not piece:
            return b""
        data += piece
    return data


@dataclass(frozen=True)
class Submitted:
    """One submit_sm."""

    id: str
    sender: str
    to: str
    esm_class: int
    priority: int
    validity: str
    receipt_wanted: bool
    coding: int
    payload: bytes

    @property
    def text(self) -> str:
        """The text of this part, without its header."""
        skipped = self.payload[0] + 1 if self.esm_class & USER_DATA_HEADER else 0
        part = self.payload[skipped:]
        return part.decode("utf-16-be") if self.coding == 8 else _from_gsm(part)


_ESCAPE = 0x1B
_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = dict(zip(b"\x0a\x14\x28\x29\x2f\x3c\x3d\x3e\x40\x65", "\f^{}\\[~]|€", strict=True))


def _from_gsm(part: bytes) -> str:
    """GSM 03.38, one septet in a byte."""
    septets = iter(part)
    return "".join(_EXTENSION[next(septets)] if each == _ESCAPE else _BASIC[each] for each in septets)


def submitted(body: bytes, message_id: str) -> Submitted:
    fields = _Fields(body)
    fields.string()  # service type
    sender, to = fields.address(), fields.address()
    esm_class, _, priority = fields.take(3)
    fields.string()  # scheduled delivery
    validity = fields.string()
    registered, _, coding, _, length = fields.take(5)
    payload = fields.take(length)
    return Submitted(message_id, sender, to, esm_class, priority, validity, registered & 3 != 0, coding, payload)


class _Fields:
    def __init__(self, body: bytes) -> None:
        self._rest = body

    def take(self, count: int) -> bytes:
        taken, self._rest = self._rest[:count], self._rest[count:]
        return taken

    def string(self) -> str:
        text, _, self._rest = self._rest.partition(b"\0")
        return text.decode("ascii")

    def address(self) -> str:
        self.take(2)  # type of number, numbering plan
        return self.string()


def receipt(message: Submitted, stat: str) -> bytes:
    """The body of the deliver_sm that reports on this message, which quotes the text's beginning."""
    said = (
        f"id:{message.id} sub:001 dlvrd:{int(stat == 'DELIVRD'):03} submit date:2611281200 done date:2611281201 "
        f"stat:{stat} err:000 text:{message.text[:20].encode('ascii', 'replace').decode()}"
    ).encode()
    return delivered(message.to, message.sender, said, RECEIPT_CLASS)


def delivered(sender: str, to: str, text: bytes, esm_class: int = 0) -> bytes:
    """The body of a deliver_sm."""
    source, destination = (b"\1\1" + address.encode() + b"\0" for address in (sender, to))
    head = b"\0" + source + destination + bytes([esm_class, 0, 0]) + b"\0\0" + bytes([0, 0, 0, 0, len(text)])
    return head + text
