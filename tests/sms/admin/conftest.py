"""Fixtures of the admin's tests: two vendors, two providers, a shop, and messages in every state."""

from __future__ import annotations

import json
import math
import uuid
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client

from providers import registry
from providers.base import FIXED_SENDER, REQUIRED_SENDER, Accepted, Carries, HttpRequest, Sender
from providers.settings import Kind, Setting
from sms.domain.ids import uuid7
from sms.domain.lifecycle import Status
from sms.models import (
    AccessRecord,
    Alert,
    ApiClient,
    ApprovalDoubt,
    Attempt,
    BlockedNumber,
    BulkOperation,
    Callback,
    CallingAddress,
    DeliveryReport,
    Destination,
    Dispatcher,
    InboundCall,
    InboundGateway,
    InboundMessage,
    InboundPush,
    Message,
    MessageTemplate,
    Objective,
    Partner,
    PersonalDataRecord,
    Provider,
    RefusedRequest,
    RentedNumber,
    Route,
    SenderApproval,
    SenderName,
    ShareMove,
    TemplateApproval,
    VendorDescription,
)
from sms.models.approval_doubt import statement_of
from sms.services.configuration import snapshot
from sms.services.database import clock
from sms.services.database.clock import now
from sms.services.inbound import forward
from sms.services.monitoring import setup_checklist
from tests.sms.descriptions import description
from tests.support.standins import Pigeon

PHONE = "+994501234567"
RENTED = "+994551234567"
HOSTILE = '"><b x-init=alert(1)>\u202eevil\u0007'


class TextVendor(Sender):
    slug = "plainvendor"
    name = "Plain Vendor"
    documents = "Made up for the tests."
    default_base_url = "https://plain.example"
    carries = Carries.TEXT
    sender_rule = REQUIRED_SENDER
    strongest = "sent"
    can_test = True
    credentials = (
        Setting("account", "Account", "The account's number.", pattern=r"[1-9][0-9]*"),
        Setting("token", "Token", "From the vendor's page.", secret=True),
    )
    options = (
        Setting(
            "phone_format", "Phone format", "", Kind.CHOICE, default="e164", choices=("e164", "digits"), assumed=True
        ),
        Setting("slash", "Trailing slash", "", Kind.BOOLEAN, default=False),
        Setting("poll_after", "Poll after", "Seconds.", Kind.SECONDS, default=[30, 120]),
        Setting("webhook_ips", "Networks", "", Kind.NETWORKS, default=[]),
    )

    def request(self, sms) -> HttpRequest:
        body = json.dumps({"to": sms.to, "text": sms.text, "token": self.credential["token"]})
        return HttpRequest("POST", self.base_url + "/send", body=body.encode())

    def outcome(self, response) -> Accepted:
        return Accepted()


class Forward(Pigeon):
    slug = "forward"
    name = "Forward"


class TemplateVendor(TextVendor):
    codes = {}
    slug = "templatevendor"
    name = "Template Vendor"
    carries = Carries.TEMPLATE
    max_parameters = 3
    max_length = 160
    sender_rule = FIXED_SENDER
    strongest = "submitted"
    can_test = False
    options = ()


@pytest.fixture(autouse=True)
def vendors(monkeypatch):
    for vendor in (TextVendor, TemplateVendor):
        monkeypatch.setitem(registry.SENDERS, vendor.slug, vendor)
    monkeypatch.setitem(registry.FORWARDERS, Forward.slug, Forward)


@pytest.fixture(autouse=True)
def fresh_copies(monkeypatch):
    """No test sees another's copies, and no copy expires during a test, however slow the machine is."""
    monkeypatch.setattr(setup_checklist, "CACHED_FOR", math.inf)
    snapshot.reset_cache()
    setup_checklist.status.reset_cache()
    yield
    snapshot.reset_cache()
    setup_checklist.status.reset_cache()


@pytest.fixture
def boss(db) -> Client:
    """The administrator's browser."""
    user = get_user_model().objects.create_superuser("boss", "boss@example.com", "a long pass phrase")
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def cast(db):
    return Cast()


