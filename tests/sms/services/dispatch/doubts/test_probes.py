"""Probes of an approval in doubt."""

from __future__ import annotations

from datetime import timedelta

from providers.base import HttpResponse
from sms.models import (
    ApprovalDoubt,
    Breaker,
    Message,
    ProviderState,
)
from sms.services.database import clock
from tests.sms.services.dispatch.doubts.vendor import (
    approve,
    doubts,
    forget,
    make_due,
    make_waiting_due_only,
    open_alerts,
    state,
)


def test_a_good_probe_ends_the_doubt_and_all_are_sent(shop, only, vendor, work):
    forget(vendor)
    messages = [shop.message("Kod 1")]
    work()
    messages += [shop.message(f"Kod {number}") for number in range(2, 30)]
    work()
    vendor.templates.add("7")
    make_due()
    work()
    make_due()
    work()
    assert {state(each) for each in messages} == {"submitted"}
    assert doubts() == []
    assert open_alerts() == []


def test_a_bad_probe_is_one_call_and_the_next_waits_longer(shop, only, vendor, work):
    forget(vendor)
    for number in range(20):
        shop.message(f"Kod {number}")
    work()
    calls = len(vendor.refused)
    intervals = []
    for _ in range(6):
        make_due()
        before = clock.now()
        work()
        doubt = ApprovalDoubt.objects.get()
        intervals.append(round((doubt.probe_at - before).total_seconds(), -1) if doubt.probe_at > before else 0)
        assert doubt.probe_until is None
    assert len(vendor.refused) == calls + 6
    assert intervals == [30, 60, 120, 240, 300, 300]
    assert set(Message.objects.values_list("status", flat=True)) == {"queued"}


def test_before_its_time_no_probe_is_made(shop, only, vendor, work):
    forget(vendor)
    shop.message("Kod 1")
    work()
    doubt = ApprovalDoubt.objects.get()
    assert doubt.probe_at - doubt.begun_at == timedelta(seconds=15)
    make_waiting_due_only()
    work()
    assert vendor.refused == ["7"]


def test_a_probe_is_made_though_another_provider_would_take_the_message(shop, approval, vendor, work):
    forget(vendor)
    shop.message("Kod 1")
    work()
    vendor.templates.add("7")
    make_due()
    message = shop.message("Kod 2")
    work()
    assert (state(message), vendor.taken, doubts()) == ("submitted", ["7"], [])


def test_a_probe_with_another_outcome_ends_nothing(shop, only, vendor, work):
    forget(vendor)
    shop.message("Kod 1")
    work()
    vendor.always = "no-number"
    make_due()
    work()
    assert doubts() == [(only.pk, None, "no-template")]
    assert ApprovalDoubt.objects.get().probe_until is None


def test_a_dispatcher_that_dies_with_the_probe_keeps_it_no_longer_than_its_lease(shop, only, vendor, work):
    forget(vendor)
    shop.message("Kod 1")
    work()
    vendor.templates.add("7")
    ApprovalDoubt.objects.update(probe_until=clock.now() + timedelta(seconds=60))
    make_due()
    work()
    assert vendor.taken == []
    ApprovalDoubt.objects.update(probe_until=clock.now())
    make_due()
    work()
    assert (vendor.taken, doubts()) == (["7"], [])


def test_a_probe_that_was_never_begun_is_given_back(shop, only, vendor, wire, work):
    from providers.http import TooLate

    forget(vendor)
    shop.message("Kod 1")
    work()
    wire.script("first.example", TooLate())
    vendor.templates.add("7")
    make_due()
    work()
    assert ApprovalDoubt.objects.filter(probe_until__gt=clock.now()).count() == 0


def test_both_approvals_in_doubt_are_probed_by_one_message(shop, only, vendor, work):
    forget(vendor)
    shop.message("Kod 1")
    work()
    vendor.senders.clear()
    make_due()
    work()
    assert len(doubts()) == 2
    vendor.senders.add("AKINON")
    vendor.templates.add("7")
    make_due()
    work()
    assert (vendor.taken, doubts()) == (["7"], [])


def test_a_breaker_is_probed_though_the_only_message_has_an_approval_in_doubt(shop, only, vendor, wire, work):
    forget(vendor)
    message = shop.message("Kod 1")
    work()
    ProviderState.objects.filter(provider=shop.first).update(breaker="open", probe_at=clock.now(), probe_interval=15)
    vendor.templates.add("7")
    make_waiting_due_only()
    work()
    assert (state(message), doubts()) == ("submitted", [])
    assert ProviderState.objects.get(provider=shop.first).breaker == Breaker.CLOSED


def test_where_the_first_provider_may_not_be_called_a_message_probes_the_doubt_at_the_second(shop, vendor, wire, work):
    approve("code", shop.first, "7")
    forget(vendor)
    shop.set_route(shop.second, shop.first)
    wire.always["second.example"] = HttpResponse(401)
    messages = [shop.message(f"Kod {number}") for number in range(3)]
    work()
    make_waiting_due_only()
    work()
    assert {state(each) for each in messages} == {"queued"}
    assert doubts()
    vendor.templates.add("7")
    for _ in range(3):
        make_due()
        work()
    assert {state(each) for each in messages} == {"submitted"}
