"""What an adapter is told of a message, and which senders may go out by an account."""

from __future__ import annotations

import math
import time
from datetime import timedelta

import pytest

from providers.base import Accepted, Carries, HttpRequest, OutboundSms, SenderRule, SenderUse
from providers.registry import SENDERS
from sms.domain.lifecycle import Status
from sms.models import ApiClient, Message, MessageTemplate, Provider, Route, SenderApproval, SenderName
from sms.services.configuration import snapshot
from sms.services.database import clock
from sms.services.dispatch.claim import Claimer
from sms.services.monitoring import setup_checklist
from sms.services.provisioning.apply import provision
from sms.services.queue import jobs, queue_state
from sms.services.staff import dry_run
from tests.sms.services.fakes import TemplateVendor, TextVendor


@pytest.fixture
def told(monkeypatch) -> list[OutboundSms]:
    """The messages as the adapters of both text vendors are given them."""
    found: list[OutboundSms] = []
    genuine = TextVendor.request

    def request(self, sms):
        found.append(sms)
        return genuine(self, sms)

    monkeypatch.setattr(TextVendor, "request", request)
    return found


def claim_one() -> jobs.Send:
    found: list[jobs.Job] = []
    Claimer(1).claim(found, queue_state.read_queue(), otp_slots=1, other_slots=1)
    return found[0]


# --- the text's size --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a" * 160, ("GSM-7", 1)),
        ("a" * 161, ("GSM-7", 2)),
        ("€" * 81, ("GSM-7", 2)),
        ("ə" * 70, ("UCS-2", 1)),
        ("ə" * 71, ("UCS-2", 2)),
        ("😀" * 36, ("UCS-2", 2)),
    ],
)
def test_the_adapter_is_told_the_encoding_and_the_parts(shop, wire, work, told, text, expected):
    shop.message(text)
    work()
    assert [(sms.encoding, sms.parts) for sms in told] == [expected]


@pytest.mark.parametrize(("parts", "goes_to"), [(1, "second"), (2, "first"), (None, "first")])
def test_a_text_of_too_many_parts_is_not_routed_to_a_vendor_with_a_limit(shop, monkeypatch, parts, goes_to):
    class Limited(TextVendor):
        max_parts = parts

    monkeypatch.setitem(SENDERS, "limited", Limited)
    Provider.objects.filter(pk=shop.first.pk).update(vendor="limited")
    decision = snapshot.latest().decide(
        text="a" * 161, sender="AKINON", to="+994501234567", client=shop.client.pk, is_otp=False
    )
    assert decision.eligible[0].slug == goes_to
    if goes_to == "second":
        assert decision.candidates[0].code == "text_too_long"
        assert decision.candidates[0].reason == "The text has 2 parts; this provider accepts at most 1."


# --- the time that is left ----------------------------------------------------------------------------


@pytest.mark.parametrize("is_otp", [True, False])
def test_the_adapter_is_told_how_long_the_message_lives(shop, wire, work, told, is_otp):
    shop.message("Kod: 004217", is_otp=is_otp, ttl=120)
    work()
    [sms] = told
    assert 1 <= sms.valid_for <= 120


def test_the_time_that_is_left_counts_when_the_call_begins_and_is_never_nothing(shop, wire, told):
    shop.message(ttl=3600)
    send = claim_one()
    for left, expected in ((10.9, {9, 10}), (1.5, {1}), (0.0, {1}), (-5.0, {1})):
        begun = jobs.replace(send, expires=time.monotonic() + left)
        jobs.run(begun, wire)
        assert told[-1].valid_for in expected
    assert jobs.run(jobs.replace(send, expires=math.inf), wire).value


def test_a_call_may_not_begin_after_the_messages_own_time(shop):
    shop.message(ttl=3)
    send = claim_one()
    assert send.not_after == send.expires <= time.monotonic() + 3


def test_the_dry_run_shows_the_routes_time(shop, told):
    shop.route.otp_ttl, shop.route.ttl = 90, 7200
    shop.route.save()
    client = snapshot.latest().clients["akinon"]
    for is_otp in (True, False):
        dry_run.explain(raw_text="Salam", sender="AKINON", to="+994501234567", client=client, is_otp=is_otp)
    assert [sms.valid_for for sms in told] == [90, 90, 7200, 7200]


# --- the sender that an account shows -----------------------------------------------------------------


