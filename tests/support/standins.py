"""Made-up vendors, so that tests of the product depend on no real one."""

from __future__ import annotations

from typing import Any

from providers.base import (
    REQUIRED_SENDER,
    Accepted,
    Carries,
    Forwarder,
    HttpRequest,
    HttpResponse,
    OutboundSms,
    Pushed,
    ReceivedSms,
    Sender,
)
from providers.settings import Kind, Setting


class Parrot(Sender):
    """Accepts free text, has no sender field and no limits."""

    slug = "parrot"
    name = "Parrot"
    documents = "made up"
    default_base_url = "https://parrot.example"
    credentials = (Setting("token", "Token", "", secret=True),)
    options = (Setting("pitch", "Pitch", "", Kind.CHOICE, default="low", choices=("low", "high")),)
    carries = Carries.TEXT

    def request(self, sms: OutboundSms) -> HttpRequest:
        return HttpRequest("POST", f"{self.base_url}/say", body=sms.text.encode())

    def outcome(self, response: HttpResponse) -> Accepted:
        return Accepted()


class Stamp(Parrot):
    """Accepts only templates: a whole number for an id, two parameters by their order, 40 characters, a sender."""

    slug = "stamp"
    name = "Stamp"
    default_base_url = "https://stamp.example"
    credentials = (
        Setting("user", "User", ""),
        Setting("password", "Password", "", secret=True),
    )
    options = ()
    carries = Carries.TEMPLATE
    sender_rule = REQUIRED_SENDER
    max_parameters = 2
    max_length = 40

    @classmethod
    def vendor_template_problem(cls, vendor_template: str) -> str | None:
        return None if vendor_template.isdigit() else "Stamp's template is a whole number."


class Label(Stamp):
    """Accepts templates with named parameters."""

    slug = "label"
    name = "Label"
    default_base_url = "https://label.example"
    names_parameters = True
    max_length = None
    max_parameters = None

    @classmethod
    def vendor_template_problem(cls, vendor_template: str) -> str | None:
        return None if vendor_template else "Label's template is missing."


STAND_INS: dict[str, type[Any]] = {vendor.slug: vendor for vendor in (Parrot, Stamp, Label)}


class Pigeon(Forwarder):
    """A partner that accepts a text as the request's body, and returns its result in the response's body."""

    slug = "pigeon"
    name = "Pigeon"
    documents = "made up"
    credentials = (Setting("key", "Key", "", secret=True),)
    options = (
        Setting("max_tries", "Tries", "", Kind.INTEGER, default=3),
        Setting("timeout", "Timeout", "", Kind.INTEGER, default=2),
    )
    retry_seconds = 10

    def request(self, received: ReceivedSms) -> HttpRequest:
        body = f"{received.operation_id} {received.sender} {received.to} {received.text}".encode()
        return HttpRequest("POST", self.base_url, body=body)

    def outcome(self, response: HttpResponse) -> tuple[Pushed, str]:
        word = response.body.decode()
        return (Pushed(word) if word in Pushed.__members__.values() else Pushed.AGAIN), word
