"""An approval in doubt: messages go to another approval or provider, or wait."""

from __future__ import annotations

from datetime import timedelta

import pytest

from providers.base import HttpResponse
from sms.models import (
    Alert,
    ApprovalDoubt,
    Breaker,
    Message,
    Provider,
    ProviderState,
    SenderApproval,
)
from sms.services.configuration import snapshot
from sms.services.database import clock
from sms.services.dispatch import rescue
from tests.sms.services.dispatch.doubts.vendor import approve, doubts, forget, make_due, make_waiting_due_only, state
from tests.sms.services.fakes import TemplateVendor


def test_a_refused_template_sends_its_messages_to_the_next_provider(shop, approval, vendor, wire, work):
    forget(vendor)
    messages = [shop.message(f"Kod {number}") for number in range(5)]
    work()
    later = [shop.message(f"Kod {number}") for number in range(5, 10)]
    work()
    assert {state(each) for each in [*messages, *later]} == {"submitted"}
    assert sorted(wire.texts("second.example")) == [f"Kod {number}" for number in range(10)]
    assert len(vendor.refused) <= len(messages)
    assert doubts() == [(approval.pk, None, "no-template")]


def test_without_another_provider_they_wait_and_say_for_what(shop, only, vendor, work):
    forget(vendor)
    first = shop.message("Kod 1")
    work()
    second = shop.message("Kod 2")
    make_waiting_due_only()
    work()
    assert (state(first), state(second)) == ("queued", "queued")
    assert vendor.refused == ["7"]
    for message in (first, second):
        assert (
            message.waiting_for == "waiting for the approval of template code at first, which is in doubt (no-template)"
        )
    assert (first.attempts_made, second.attempts_made) == (1, 0)


def test_a_waiting_message_expires_when_its_time_is_up(shop, only, vendor, work):
    forget(vendor)
    message = shop.message("Kod 1")
    work()
    Message.objects.update(expires_at=clock.now())
    rescue.expire()
    assert state(message) == "expired"


def test_refused_by_the_other_provider_it_still_waits_for_the_approval(shop, approval, vendor, wire, work):
    forget(vendor)
    wire.always["second.example"] = HttpResponse(413)
    message = shop.message("Kod 1")
    work()
    assert state(message) == "queued"
    vendor.templates.add("7")
    make_due()
    work()
    assert state(message) == "submitted"


def test_other_templates_of_the_provider_are_sent_as_before(shop, only, vendor, work):
    approve("order", shop.first, "8", body="Sifaris {order}")
    vendor.templates.add("8")
    forget(vendor, "7")
    shop.message("Kod 1")
    work()
    other = shop.message("Sifaris 5")
    work()
    assert state(other) == "submitted"
    assert ProviderState.objects.get(provider=shop.first).breaker == Breaker.CLOSED


def test_matching_goes_on(shop, only, vendor, work):
    forget(vendor)
    shop.message("Kod 1")
    work()
    decision = snapshot.latest().decide(
        text="Kod 2", sender="AKINON", to="+994501234567", client=shop.client.pk, is_otp=True
    )
    assert [candidate.approval for candidate in decision.eligible] == [only.pk]


@pytest.mark.parametrize("code", ["no-address", "no-number"])
def test_a_code_that_says_nothing_of_an_approval_begins_no_doubt(shop, only, vendor, work, code):
    vendor.always = code
    message = shop.message("Kod 1")
    work()
    assert (state(message), doubts()) == ("failed", [])


def test_a_refused_sender_name_stops_all_templates_that_go_out_under_it(shop, only, vendor, work):
    approve("order", shop.first, "8", body="Sifaris {order}")
    vendor.templates.add("8")
    vendor.senders.clear()
    shop.message("Kod 1")
    work()
    other = shop.message("Sifaris 5")
    work()
    assert vendor.refused == ["7"]
    assert state(other) == "queued"
    assert other.waiting_for == "waiting for the approval of sender AKINON at first, which is in doubt (no-sender)"
    [alert] = Alert.objects.filter(closed_at=None)
    assert "sender AKINON at first" in alert.title
    assert "no-sender" in alert.title


def test_of_an_old_id_and_a_new_one_the_one_that_is_not_in_doubt_is_used(shop, only, vendor, work):
    approve("code", shop.first, "9")
    vendor.templates = {"7"}
    first, second = shop.message("Kod 1"), None
    work()
    assert (state(first), vendor.refused) == ("queued", ["9"])
    second = shop.message("Kod 2")
    make_waiting_due_only()
    work()
    assert {state(first), state(second)} == {"submitted"}
    assert (vendor.taken, vendor.refused) == (["7", "7"], ["9"])


def test_another_template_that_gives_the_same_text_is_used(shop, only, vendor, work):
    approve("any-code", shop.first, "9", body="Kod{rest}")
    vendor.templates = {"9"}
    first = shop.message("Kod 1")
    work()
    make_waiting_due_only()
    work()
    assert state(first) == "submitted"
    assert (vendor.taken, vendor.refused) == (["9"], ["7"])
    assert first.template_version.template.name == "any-code"


def test_where_both_are_in_doubt_the_newest_is_probed(shop, only, vendor, work):
    newest = approve("code", shop.first, "9")
    vendor.templates = set()
    shop.message("Kod 1")
    work()
    make_waiting_due_only()
    work()
    assert vendor.refused == ["9", "7"]
    vendor.templates = {"9"}
    make_due()
    work()
    assert vendor.taken == ["9"]
    assert [each.template_approval_id for each in ApprovalDoubt.in_force()] != [newest.pk]


def test_where_both_are_in_doubt_the_older_is_probed_in_its_turn(shop, only, vendor, work):
    approve("code", shop.first, "9")
    vendor.templates = set()
    message = shop.message("Kod 1")
    work()
    make_waiting_due_only()
    work()
    vendor.templates = {"7"}
    make_due()
    for _ in range(2):
        make_waiting_due_only()
        work()
    assert (state(message), vendor.taken) == ("submitted", ["7"])


def in_doubt(approval, *, probe_in):
    now = clock.now()
    return ApprovalDoubt.objects.create(
        provider=approval.provider,
        template_approval=approval,
        vendor_key=approval.vendor_template,
        code="no-template",
        begun_at=now,
        probe_at=now + timedelta(seconds=probe_in),
        probe_interval=30,
    )


def test_two_templates_in_doubt_that_tie_at_one_provider_disturb_no_other(shop, approval, vendor, work):
    third = Provider.objects.create(slug="third", vendor=TemplateVendor.slug, base_url="https://third.example")
    SenderApproval.objects.create(sender=shop.sender, provider=third, status="approved")
    there = approve("code", third, "5")
    shop.set_route(shop.first, third)
    message = shop.message("Kod 1", provider_id=third.pk)
    tied = approve("same", shop.first, "9")
    in_doubt(approval, probe_in=-1)
    for each in (tied, there):
        in_doubt(each, probe_in=60)
    work()
    assert (state(message), message.crashes) == ("queued", 0)
    assert message.waiting_for == "waiting for the approval of template code at third, which is in doubt (no-template)"
    assert vendor.refused == vendor.taken == []


def test_a_new_approval_sends_what_waits_within_seconds(shop, only, vendor, work):
    forget(vendor)
    message = shop.message("Kod 1")
    work()
    make_waiting_due_only()
    work()
    assert state(message) == "queued"
    assert message.due_at <= clock.now() + timedelta(seconds=5)
    approve("code", shop.first, "9")
    vendor.templates.add("9")
    make_waiting_due_only()
    work()
    assert (state(message), vendor.taken) == ("submitted", ["9"])
