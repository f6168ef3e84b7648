"""Vendors by description: known in each process, used for what waits, and never called with another's credentials."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from providers.base import HttpResponse
from providers.registry import SENDERS
from sms.models import ConfigurationStamp, DeliveryReport, Provider, VendorDescription
from sms.models.provider import vendor_choices
from sms.models.vendor_description import LONGEST
from sms.services.configuration import snapshot, vendor_descriptions
from sms.services.monitoring import outages, provider_health
from sms.services.webhooks import tokens
from sms.services.worker import periodic
from tests.sms.descriptions import description

ACCEPTED = HttpResponse(200, {}, b'{"ok": true, "id": "77"}')


def store(text: str, slug: str = "acme") -> VendorDescription:
    row, _ = VendorDescription.objects.update_or_create(slug=slug, defaults={"text": text})
    snapshot.latest()
    return row


@pytest.fixture
def described(shop):
    """The account `first` is at a described vendor, and alone on the route."""
    store(description())
    shop.first.delete()
    shop.first = Provider.objects.create(slug="first", vendor="acme", credentials={"token": "made-up"})
    shop.set_route(shop.first)
    return shop


def in_another_process(text: str) -> None:
    """What a change by another process leaves in the database."""
    VendorDescription.objects.filter(slug="acme").update(text=text)
    ConfigurationStamp.touch()


def test_a_message_goes_out_and_its_report_comes_back(described, wire, work):
    message = described.message()
    wire.script("api.acme.example", ACCEPTED)
    work()
    message.refresh_from_db()
    assert (message.status, message.attempts.get().vendor_message_id) == ("submitted", "77")
    assert wire.calls[0].url == "https://api.acme.example/send"
    assert ("Authorization", "Bearer made-up") in wire.calls[0].headers
    address = f"/webhooks/acme/{tokens.provider_token(described.first.pk)}"
    said = json.dumps({"ref": str(message.attempts.get().pk), "status": "ok"})
    assert Client().post(address, said, content_type="application/json").status_code == 200
    for _ in periodic.run_once(periodic.WorkerState(slots=8)):
        pass
    message.refresh_from_db()
    assert message.status == "delivered"
    assert DeliveryReport.objects.get().applied


def test_one_query_per_snapshot_and_none_per_use(described):
    snapshot.reset_cache()
    with CaptureQueriesContext(connection) as queries:
        snapshot.current()
    assert sum("sms_vendordescription" in query["sql"] for query in queries) == 1
    with CaptureQueriesContext(connection) as queries:
        assert ("acme", "Acme") in vendor_choices()
    assert not queries.captured_queries


def test_a_change_in_another_process_holds_for_what_waits(described, wire, work):
    """The message was accepted under the old description, and is sent by the new one."""
    message = described.message()
    in_another_process(description(name="Acme 2", failure="content"))
    wire.script("api.acme.example", HttpResponse(200, {}, b'{"ok": false, "code": "7"}'))
    work()
    message.refresh_from_db()
    assert (message.status, message.code) == ("failed", "7")
    assert message.detail.startswith("The vendor says content.")
    assert SENDERS["acme"].name == "Acme 2"


def test_a_row_that_cannot_be_used_any_more_stops_nothing_else(described, wire, work):
    message = described.message()
    in_another_process("broken")
    work()
    message.refresh_from_db()
    assert message.status == "queued"
    assert "The vendor description acme can't be used" in message.waiting_for
    described.set_route(described.second)
    other = described.message()
    work()
    other.refresh_from_db()
    assert other.status == "submitted"
    provider = Provider.objects.select_related("state").get(pk=described.first.pk)
    assert outages.health_of(provider).name == "adapter broken"
    assert {card.slug for card in provider_health.provider_cards()} == {"first", "second"}
    [fault] = run_checks(tags=["adapters"])
    assert (fault.id, fault.hint) == ("sms.W009", "Correct it in the admin, Configure, Vendor descriptions.")
    assert fault.msg.startswith("The vendor description acme can't be used")


def test_what_waits_for_a_broken_description_goes_out_once_it_is_corrected(described, wire, work):
    message = described.message()
    in_another_process("broken")
    work()
    in_another_process(description())
    type(message).objects.filter(pk=message.pk).update(due_at=message.created_at)
    wire.script("api.acme.example", ACCEPTED)
    work()
    message.refresh_from_db()
    assert message.status == "submitted"


def test_credentials_do_not_follow_a_description_to_another_server(described, wire, work):
    """Who may change a description may not know the credentials of its accounts."""
    message = described.message()
    in_another_process(description(base_url="https://evil.example"))
    work()
    message.refresh_from_db()
    assert (message.status, wire.calls) == ("queued", [])
    assert "Its credentials were entered for https://api.acme.example" in message.waiting_for
    provider = Provider.objects.get(pk=described.first.pk)
    assert (provider.is_moved, provider.usable_credentials) == (True, {})


def test_credentials_of_an_adapter_in_code_do_not_go_to_a_description_of_its_name(shop, wire, work):
    """Such as after a package was removed."""
    row = Provider.objects.create(slug="old", vendor="acme", credentials={"token": "made-up"})
    assert row.credentials_origin == ""
    store(description())
    assert Provider.objects.get(pk=row.pk).credentials_problem.startswith("Its credentials were entered for —")


def test_the_check_knows_what_is_stored_before_anything_else_asks(db):
    VendorDescription.objects.create(slug="acme", text="broken")
    assert [message.id for message in run_checks(tags=["adapters"])] == ["sms.W009"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "blank"),
        ("broken", ""),
        ("[vendor]\nslug = 7", "vendor.slug: "),
        (description("sandbox"), "There is another adapter sandbox."),
        (description("onlinesim"), "There is another adapter onlinesim."),
        (description("renamed"), "The slug is acme and can't change to renamed."),
        (description(base_url="http://169.254.169.254"), ""),
        (description(expected="content"), "The example “code 7” fails: expected "),
        (description(name="Ac\u202eme"), r"Line 3 has the hidden character \u202e."),
        (description(name="Ac\x00me"), r"Line 3 has the hidden character \u0000."),
        ("#" + "x" * LONGEST, "at most"),
    ],
)
def test_what_cannot_be_stored(db, text, words):
    with pytest.raises(ValidationError) as error:
        VendorDescription(slug="acme", text=text).full_clean()
    assert words in "; ".join(error.value.message_dict["text"])


def test_another_row_of_the_same_slug_is_refused(db):
    VendorDescription.objects.create(slug="acme", text=description())
    with pytest.raises(ValidationError, match="There is another description acme"):
        VendorDescription(text=description()).full_clean(exclude=["slug"])


def test_accounts_of_a_description_are_found(described):
    assert vendor_descriptions.accounts_of("acme", "other") == ["first"]


def test_a_credential_that_was_secret_is_not_shown_later(described):
    """The form of the account would show what staff have entered as a secret, and calls would be stored with it."""
    row = VendorDescription.objects.get()
    row.text = with_pin("true")
    row.full_clean()
    row.save()
    row.text = with_pin("false")
    with pytest.raises(ValidationError, match="The credential pin was secret in an earlier version, and first may"):
        row.full_clean()
    row.text = description()
    row.full_clean()
    row.save()
    row.text = with_pin("false")  # in two steps, too
    with pytest.raises(ValidationError, match="The credential pin was secret"):
        row.full_clean()
    Provider.objects.all().delete()
    row.full_clean()


def with_pin(is_secret: str) -> str:
    """Another credential, beside the token, which stays secret."""
    pin = f'[[credentials]]\nkey = "pin"\nlabel = "PIN"\nhelp = "Of the account."\nsecret = {is_secret}\n\n[auth]'
    sample = "[sample.credentials]\n"
    return description().replace("[auth]", pin).replace(sample, f'{sample}pin = "made-up-pin-1"\n')


@pytest.mark.parametrize(
    ("said", "stored"),
    [
        ("0001-01-01T00:00:00+14:00", None),
        ("0001-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("2026-11-28T10:00:00+04:00", datetime(2026, 11, 28, 6, tzinfo=UTC)),
    ],
)
def test_a_time_that_no_database_gives_back_costs_neither_the_report_nor_the_pages(described, wire, work, said, stored):
    store(description().replace('state = "status"', 'state = "status"\nat = "at"\nat_format = "iso"'))
    message = described.message()
    wire.script("api.acme.example", ACCEPTED)
    work()
    body = json.dumps({"ref": str(message.attempts.get().pk), "status": "ok", "at": said})
    address = f"/webhooks/acme/{tokens.provider_token(described.first.pk)}"
    Client().post(address, body, content_type="application/json")
    for _ in periodic.run_once(periodic.WorkerState(slots=8)):
        pass
    message.refresh_from_db()
    assert (message.status, DeliveryReport.objects.get().vendor_at) == ("delivered", stored)
