"""What a template's values must not be: too long for a vendor; a link or a phone number in a one-time password."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from providers.registry import SENDERS
from sms.domain.matching.templates import parse_body, parse_kinds
from sms.models import Message, Provider, RefusedRequest, RouteProvider, TemplateApproval
from sms.services.configuration import snapshot
from sms.services.staff import dry_run
from sms.services.templates.approvals import approval_problems
from tests.sms import cast
from tests.sms.cast import TemplateOnly, body, errors, send


def approve(text: str, **placeholders: Any) -> None:
    cast.template("documented", text, Provider.objects.get(slug="only"), placeholders=placeholders)
    snapshot.reset_cache()


def call(caller: Client, text: str, **more: Any) -> Any:
    return send(caller, body(text=text, to=cast.TEMPLATE_TO, **more))


def reason(text: str, *, is_otp: bool = False) -> str:
    client = snapshot.current().clients[cast.USERNAME]
    told = dry_run.explain(raw_text=text, sender="AKINON", to=cast.TEMPLATE_TO, client=client, is_otp=is_otp)
    return told.decision.candidates[0].reason


# --- lengths ---------------------------------------------------------------------------------------------


def test_a_value_that_a_vendor_does_not_take_is_refused_before_201(
    caller: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TemplateOnly, "max_value_length", 5)
    assert call(caller, "Hello Aysel, order 12345 is on its way.").status_code == 201
    text = "Hello Aysel, order 123456 is on its way."
    assert errors(call(caller, text)) == [(422, "text_too_long", "text")]
    assert reason(text) == "The value of {order} has 6 characters; this vendor accepts at most 5."


def test_another_provider_of_the_route_takes_what_one_finds_too_long(
    caller: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TemplateOnly, "max_value_length", 5)
    step = RouteProvider.objects.get(provider__slug="only")
    RouteProvider.objects.create(route=step.route, provider=Provider.objects.get(slug="free"), position=2)
    snapshot.reset_cache()
    assert call(caller, "Hello Aysel, order 123456 is on its way.").status_code == 201
    message = Message.objects.get()
    assert message.provider.slug == "free"
    assert "123456" not in str(message.decision)


def test_a_template_whose_shortest_value_is_too_long_can_not_be_approved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TemplateOnly, "max_value_length", 5)
    monkeypatch.setitem(SENDERS, TemplateOnly.slug, TemplateOnly)
    code = parse_body("Kod {code}", parse_kinds({"code": {"kind": "code", "min_length": 6}}))
    approval = TemplateApproval(
        provider=Provider(vendor=TemplateOnly.slug), vendor_template="7", parameters=[], status="approved"
    )
    found = approval_problems(approval, code)
    assert found == [
        ("parameters", "The shortest value of {code} has 6 characters; this vendor accepts at most 5 for each value.")
    ]
    monkeypatch.setattr(TemplateOnly, "max_value_length", None)
    assert not approval_problems(approval, code)


# --- one-time passwords ------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["evil.com", "https://evil.example/x", "EVIL.COM", "0501234567", "+994 50 123 45 67"])
def test_a_one_time_password_carries_no_link_and_no_phone_number_in_a_value_of_any_kind(
    value: str, caller: Client
) -> None:
    approve("Kod: {code}. Paylasmayin.")
    text = f"Kod: {value}. Paylasmayin."
    assert errors(call(caller, text, isOtp=True)) == [(422, "template_not_matched", "text")]
    held = "a phone number" if value[0] in "+0" else "a link"
    assert f"The value of {{code}} in documented holds {held}" in reason(text, is_otp=True)
    refused = RefusedRequest.objects.get()
    assert "holds a" in str([getattr(refused, each.attname) for each in refused._meta.concrete_fields])
    assert value not in reason(text, is_otp=True)
    assert call(caller, text).status_code == 201  # not a one-time password


@pytest.mark.parametrize("code", ["0042", "00421", "004217", "0042171", "01234567", "81234567", "A7K-2"])
def test_the_code_itself_is_no_phone_number(code: str, caller: Client) -> None:
    approve("Kod: {code} ({minutes} dəq)")
    assert call(caller, f"Kod: {code} (15 dəq)", isOtp=True).status_code == 201


def test_a_template_may_allow_links_in_a_value(caller: Client) -> None:
    approve("Kod: {code}. {more}", more={"kind": "any", "allow_links": True})
    assert call(caller, "Kod: 004217. shop.az/otp", isOtp=True).status_code == 201
    assert errors(call(caller, "Kod: evil.com. Sonra", isOtp=True))[0][1] == "template_not_matched"


def test_a_placeholder_of_a_kind_says_itself_what_it_takes(caller: Client) -> None:
    approve("Kod: {code} {link}", code="code", link="link")
    assert call(caller, "Kod: 004217 https://shop.az/otp", isOtp=True).status_code == 201
