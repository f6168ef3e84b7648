"""The provider's form: the sender that an account shows."""

from __future__ import annotations

import pytest
from django.urls import reverse

from providers.base import FIXED_SENDER, REQUIRED_SENDER, SenderRule, SenderUse
from sms.models import Provider
from tests.sms.admin.conftest import TextVendor
from tests.sms.admin.test_secrets import PLAIN


def address(provider: Provider) -> str:
    return reverse("admin:sms_provider_change", args=(provider.pk,))


@pytest.mark.parametrize(
    ("rule", "is_asked"), [(FIXED_SENDER, True), (SenderRule(SenderUse.OPTIONAL), True), (REQUIRED_SENDER, False)]
)
def test_it_is_asked_for_where_a_call_may_name_none(boss, cast, monkeypatch, rule, is_asked):
    monkeypatch.setattr(TextVendor, "sender_rule", rule)
    assert ('name="shown_sender"' in boss.get(address(cast.plain)).content.decode()) == is_asked
    boss.post(address(cast.plain), PLAIN | {"shown_sender": "AKINON"})
    assert Provider.objects.get(pk=cast.plain.pk).shown_sender == ("AKINON" if is_asked else "")


def test_it_is_one_of_the_sender_names(boss, cast, monkeypatch):
    monkeypatch.setattr(TextVendor, "sender_rule", FIXED_SENDER)
    answer = boss.post(address(cast.plain), PLAIN | {"shown_sender": "AKINNO"})
    assert "AKINNO is not one of the sender names." in answer.content.decode()
    assert Provider.objects.get(pk=cast.plain.pk).shown_sender == ""
