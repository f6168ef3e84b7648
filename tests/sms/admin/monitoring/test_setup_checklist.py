"""The set-up page, step by step; the integration guide; the status and error reference."""

from __future__ import annotations

import uuid
from html import unescape

from django.urls import reverse

from providers.base import ReportChannel
from providers.registry import SENDERS
from sms.domain import status_descriptions
from sms.domain.codes import TABLE
from sms.models import (
    ApiClient,
    CallingAddress,
    Destination,
    Dispatcher,
    Message,
    Provider,
    ProviderState,
    RollupHour,
    Route,
    SenderApproval,
    TemplateApproval,
)
from sms.services.configuration import snapshot
from sms.services.database.clock import now
from sms.services.monitoring import hourly_stats, setup_checklist
from tests.sms.admin.conftest import TextVendor

SETUP = "/admin/tools/set-up/"
ADDRESSES = "/admin/sms/callingaddress/"


def step(section: str, title: str) -> setup_checklist.Step:
    snapshot.reset_cache()
    found = next(s for s in setup_checklist.sections() if s.title == section)
    return next(s for s in found.steps if s.title == title)


def test_an_empty_installation_says_what_to_do_first(boss):
    page = boss.get(SETUP).content.decode()
    assert "Set-up is incomplete" in page
    assert step("This installation", "A provider exists").done is False
    assert step("This installation", "A client exists").done is False
    assert step("This installation", "Dispatcher running").done is False


def test_each_step_turns_green_with_what_it_asks_for(boss, cast, settings):
    settings.PUBLIC_URL = "https://sms.example"
    assert step("plain-az", "Credentials are stored").done is True
    assert step("plain-az", "A sender name is approved").done is True
    assert step("plain-az", "A route uses it").says == "+994"
    assert step("templated-az", "A template is approved").done is True
    assert step("templated-az", "Credentials are stored").done is False  # its account is not given
    assert "Account" in step("templated-az", "Credentials are stored").says
    reached = step("plain-az", "The vendor accepts our requests")
    assert (reached.done, reached.target) == (False, "health")
    ProviderState.objects.update(last_test_accepted=True, last_test_at=now())
    assert step("plain-az", "The vendor accepts our requests").done is True
    assert step("This installation", "Dispatcher running").done is False
    Dispatcher.objects.create(id=uuid.uuid4(), host="w", pid=1, slots=1, started_at=now(), seen_at=now())
    assert step("This installation", "Dispatcher running").done is True


def test_a_catch_all_route_needs_a_country_that_is_allowed(boss, cast):
    Route.objects.update(prefix="+")
    found = step("plain-az", "A route uses it")
    assert (found.done, found.target) == (False, "destinations")
    assert "countries that are allowed" in found.says
    boss.get(SETUP)  # its link resolves
    Destination.objects.create(country="AZ", mode="block")
    assert step("plain-az", "A route uses it").done is False
    Destination.objects.update(mode="allow")
    assert step("plain-az", "A route uses it").done is True


def test_the_address_that_our_server_calls_from_is_recorded_and_shown_to_be_handed_on(boss, cast, settings):
    title, reached = "Outbound IP address of this server", "The vendor accepts our requests"
    assert (step("This installation", title).done, step("This installation", title).target) == (None, "addresses")
    assert step("plain-az", reached).copy == ""
    settings.ALLOW_PRIVATE_PROVIDER_HOSTS = False
    for wrong, told in (
        ("10.0.0.5", "private address"),
        ("sms.example", "neither an address"),
        ("8.8.8.8/8", "neither an"),
    ):
        assert told in boss.post(ADDRESSES + "add/", {"address": wrong}).content.decode()
    settings.ALLOW_PRIVATE_PROVIDER_HOSTS = True  # addresses for documents are as private as others
    for address in ("203.0.113.7", "203.0.113.8/29"):
        assert boss.post(ADDRESSES + "add/", {"address": address, "note": "the gateway"}).status_code == 302
    assert step("This installation", title).done is True
    for section, name in (("This installation", title), ("plain-az", reached), ("templated-az", reached)):
        assert step(section, name).copy == "203.0.113.7, 203.0.113.8/29"
    assert "203.0.113.7, 203.0.113.8/29</code><button" in boss.get(SETUP).content.decode()
    assert CallingAddress.history.count() == 2


def test_when_all_is_green_the_page_leaves_the_head_of_the_menu(boss, cast, settings):
    settings.PUBLIC_URL = "https://sms.example"
    Dispatcher.objects.create(id=uuid.uuid4(), host="w", pid=1, slots=1, started_at=now(), seen_at=now())
    ProviderState.objects.update(last_success_at=now())
    before = boss.get(SETUP).content.decode()
    assert before.index(">Set-up<") < before.index(">Dashboard<")
    templated = Provider.objects.get(pk=cast.templated.pk)
    templated.credentials = {"account": "5", "token": "t"}
    templated.save()
    snapshot.reset_cache()
    after = boss.get(SETUP).content.decode()
    assert "Everything is set up" in after
    assert after.index(">Set-up<") > after.index(">Dashboard<")


