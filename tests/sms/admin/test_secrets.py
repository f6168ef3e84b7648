"""Secrets are write-only."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from sms.models import ApiClient, Provider
from sms.models.client import digest

STATE = {"state-TOTAL_FORMS": 0, "state-INITIAL_FORMS": 0}
PLAIN = {
    "base_url": "",
    "enabled": "on",
    "credential_account": "77",
    "credential_token": "",
    "option_phone_format": "digits",
    "option_poll_after": "30, 60",
    "option_webhook_ips": "203.0.113.0/24",
    "timeout": 15,
    "max_in_flight": "",
    "rate_limit": "",
    "slug": "plain-az",
    "change_reason": "a test",
} | STATE


def change(provider) -> str:
    return reverse("admin:sms_provider_change", args=(provider.pk,))


def test_the_form_follows_the_vendor_and_holds_no_secret(boss, cast):
    page = boss.get(change(cast.plain)).content.decode()
    assert "s3cret-token" not in page
    assert 'name="credential_account"' in page
    assert 'name="option_poll_after"' in page
    assert "Set; leave empty to keep." in page
    other = boss.get(change(cast.templated)).content.decode()
    assert 'name="option_poll_after"' not in other


def test_an_empty_secret_keeps_the_stored_one_and_a_typed_one_replaces_it(boss, cast):
    assert boss.post(change(cast.plain), PLAIN).status_code == 302
    kept = Provider.objects.get(pk=cast.plain.pk)
    assert kept.credentials == {"account": "77", "token": "s3cret-token"}
    assert kept.credentials_changed_at is None
    assert kept.options == {"phone_format": "digits", "poll_after": [30, 60], "webhook_ips": ["203.0.113.0/24"]}
    boss.post(change(cast.plain), PLAIN | {"credential_token": "a-new-one"})
    changed = Provider.objects.get(pk=cast.plain.pk)
    assert changed.credentials["token"] == "a-new-one"
    assert changed.credentials_changed_at is not None


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"credential_account": "0"}, "Can&#x27;t be read. The account&#x27;s number."),
        ({"option_poll_after": "30, soon"}, "soon is not a whole number of seconds"),
        ({"option_webhook_ips": "everywhere"}, "Holds something that is no IP address or network"),
        ({"option_poll_after": "60, 30"}, "each larger than the one before"),
        ({"base_url": "ftp://vendor.example"}, "http"),
        ({"option_phone_format": "smoke"}, "Select a valid choice"),
    ],
)
def test_what_the_adapter_cannot_take_is_said_at_its_field(values, words, boss, cast):
    answer = boss.post(change(cast.plain), PLAIN | values | {"credential_token": "typed-secret"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert words in page
    assert "typed-secret" not in page
    assert Provider.objects.get(pk=cast.plain.pk).credentials["token"] == "s3cret-token"


def test_the_add_form_shows_the_fields_of_the_vendor_that_was_chosen(boss, cast):
    address = reverse("admin:sms_provider_add")
    assert 'name="option_poll_after"' in boss.get(address, {"vendor": "plainvendor"}).content.decode()
    assert 'name="option_poll_after"' not in boss.get(address, {"vendor": "templatevendor"}).content.decode()
    boss.post(address, PLAIN | {"slug": "third", "vendor": "plainvendor", "credential_token": "x-1"})
    assert Provider.objects.get(slug="third").credentials == {"account": "77", "token": "x-1"}


def test_a_lost_key_does_not_take_the_providers_down(boss, cast, settings):
    settings.FIELD_ENCRYPTION_KEYS = ["aW5zZWN1cmUtYW5kLW9ubHktZm9yLXRlc3RpbmchISE="]
    assert boss.get(reverse("admin:sms_provider_changelist")).status_code == 200
    assert boss.get(change(cast.plain)).status_code == 200


def test_a_clients_secret_is_generated_and_shown_in_that_one_answer(boss, cast):
    values = {
        "username": "second-shop",
        "enabled": "on",
        "all_senders": "on",
        "newline_escape": "outside_urls",
        "on_no_template": "refuse",
        "otp_per_number": 5,
        "otp_per_range": 50,
    }
    answer = boss.post(reverse("admin:sms_apiclient_add"), values)
    secret = re.search(r'id="the-secret">([^<]+)<', answer.content.decode())[1]
    client = ApiClient.objects.get(username="second-shop")
    assert client.secret_digest == digest(secret)
    assert (client.slot_share, client.country_limits) == (None, {})
    assert "no-store" in answer["Cache-Control"]
    assert not any(secret in morsel.value for morsel in boss.cookies.values())
    for address in ("admin:sms_apiclient_change", "admin:sms_apiclient_history"):
        assert secret not in boss.get(reverse(address, args=(client.pk,))).content.decode()


@pytest.mark.parametrize(
    ("given", "stored", "fault"),
    [
        ({"slot_share": 25, "country_limits": '{"RO": 5}'}, (25, {"RO": 5}), ""),
        ({"slot_share": "", "country_limits": ""}, (None, {}), ""),
        ({"slot_share": 0, "country_limits": "{}"}, None, "greater than or equal to 1"),
        ({"slot_share": 101, "country_limits": "{}"}, None, "less than or equal to 100"),
        ({"slot_share": 5, "country_limits": '{"ZZ": 5}'}, None, "ZZ is no country"),
        ({"slot_share": 5, "country_limits": '{"RO": true}'}, None, "RO: True is no number of messages"),
        ({"slot_share": 5, "country_limits": '["RO"]'}, None, "Write an object of countries"),
    ],
)
def test_a_clients_share_and_limits_are_checked(boss, cast, given, stored, fault):
    values = {"username": "shared", "enabled": "on", "all_senders": "on", "newline_escape": "off"}
    values |= {"on_no_template": "refuse", "otp_per_number": 5, "otp_per_range": 50}
    page = boss.post(reverse("admin:sms_apiclient_add"), values | given).content.decode()
    client = ApiClient.objects.filter(username="shared").first()
    assert (client and (client.slot_share, client.country_limits)) == stored
    assert fault in page


def test_a_new_secret_leaves_the_old_one_valid_for_the_overlap(boss, cast):
    address = reverse("admin:sms_apiclient_rotate", args=(cast.shop.pk,))
    before = cast.shop.secret_digest
    assert boss.get(address).status_code == 200
    cast.shop.refresh_from_db()
    assert cast.shop.secret_digest == before
    answer = boss.post(address, {"hours": 2, "_form_submitted": "on"})
    secret = re.search(r'id="the-secret">([^<]+)<', answer.content.decode())[1]
    cast.shop.refresh_from_db()
    assert cast.shop.secret_digest == digest(secret)
    assert cast.shop.previous_digest == before
    assert cast.shop.previous_valid_until is not None
