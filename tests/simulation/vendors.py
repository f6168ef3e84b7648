"""The vendors' side: adapters with our reference in each call, and the ledger of what reached the vendors."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from providers.answers import text_in
from providers.base import Accepted, HttpRequest, HttpResponse, MessageState, OutboundSms, Report, json_post
from tests.sms.services.fakes import PolledVendor, TemplateVendor, TextVendor

from .chance import Chance

REGISTERED = {"1": "Hello {}, order {} is on its way.", "2": "Your parcel {} waits at {}."}
"""The templates as the vendor has registered them."""
NEVER_LEFT = "never left"
WRONG_NUMBERS = ("3", "7")
"""What the numbers that every vendor refuses end in."""


class SimulatedText(TextVendor):
    slug = "simulatedtext"

    def request(self, sms: OutboundSms) -> HttpRequest:
        return json_post(f"{self.base_url}/send", _facts(sms) | {"callback": sms.callback_url, "text": sms.text})

    def read_reports(self, values: Mapping[str, Any]) -> list[Report]:
        word, reference = text_in(values.get("state")), text_in(values.get("id"))
        if word == NEVER_LEFT:
            return [Report(MessageState.UNDELIVERED, reference=reference, left=False)]
        return [Report(MessageState(word), reference=reference)]


class SimulatedPolled(PolledVendor):
    slug = "simulatedpolled"

    def request(self, sms: OutboundSms) -> HttpRequest:
        return json_post(f"{self.base_url}/send", _facts(sms) | {"text": sms.text})


class SimulatedOnce(SimulatedText):
    """Sends a message once, however often a call with its reference comes."""

    slug = "simulatedonce"
    repeats_are_safe = True

    def request(self, sms: OutboundSms) -> HttpRequest:
        facts = _facts(sms) | {"callback": sms.callback_url, "text": sms.text, "once": True}
        return json_post(f"{self.base_url}/send", facts)

    def outcome(self, response: HttpResponse) -> Accepted:
        if response.status == 409:
            return Accepted(code="duplicate", repeated=True)
        return super().outcome(response)


class SimulatedTemplates(TemplateVendor):
    slug = "simulatedtemplates"

    def request(self, sms: OutboundSms) -> HttpRequest:
        values = [value for _, value in sms.parameters]
        return json_post(f"{self.base_url}/send", _facts(sms) | {"template": sms.vendor_template, "values": values})


def _facts(sms: OutboundSms) -> dict[str, Any]:
    return {"reference": sms.reference, "to": sms.to}


ADAPTERS = {adapter.slug: adapter for adapter in (SimulatedText, SimulatedOnce, SimulatedPolled, SimulatedTemplates)}


@dataclass
class Arrival:
    """One whole request that reached a vendor. `goes_out`: the vendor sends it; else it refused, or never sent it."""

    host: str
    reference: str
    to: str
    text: str
    callback: str
    vendor_id: str
    goes_out: bool
    reports: tuple[str, ...]
    at: float = 0.0
    is_once: bool = False
    """The vendor sends each reference once."""

    @property
    def is_taken(self) -> bool:
        """The vendor did not refuse it."""
        return self.goes_out or bool(self.reports)

    def drop(self) -> None:
        """It repeats one that the vendor has."""
        self.goes_out, self.reports = False, ()


ANSWERS: list[tuple[int, int, bytes, tuple[bool, ...]]] = [
    # weight, status, body, whether the vendor may have taken it
    (24, 200, b"", (True,)),
    (3, 400, b"", (False,)),
    (1, 401, b"", (False,)),
    (1, 402, b"", (False,)),
    (1, 404, b"", (False,)),
    (2, 429, b"", (False,)),
    (3, 500, b"", (False, True)),
    (1, 503, b"", (False, True)),
    (1, 202, b"", (False, True)),
    (1, 302, b"", (False,)),
    (1, 200, b"unreadable for our own code", (False, True)),
    (1, 422, b"no-template", (False,)),
    (1, 422, b"no-number", (False,)),
]
FATES = [("delivered",), ("sent",), ("sent", "delivered"), ("undelivered",), ("delivered", "sent"), ()]
"""Reports in the order in which they come, which is not always that in which they were made."""
REASONS = {200: "OK", 302: "Found"}


class VendorSide:
    """All vendors. `arrived` is called with each request that is whole, once its time has come."""

    def __init__(self, chance: Chance, arrived: Callable[[Arrival], None]) -> None:
        self.chance = chance
        self.random: Random = chance.random
        self.arrived = arrived
        self.ledger: list[Arrival] = []
        self.state: dict[str, str] = {}
        """The polled vendor's state of each of its ids."""
        self._count = 0

    def serve(self, host: str, path: bytes, body: bytes) -> bytes:
        if path == b"/poll":
            return _http(200, self.state.get(body.decode(), "").encode())
        if path == b"/ping":
            return _http(200, b"") if self.chance.is_calm or self.random.random() < 0.7 else _http(500, b"")
        return self._send(host, json.loads(body))

    def _send(self, host: str, asked: dict[str, Any]) -> bytes:
        status, body, taken = self._choose("template" in asked)
        if asked["to"].endswith(WRONG_NUMBERS):
            status, body, taken = 400, b"", False
        self._count += 1
        vendor_id = f"vendor-{self._count}"
        never_left = taken and "callback" in asked and not self.chance.is_calm and self.random.random() < 0.1
        reports = (NEVER_LEFT,) if never_left else self.random.choice(FATES) if taken else ()
        text = asked["text"] if "text" in asked else REGISTERED[asked["template"]].format(*asked["values"])
        goes_out = taken and not never_left
        callback, is_once = asked.get("callback", ""), "once" in asked
        arrival = Arrival(
            host, asked["reference"], asked["to"], text, callback, vendor_id, goes_out, reports, is_once=is_once
        )
        if self.has(arrival):
            status, body = 409, b""
        self.arrived(arrival)
        return _http(status, body or (vendor_id.encode() if status == 200 else b""))

    def has(self, arrival: Arrival) -> bool:
        """Whether it repeats a reference that its vendor sends once, and has taken."""
        return arrival.is_once and any(
            each.is_once and each.is_taken and each.reference == arrival.reference for each in self.ledger
        )

    def _choose(self, is_template: bool) -> tuple[int, bytes, bool]:
        if self.chance.is_calm:
            return 200, b"", True
        may = [answer for answer in ANSWERS if is_template or answer[1] != 422]
        _, status, body, taken = self.random.choices(may, [answer[0] for answer in may])[0]
        if is_template and status == 200:  # this adapter reads no body
            return 200, b"", True
        return status, body, self.random.choice(taken)


def _http(status: int, body: bytes) -> bytes:
    wait = "Retry-After: 3\r\n" if status == 429 else ""
    head = f"HTTP/1.1 {status} {REASONS.get(status, 'Other')}\r\n{wait}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