def test_a_lost_key_is_shown_and_the_admin_still_works(boss, cast, settings):
    settings.FIELD_ENCRYPTION_KEYS = ["aW5zZWN1cmUtYW5kLW9ubHktZm9yLXRlc3RpbmchISE="]
    assert "can&#x27;t be decrypted" in boss.get(SETUP).content.decode()
    assert boss.get(reverse("admin:index")).status_code == 200


def test_the_page_for_akinon_holds_address_user_codes_and_no_secret(boss, cast, settings):
    settings.PUBLIC_URL = "https://sms.example"
    page = boss.get("/admin/tools/akinon/").content.decode()
    assert "https://sms.example/send-sms" in page
    assert "akinon" in page
    assert cast.secret not in page
    assert ApiClient.objects.get().secret_digest not in page
    for code in ("template_not_matched", "rate_limited", "unauthorized"):
        assert code in page


def test_the_reference_describes_every_value(boss):
    page = boss.get("/admin/tools/words/").content.decode()
    names = [
        *status_descriptions.STATUS,
        *status_descriptions.OUTCOME,
        *status_descriptions.REPORT,
        *status_descriptions.FAILURE,
        *status_descriptions.CODE,
        *(c.name for c in TABLE),
    ]
    assert len(names) > 60
    for name in names:
        assert f"<code>{name}</code>" in page
    vendors = [adapter for adapter in SENDERS.values() if adapter.codes]
    assert len(vendors) >= 3
    for adapter in vendors:
        for code, (_failure, meaning) in adapter.codes.items():
            assert f"<code>{code}</code>" in page
            assert meaning in unescape(page)


def test_our_own_pages_stay_within_their_budget(boss, cast, django_assert_max_num_queries):
    for address in (SETUP, "/admin/tools/akinon/", "/admin/tools/words/", "/admin/tools/providers/"):
        boss.get(address)
        with django_assert_max_num_queries(16):
            assert boss.get(address).status_code == 200


def test_a_shop_whose_words_hold_the_new_line_escape_is_named(cast):
    title = "Texts in which /n may be part of a word"
    for undecided in (True, True, False):
        cast.message(newline_is_undecided=undecided)
    hourly_stats.roll_up(1)
    found = step("This installation", title)
    assert (found.done, found.target) == (None, "clients")
    assert "akinon: 2" in found.says
    assert "newline escape" in found.says
    Message.objects.update(newline_is_undecided=False)
    RollupHour.objects.update(rolled_at=None)
    hourly_stats.roll_up(1)
    snapshot.reset_cache()
    assert title not in [step.title for section in setup_checklist.sections() for step in section.steps]


# --- the headings -----------------------------------------------------------------------------------


def headings(boss) -> dict[str, str]:
    """Of the steps that are not done, by title; all are on the page."""
    snapshot.reset_cache()
    steps = [step for section in setup_checklist.sections() for step in section.steps]
    page = unescape(boss.get(SETUP).content.decode())
    assert all(f"<h3>{step.heading}</h3>" in page for step in steps)
    assert all(step.heading == step.title for step in steps if step.done)
    return {step.title: step.heading for step in steps if step.done is False}


def test_no_step_that_is_not_done_reads_as_done(boss, cast, settings, monkeypatch):
    settings.PUBLIC_URL = ""
    monkeypatch.setattr(TextVendor, "reports", frozenset([ReportChannel.CALLBACK_REGISTERED]))
    cast.doubt(cast.template.approvals.get())
    TemplateApproval.objects.update(needs_confirmation=True)
    red = headings(boss)
    for model in (TemplateApproval, SenderApproval, Route):
        model.objects.all().delete()
    ApiClient.objects.update(enabled=False)
    red |= headings(boss)
    Provider.objects.update(vendor="gone")
    red |= headings(boss)
    Provider.objects.update(enabled=False)
    red |= headings(boss)
    assert set(red) == {title for title, done in setup_checklist.NOT_DONE if done is False}
    assert not [title for title, heading in red.items() if heading == title]


def test_a_step_that_waits_for_the_vendor_does_not_read_as_done(cast, settings, monkeypatch):
    settings.PUBLIC_URL = "https://sms.example"
    monkeypatch.setattr(TextVendor, "reports", frozenset([ReportChannel.CALLBACK_REGISTERED]))
    waiting = step("plain-az", "Delivery reports arrive")
    assert (waiting.done, waiting.heading) == (None, "No delivery report has arrived yet")
    ProviderState.objects.update(first_report_at=now())
    assert step("plain-az", "Delivery reports arrive").heading == "Delivery reports arrive"