class Cast:
    def __init__(self) -> None:
        self.plain = Provider.objects.create(
            slug="plain-az", vendor="plainvendor", credentials={"account": "77", "token": "s3cret-token"}
        )
        self.templated = Provider.objects.create(
            slug="templated-az", vendor="templatevendor", credentials={"token": "other-token"}
        )
        self.sender = SenderName.objects.create(name="AKINON")
        self.sender.approvals.create(provider=self.plain, status="approved")
        self.template = MessageTemplate.objects.create(name="order-shipped", body="Hello {name}, it is on its way.")
        self.template.approvals.create(provider=self.templated, vendor_template="1432", status="approved")
        self.shop = ApiClient(username="akinon")
        self.secret = self.shop.generate_secret()
        self.shop.save()
        self.route = Route.objects.create(prefix="+994")
        self.route.steps.create(provider=self.plain, position=1)
        self.route.steps.create(provider=self.templated, position=2)

    def message(self, status: str = "submitted", **changes) -> Message:
        at = now()
        facts = {
            "id": uuid7(int(at.timestamp() * 1000), uuid.uuid4().int >> 54),
            "client": self.shop,
            "request_id": f"req-{uuid.uuid4().hex[:12]}",
            "sender": "AKINON",
            "to": PHONE,
            "raw_text": "Hello Aysel, it is on its way.",
            "text": "Hello Aysel, it is on its way.",
            "encoding": "GSM-7",
            "segments": 1,
            "status": status,
            "provider": self.plain,
            "expires_at": at + timedelta(days=1),
            "due_at": at if status == Status.QUEUED else None,
            "created_at": at,
            "updated_at": at,
        }
        if status == Status.SENDING:
            facts |= {"lease_token": uuid.uuid4(), "lease_until": at + timedelta(seconds=30)}
        return Message.objects.create(**facts | changes)

    def attempt(self, message: Message, outcome: str | None = "accepted", **changes) -> Attempt:
        at = now()
        facts = {
            "id": uuid7(int(at.timestamp() * 1000), uuid.uuid4().int >> 54),
            "message": message,
            "number": message.attempts.count() + 1,
            "provider": self.plain,
            "lease_token": uuid.uuid4(),
            "outcome": outcome,
            "started_at": at,
            "finished_at": at + timedelta(milliseconds=230),
            "http_status": 200,
        }
        return Attempt.objects.create(**facts | changes)

    def report(self, attempt: Attempt, status: str = "sent", **changes) -> DeliveryReport:
        facts = {
            "provider": attempt.provider,
            "attempt": attempt,
            "message": attempt.message,
            "status": status,
            "applied": True,
            "received_at": now(),
        }
        return DeliveryReport.objects.create(**facts | changes)

    def refusal(self, **changes) -> RefusedRequest:
        facts = {
            "client": self.shop,
            "request_id": f"req-{uuid.uuid4().hex[:12]}",
            "http_status": 422,
            "code": "template_not_matched",
            "field": "text",
            "sender": "AKINON",
            "to": PHONE,
            "shape": "Kod: ######",
            "nearest": "order-shipped: character 1",
            "created_at": now(),
        }
        return RefusedRequest.objects.create(**facts | changes)

    def received(self, text: str = "Your code is 800142") -> InboundPush:
        """A received message that the partner refused, with its raw call."""
        gateway, _ = InboundGateway.objects.get_or_create(slug="modem-1")
        number = RentedNumber.objects.filter(phone=RENTED).first() or RentedNumber.objects.create(
            phone=RENTED, operation_id=355, partner=self.partner()
        )
        call = InboundCall.objects.create(gateway=gateway, body=text.encode(), received_at=now())
        message = InboundMessage.objects.create(
            id=clock.new_id(), gateway=gateway, call=call, sender=PHONE, to=RENTED, text=text, received_at=now()
        )
        push = forward.queue_push(message, number, now=now())
        InboundPush.objects.filter(pk=push.pk).update(status="refused", due_at=None, tries=1, code="NO_OPERATION")
        push.attempts.create(id=clock.new_id(), number=1, outcome="refused", code="NO_OPERATION", started_at=now())
        return push

    def doubt(self, approval: TemplateApproval | SenderApproval) -> ApprovalDoubt:
        """The vendor has answered that it does not know this template or sender name."""
        is_template = isinstance(approval, TemplateApproval)
        vendor_key, confirmed_at = statement_of(approval)
        at = now()
        return ApprovalDoubt.objects.create(
            provider=approval.provider,
            template_approval=approval if is_template else None,
            sender_approval=None if is_template else approval,
            vendor_key=vendor_key,
            confirmed_at=confirmed_at,
            code="111" if is_template else "110",
            detail="The vendor does not know it.",
            begun_at=at,
            probe_at=at + timedelta(seconds=15),
            probe_interval=30,
        )

    def partner(self) -> Partner:
        kind, address = Forward.slug, "https://renter.example/push"
        return Partner.objects.create(slug="renter", vendor=kind, url=address, credentials={"key": "s3cret-key"})

    def many(self, count: int) -> None:
        """Some more of each thing whose row shows other things."""
        for number in range(count):
            attempt = self.attempt(self.message("failed", template_version=self.template.current_version))
            self.report(attempt)
            self.refusal()
            self.received()
            sender = SenderName.objects.create(name=f"SENDER{number}")
            template = MessageTemplate.objects.create(name=f"template-{number}", body=f"Text {number}")
            for provider in (self.plain, self.templated):
                self.doubt(sender.approvals.create(provider=provider, status="approved"))
                self.doubt(template.approvals.create(provider=provider, vendor_template="7", status="approved"))
            Provider.objects.create(slug=f"provider-{number}", vendor="plainvendor")
            Route.objects.create(prefix=f"+90{number}").steps.create(provider=self.plain, position=1)
            client = ApiClient(username=f"shop-{number}", all_senders=False)
            client.generate_secret()
            client.save()
            client.senders.add(sender, self.sender)

    def everything(self) -> None:
        """Messages in every state, each with an attempt and a report, a refused request, a received message."""
        for status in Status:
            attempt = self.attempt(self.message(status))
            self.report(attempt)
        self.refusal()
        self.received()
        at = now()
        self.shop.refusal_counts.create(minute=at, count=700)
        Group.objects.create(name="Night shift")
        self.doubt(self.template.approvals.get())
        BulkOperation.objects.create(
            kind="move", filters={"view": "waiting"}, reason="x", actor="boss", expected=2, created_at=at
        )
        BlockedNumber.objects.create(phone="+994509998877", reason="opt-out")
        CallingAddress.objects.create(address="203.0.113.7", note="the gateway")
        Destination.objects.create(country="RO", mode="monitor", number_types=["mobile"], daily_limit=50)
        Objective.objects.create(provider=self.plain, country="AZ", is_otp=True, answer_percent=98, answer_seconds=5)
        ShareMove.objects.create(
            route=self.route, provider=self.plain, mode="advise", at=at, before=100, after=50, figures={"evidence": {}}
        )
        VendorDescription.objects.create(slug="acme", text=description())
        PersonalDataRecord.objects.create(kind="forgotten", digest="e" * 64, actor="boss", created_at=at)
        AccessRecord.objects.create(kind="exported", actor="boss", subject="messages.csv", created_at=at)
        Alert.objects.create(key="unconfirmed", severity="warning", title="Messages wait for a word", opened_at=at)
        Dispatcher.objects.create(id=uuid.uuid4(), host="worker-1", pid=7, slots=64, started_at=at, seen_at=at)
        Callback.objects.create(
            provider=self.plain,
            address_digest="a" * 64,
            body_digest="b" * 64,
            method="POST",
            body=b"status=sent&id=\x00\xff",
            received_at=at,
            last_received_at=at,
        )


PASSWORD = "a long pass phrase"


@pytest.fixture
def person(db):
    """A client in which somebody with this role is logged in."""

    def make(role: str) -> Client:
        user = get_user_model().objects.create_user(role.replace(" ", "-"), password=PASSWORD, is_staff=True)
        user.groups.add(Group.objects.get(name=role))
        client = Client()
        client.force_login(user)
        return client

    return make
