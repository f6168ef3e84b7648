"""The test data: one client, two kinds of vendor, a few routes, sender names and templates."""

from __future__ import annotations

import base64
import json
from typing import Any

from django.test import Client

from providers.base import REQUIRED_SENDER, Accepted, Carries, HttpRequest, HttpResponse, OutboundSms, Sender
from sms.models import (
    ApiClient,
    MessageTemplate,
    Provider,
    Route,
    RouteProvider,
    SenderApproval,
    SenderName,
    TemplateApproval,
)

USERNAME = "akinon"
SECRET = "made-up-secret-of-the-casts"
TEMPLATE = "Hello {name}, order {order} is on its way."
TEXT = "Hello Aysel, order 1234 is on its way."
FREE_TO = "+40712345678"
TEMPLATE_TO = "+994501234567"


class FreeText(Sender):
    """A vendor for free text, without a sender field."""

    slug, name, documents = "free-text", "Free text", "made up"
    default_base_url = "https://free-text.example"
    carries = Carries.TEXT

    def request(self, sms: OutboundSms) -> HttpRequest:
        return HttpRequest("POST", self.base_url)

    def outcome(self, response: HttpResponse) -> Accepted:
        return Accepted()


class TemplateOnly(FreeText):
    """A vendor for registered templates and approved sender names, with at most 160 characters."""

    slug, name = "template-only", "Template only"
    carries = Carries.TEMPLATE
    sender_rule = REQUIRED_SENDER
    max_length = 160


VENDORS = {adapter.slug: adapter for adapter in (FreeText, TemplateOnly)}


def basic(username: str = USERNAME, secret: str = SECRET) -> str:
    return "Basic " + base64.b64encode(f"{username}:{secret}".encode()).decode()


def body(**changes: Any) -> dict[str, Any]:
    """A valid body; a value of None omits the field."""
    values = {"from": "AKINON", "to": FREE_TO, "text": TEXT} | {k.removesuffix("_"): v for k, v in changes.items()}
    return {key: value for key, value in values.items() if value is not None}


def send(caller: Client, values: Any = None, **headers: Any) -> Any:
    """POST /send-sms with the client's credentials; bytes are sent unchanged."""
    raw = values if isinstance(values, bytes) else json.dumps(body() if values is None else values).encode()
    headers = {"authorization": basic()} | headers
    content_type = headers.pop("content_type", "application/json")
    return caller.post(
        "/send-sms", raw, content_type=content_type, headers={k: v for k, v in headers.items() if v is not None}
    )


def errors(response: Any) -> list[tuple[int, str, str]]:
    """Status, code and field of each error of a response."""
    assert response["Content-Type"] == "application/json", response.content
    return [(response.status_code, error["code"], error["field"]) for error in response.json()["errors"]]


def provider(slug: str, vendor: str, **more: Any) -> Provider:
    return Provider.objects.create(slug=slug, vendor=vendor, **more)


def route(prefix: str, *providers: Provider, **more: Any) -> Route:
    made = Route.objects.create(prefix=prefix, **more)
    for position, one in enumerate(providers, 1):
        RouteProvider.objects.create(route=made, provider=one, position=position)
    return made


def template(name: str, text: str, *approved_at: Provider, **more: Any) -> MessageTemplate:
    made = MessageTemplate.objects.create(name=name, body=text, **more)
    for one in approved_at:
        TemplateApproval.objects.create(template=made, provider=one, vendor_template="7", status="approved")
    return made


def sender(name: str, *approved_at: Provider) -> SenderName:
    made = SenderName.objects.create(name=name)
    for one in approved_at:
        SenderApproval.objects.create(sender=made, provider=one, status="approved")
    return made


def client(username: str = USERNAME, secret: str = SECRET, **more: Any) -> ApiClient:
    made = ApiClient(username=username, **more)
    made.set_secret(secret)
    made.save()
    return made


def enter() -> None:
    """Create the rows."""
    client()
    free = provider("free", FreeText.slug)
    only = provider("only", TemplateOnly.slug)
    route("+40", free)
    route("+994", only)
    sender("AKINON", only)
    sender("PENDING")
    template("order-shipped", TEMPLATE, only)
    template("tie-one", "Tied {one} here", only)
    template("tie-two", "Tied {two} here", only)
