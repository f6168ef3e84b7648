"""The provider's form: the sender that an account shows, required and typed options."""

from __future__ import annotations

import pytest
from django.urls import reverse

from providers.base import FIXED_SENDER, REQUIRED_SENDER, Kind, SenderRule, SenderUse, Setting
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


FILTER = Setting("filter", "Filter", "By law.", kind=Kind.CHOICE, choices=("0", "11"), required=True)
PUBLIC_KEY = Setting("key", "Key", "A key.", kind=Kind.KEY)
LINES = "-----BEGIN KEY-----\nbWFkZS11cA==\n-----END KEY-----"


def test_a_required_option_must_be_set(boss, cast, monkeypatch):
    monkeypatch.setattr(TextVendor, "options", (FILTER,))
    page = boss.post(address(cast.plain), PLAIN | {"option_filter": "", "timeout": "7"}).content.decode()
    assert "This vendor requires it." in page
    assert Provider.objects.get(pk=cast.plain.pk).timeout != 7
    boss.post(address(cast.plain), PLAIN | {"option_filter": "11"})
    assert Provider.objects.get(pk=cast.plain.pk).options == {"filter": "11"}


def test_a_key_keeps_its_lines(boss, cast, monkeypatch):
    monkeypatch.setattr(TextVendor, "options", (PUBLIC_KEY,))
    boss.post(address(cast.plain), PLAIN | {"option_key": LINES.replace("\n", "\r\n")})
    assert Provider.objects.get(pk=cast.plain.pk).options == {"key": LINES}


def test_a_secret_key_keeps_its_lines_and_is_never_shown(boss, cast, monkeypatch):
    secret = Setting("signing", "Signing key", "A key.", kind=Kind.KEY, secret=True)
    monkeypatch.setattr(TextVendor, "credentials", (*TextVendor.credentials, secret))
    boss.post(address(cast.plain), PLAIN | {"credential_signing": LINES})
    assert Provider.objects.get(pk=cast.plain.pk).credentials["signing"] == LINES
    wrong = boss.post(address(cast.plain), PLAIN | {"credential_signing": LINES, "timeout": "0"}).content.decode()
    for page in (boss.get(address(cast.plain)).content.decode(), wrong):
        assert 'name="credential_signing"' in page
        assert "bWFkZS11cA==" not in page


SIGNING = Setting("signing", "Signing key", "A key.", secret=True, optional=True)


@pytest.fixture
def signs(boss, cast, monkeypatch):
    """An account whose optional secret is stored."""
    monkeypatch.setattr(TextVendor, "credentials", (*TextVendor.credentials, SIGNING))
    boss.post(address(cast.plain), PLAIN | {"credential_signing": "made-up-key"})
    assert Provider.objects.get(pk=cast.plain.pk).credentials["signing"] == "made-up-key"
    return cast.plain


def test_an_optional_secret_is_kept_where_it_is_left_empty_and_removed_by_its_switch(boss, signs):
    boss.post(address(signs), PLAIN | {"credential_signing": ""})
    assert Provider.objects.get(pk=signs.pk).credentials["signing"] == "made-up-key"
    boss.post(address(signs), PLAIN | {"remove_credential_signing": "on"})
    left = Provider.objects.get(pk=signs.pk)
    assert set(left.credentials) == {"account", "token"}
    assert left.adapter_class(base_url="", credentials=left.credentials, options={}).missing_credentials() == ()


def test_a_required_secret_has_no_switch(boss, signs):
    page = boss.get(address(signs)).content.decode()
    assert 'name="remove_credential_signing"' in page
    assert 'name="remove_credential_token"' not in page


def test_an_optional_secret_does_not_follow_to_another_server(boss, signs):
    moved = PLAIN | {"base_url": "https://another.example", "credential_token": "s3cret-token"}
    assert "Enter this again" in boss.post(address(signs), moved).content.decode()
    assert Provider.objects.get(pk=signs.pk).base_url != "https://another.example"
    boss.post(address(signs), moved | {"remove_credential_signing": "on"})
    left = Provider.objects.get(pk=signs.pk)
    assert (left.base_url, set(left.credentials)) == ("https://another.example", {"account", "token"})
    assert left.credentials_problem == ""


@pytest.mark.parametrize(
    ("kind", "typed", "says"),
    [(Kind.URL, "vendor.example", "must start with"), (Kind.MSISDN, "0501234567", "Must be a phone number")],
)
def test_a_wrong_option_is_an_error_at_its_field(boss, cast, monkeypatch, kind, typed, says):
    monkeypatch.setattr(TextVendor, "options", (Setting("made_up", "Made up", "An option.", kind=kind),))
    page = boss.post(address(cast.plain), PLAIN | {"option_made_up": typed}).content.decode()
    assert says in page
    assert Provider.objects.get(pk=cast.plain.pk).options == {}