def decide(shop, sender="AKINON", text="Salam"):
    return snapshot.latest().decide(text=text, sender=sender, to="+994501234567", client=shop.client.pk, is_otp=False)


@pytest.mark.parametrize(
    ("shown", "sender", "eligible"),
    [
        ("", "AKINON", ["first", "second"]),
        ("", "OTHER", ["first", "second"]),
        ("AKINON", "AKINON", ["first", "second"]),
        ("AKINON", "OTHER", ["second"]),
        ("AKINON", "akinon", ["second"]),
    ],
)
def test_an_account_that_shows_one_sender_gets_no_message_of_another(shop, shown, sender, eligible):
    Provider.objects.filter(pk=shop.first.pk).update(shown_sender=shown)
    shop.first.refresh_from_db()
    shop.first.save()
    decision = decide(shop, sender)
    assert [candidate.slug for candidate in decision.eligible] == eligible
    if len(eligible) == 1:
        refused = decision.candidates[0]
        assert refused.code == "sender_not_approved"
        assert (
            refused.reason == f"This account shows AKINON as the sender of every message, and this one is of {sender}."
        )


def test_a_queued_message_is_judged_again_once_staff_say_which_sender_is_shown(shop, wire, work):
    SenderName.objects.create(name="OTHER")
    message = shop.message(sender="OTHER")
    shop.first.shown_sender = "AKINON"
    shop.first.save()
    work()
    assert (wire.texts("first"), wire.texts("second")) == ([], ["Salam"])
    shop.second.shown_sender = "AKINON"
    shop.second.save()
    late = shop_message_without_a_provider(shop, message)
    work()
    late.refresh_from_db()
    assert late.status == "queued"
    assert "shows AKINON" in late.waiting_for


def shop_message_without_a_provider(shop, like):
    like.refresh_from_db()
    columns = {"provider_id": shop.first.pk, "decision": like.decision, "sender": "OTHER"}
    now = clock.now()
    facts = {"client": shop.client, "request_id": "late", "to": like.to, "text": "Salam", "raw_text": "Salam"}
    times = {"due_at": now, "expires_at": now + timedelta(hours=1), "created_at": now, "updated_at": now}
    size = {"encoding": "GSM-7", "segments": 1, "status": "queued"}
    return Message.objects.create(id=clock.new_id(), **columns, **facts, **times, **size)


@pytest.fixture
def optional(shop, monkeypatch):
    """The first vendor takes a sender name of at most eleven letters, and shows the account's own without one."""

    class Optional(TextVendor):
        sender_rule = SenderRule(SenderUse.OPTIONAL, letters=11, digits=15)

    monkeypatch.setitem(SENDERS, "optional", Optional)
    shop.first.vendor, shop.first.shown_sender = "optional", "HOUSE"
    shop.first.save()
    return shop


def approve(shop, name):
    sender, _ = SenderName.objects.get_or_create(name=name)
    SenderApproval.objects.create(sender=sender, provider=shop.first, status="approved")


def test_where_a_sender_is_optional_an_approved_one_is_named_and_any_other_is_the_accounts(optional):
    approve(optional, "AKINON")
    assert decide(optional).candidates[0].vendor_sender == "AKINON"
    assert decide(optional, "HOUSE").candidates[0].is_eligible
    assert decide(optional, "HOUSE").candidates[0].vendor_sender == ""
    assert "shows HOUSE" in decide(optional, "OTHER").candidates[0].reason


@pytest.mark.parametrize("name", ["TWELVE CHARS", "1234567890123456"])
def test_a_sender_that_the_vendor_does_not_take_is_not_eligible(optional, name):
    approve(optional, name)
    refused = decide(optional, name).candidates[0]
    assert refused.code == "sender_not_approved"
    assert name in refused.reason


# --- set-up -------------------------------------------------------------------------------------------

TITLE = "It is known which sender the account shows"


def step(slug="first"):
    snapshot.reset_cache()
    section = next(each for each in setup_checklist.sections() if each.title == slug)
    return next((each for each in section.steps if each.title == TITLE), None)


def test_the_set_up_warns_where_more_than_one_sender_name_routes_to_such_an_account(shop):
    assert step() is None
    SenderName.objects.create(name="OTHER")
    warning = step()
    assert (warning.done, warning.target, warning.target_id) == (False, "provider", shop.first.pk)
    assert "AKINON, OTHER" in warning.says
    shop.first.shown_sender = "AKINON"
    shop.first.save()
    assert step().done is True
    shop.first.shown_sender = "AKINNO"
    shop.first.save()
    assert step().done is False
    assert "AKINNO" in step().says


