"""The callers: messages with a number of their own, and repeats where no answer came."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from random import Random

from django.db import Error

from sms.api.fields import parse_fields
from sms.domain.codes import Refusal
from sms.services.configuration import snapshot
from sms.services.intake import accept
from sms.services.intake.accept import SendRequest

from .database import Database, Killed, Process
from .world import OTP_PREFIX, TEMPLATE_PREFIX, TEXT_PREFIX

TEXTS = (
    "Salam, sifaris {n}",
    "Kod {n} | {n} 🎁",
    "Sətir bir/nSətir iki: {n}",
    "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35 {n} {{x}} %1 'a\"",
)
TEMPLATED = ("Hello Aysel, order {n} is on its way.", "Your parcel {n} waits at Nizami 5.")
TIED = "Tied {n} here"
TRIES = 4


@dataclass
class Call:
    """One call of the shop, the same each time it is repeated."""

    request_id: str
    to: str
    text: str
    is_otp: bool
    username: str
    is_tied: bool = False
    """Two templates give its text equally well: it must be refused."""
    expected: str = ""
    """What must reach the handset."""
    answers: list[str] | None = None
    message: uuid.UUID | None = None
    tries: int = 0


class Shop:
    def __init__(self, random: Random, database: Database) -> None:
        self.random = random
        self.database = database
        self.calls: list[Call] = []
        self.count = 0

    def new_call(self) -> Call:
        self.count += 1
        kind = self.random.choice(("text", "text", "otp", "template", "template", "tied"))
        text = {"template": self.random.choice(TEMPLATED), "tied": TIED, "otp": "Kod: {n}"}.get(
            kind, self.random.choice(TEXTS)
        )
        prefix = {"text": TEXT_PREFIX, "otp": OTP_PREFIX}.get(kind, TEMPLATE_PREFIX)
        call = Call(
            request_id=f"request-{self.count}",
            to=f"{prefix}{self.random.randrange(10_000, 99_999)}",
            text=text.format(n=f"n{self.count}n"),
            is_otp=kind == "otp",
            username=self.random.choice(("akinon", "other")),
            is_tied=kind == "tied",
        )
        self.calls.append(call)
        return call

    def send(self, call: Call, process: Process) -> str:
        """The answer's code; "" where none came, and the same call is to be repeated."""
        call.tries += 1
        try:
            accepted = self.database.run(process, lambda: accept.accept(self._request(call)))
        except Refusal as refusal:
            return refusal.code.name
        except (Error, Killed):
            return ""
        if call.message not in (None, accepted.id):
            return "another message"
        call.message = accepted.id
        return "accepted"

    def _request(self, call: Call) -> SendRequest:
        client = snapshot.current().clients[call.username]
        values = {"from": "AKINON", "to": call.to, "text": call.text, "isOtp": call.is_otp}
        fields = parse_fields(values, escape=client.newline_escape, version="")
        call.expected = fields.text
        return SendRequest(client, call.request_id, may_repeat=True, api_version="", fields=fields)
