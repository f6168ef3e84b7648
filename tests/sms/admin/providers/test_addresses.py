"""A form that leads to another server asks for the secrets again."""

from __future__ import annotations

import pytest
from django.urls import reverse

from sms.models import Partner, Provider
from tests.sms.admin.test_secrets import PLAIN, change

AGAIN = "The address is of another server"
OTHER_KEY = "aW5zZWN1cmUtYW5kLW9ubHktZm9yLXRlc3RpbmchISE="


@pytest.mark.parametrize("address", ["https://evil.example", "http://plain.example", "https://plain.example:8443"])
def test_another_server_is_refused_without_the_secret_and_taken_with_it(boss, cast, address):
    refused = boss.post(change(cast.plain), PLAIN | {"base_url": address})
    assert AGAIN in refused.content.decode()
    assert Provider.objects.get(pk=cast.plain.pk).base_url == ""
    boss.post(change(cast.plain), PLAIN | {"base_url": address, "credential_token": "s3cret-token"})
    moved = Provider.objects.get(pk=cast.plain.pk)
    assert (moved.base_url, moved.credentials_problem) == (address, "")


@pytest.mark.parametrize("address", ["https://plain.example/v2", "https://PLAIN.example:443"])
def test_the_same_server_needs_no_secret(boss, cast, address):
    assert boss.post(change(cast.plain), PLAIN | {"base_url": address}).status_code == 302
    assert Provider.objects.get(pk=cast.plain.pk).base_url == address


@pytest.mark.parametrize("query", ["?", "?key=1", "/v2?"])
def test_an_address_with_a_query_is_refused_because_paths_are_appended_to_it(boss, cast, query):
    refused = boss.post(change(cast.plain), PLAIN | {"base_url": "https://plain.example" + query})
    assert "may not hold a query" in refused.content.decode()
    assert Provider.objects.get(pk=cast.plain.pk).base_url == ""


def test_an_account_that_was_moved_by_other_means_says_so_and_is_cured_by_its_form(boss, cast):
    Provider.objects.filter(pk=cast.plain.pk).update(base_url="https://evil.example")
    for page in ("admin:sms_provider_changelist", "admin:tools_providers"):
        assert "credentials needed" in boss.get(reverse(page)).content.decode()
    assert "were entered for https://plain.example:443" in boss.get(reverse("admin:tools_setup")).content.decode()
    still = PLAIN | {"base_url": "https://evil.example"}
    assert AGAIN in boss.post(change(cast.plain), still).content.decode()
    boss.post(change(cast.plain), still | {"credential_token": "typed-anew"})
    assert Provider.objects.get(pk=cast.plain.pk).credentials_problem == ""


def test_back_at_the_old_address_nothing_is_asked(boss, cast):
    Provider.objects.filter(pk=cast.plain.pk).update(base_url="https://evil.example")
    assert boss.post(change(cast.plain), PLAIN).status_code == 302
    assert Provider.objects.get(pk=cast.plain.pk).credentials_problem == ""


def test_unreadable_credentials_are_replaced_by_the_form(boss, cast, settings):
    settings.FIELD_ENCRYPTION_KEYS = [OTHER_KEY]
    for page in ("admin:sms_provider_changelist", "admin:tools_providers", "admin:tools_setup", "admin:index"):
        assert boss.get(reverse(page)).status_code == 200
    boss.post(change(cast.plain), PLAIN | {"credential_token": "typed-anew"})
    cured = Provider.objects.get(pk=cast.plain.pk)
    assert (cured.credentials["token"], cured.credentials_problem) == ("typed-anew", "")


def test_a_partners_other_server_wants_the_key_again(boss, cast):
    partner = cast.partner()
    at = reverse("admin:sms_partner_change", args=(partner.pk,))
    values = {"slug": "renter", "url": "https://evil.example/push", "credential_key": "", "change_reason": "a test"}
    assert AGAIN in boss.post(at, values).content.decode()
    boss.post(at, values | {"credential_key": "typed-anew"})
    moved = Partner.objects.get()
    assert (moved.url, moved.credentials_problem) == ("https://evil.example/push", "")