def test_only_sender_names_that_may_come_there_count(shop):
    other = SenderName.objects.create(name="OTHER")
    ApiClient.objects.filter(pk=shop.client.pk).update(all_senders=False)
    shop.client.refresh_from_db()
    shop.client.save()
    shop.client.senders.add(shop.sender)
    assert step() is None
    second = ApiClient.objects.create(username="second", secret_digest="1" * 64, all_senders=False)
    second.senders.add(other)
    assert step() is not None
    Route.objects.update(client=shop.client)
    shop.route.refresh_from_db()
    shop.route.save()
    assert step() is None


def test_a_name_that_is_approved_at_an_optional_vendor_does_not_count(optional):
    optional.first.shown_sender = ""
    optional.first.save()
    SenderName.objects.create(name="OTHER")
    approve(optional, "AKINON")
    assert step() is None


# --- registered texts ---------------------------------------------------------------------------------


def test_a_registered_text_goes_out_with_its_id(shop, wire, work, monkeypatch):
    found: list[OutboundSms] = []

    class Registered(TemplateVendor):
        carries = Carries.REGISTERED_TEXT
        sender_rule = SenderRule()

        def request(self, sms):
            self.check(sms)
            found.append(sms)
            return HttpRequest("POST", f"{self.base_url}/send", (), b"")

        def outcome(self, response):
            return Accepted()

    monkeypatch.setitem(SENDERS, "registered", Registered)
    provider = Provider.objects.create(slug="dlt", vendor="registered", base_url="https://dlt.example")
    shop.set_route(provider)
    template = MessageTemplate.objects.create(name="kod", body="Kodunuz {code}.")
    template.approvals.create(provider=provider, vendor_template="1107160", text="Kodunuz {code}.", status="approved")
    message = shop.message(" Kodunuz 4217. ")  # blanks around it, which the comparison leaves out
    work()
    [sms] = found
    assert (sms.text, sms.vendor_template, sms.parameters) == ("Kodunuz 4217.", "1107160", (("code", "4217"),))
    message.refresh_from_db()
    assert "4217." not in str(message.decision)
    refused = snapshot.latest().decide(
        text="Something else", sender="AKINON", to="+994501234567", client=shop.client.pk, is_otp=False
    )
    assert refused.code == "template_not_matched"


# --- lengths that a vendor limits -----------------------------------------------------------------


@pytest.mark.parametrize("carries", [Carries.TEMPLATE, Carries.REGISTERED_TEXT])
@pytest.mark.parametrize(
    ("registered", "text", "is_taken"),
    [
        ("Kod {code}", "Kod 123456", True),
        ("Kod {code}", "  Kod 123456 \n ", True),  # white space that the vendor does not send
        ("Kod {code}", "Kod e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301", True),  # ten letters once composed
        ("Kod {code}", "Kod 1234567", False),
        ("Kod {code} ", "Kod 123456", False),  # the vendor's own text ends with a blank
        ("Kode\u0301 {code}", "Kod\u00e9 12345", False),  # the vendor's own text is decomposed
    ],
)
def test_the_length_that_is_checked_is_that_of_the_text_which_the_vendor_sends(
    shop, wire, work, monkeypatch, carries, registered, text, is_taken
):
    class Short(TemplateVendor):
        max_length = 10
        sender_rule = SenderRule()

        def request(self, sms):
            self.check(sms)
            return super().request(sms)

    Short.carries = carries
    monkeypatch.setitem(SENDERS, "short", Short)
    shop.set_route(Provider.objects.create(slug="short", vendor="short", base_url="https://short.example"))
    template = MessageTemplate.objects.create(name="kod", body="Kod {code}")
    provision({"templates": [{"name": "kod", "approvals": [_approved_at("short", registered)]}]})
    assert template.approvals.get().text == registered
    assert _code_of(shop, text) == ("" if is_taken else "text_too_long")
    if is_taken:
        message = shop.message(text)
        work()
        message.refresh_from_db()
        assert message.status == Status.SUBMITTED


def _approved_at(provider: str, text: str) -> dict[str, str]:
    return {"provider": provider, "vendor_template": "7", "text": text, "status": "approved"}


def _code_of(shop, text: str) -> str:
    to = "+994501234567"
    return snapshot.latest().decide(text=text, sender="AKINON", to=to, client=shop.client.pk, is_otp=False).code
