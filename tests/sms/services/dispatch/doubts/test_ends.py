"""What ends the doubt about an approval, its alert and its row."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from providers.base import Failure, HttpResponse, Misconfigured
from sms.models import (
    Alert,
    ApprovalDoubt,
    TemplateApproval,
)
from sms.services.configuration import snapshot
from sms.services.database import clock
from sms.services.dispatch import approval_doubt
from sms.services.worker import engine as worker_engine
from tests.sms.services.dispatch.doubts.vendor import (
    doubts,
    forget,
    make_due,
    make_waiting_due_only,
    open_alerts,
    state,
)
from tests.sms.services.fakes import error
from tests.sms.services.worker.faults import raising_once, turn_until_idle


def confirmed(approval):
    TemplateApproval.objects.filter(pk=approval.pk).update(confirmed_at=timezone.now())


def renamed(approval):
    TemplateApproval.objects.filter(pk=approval.pk).update(vendor_template="77")


def ended(approval):
    TemplateApproval.objects.filter(pk=approval.pk).update(status="ended")


def deleted(approval):
    approval.delete()


@pytest.mark.parametrize("statement", [confirmed, renamed, ended, deleted])
def test_what_staff_state_anew_ends_the_doubt_and_its_alert(shop, only, vendor, work, statement):
    forget(vendor)
    shop.message("Kod 1")
    work()
    assert open_alerts() == [f"doubt:template:{only.pk}"]
    statement(only)
    assert doubts() == []
    approval_doubt.end_outdated()
    assert ApprovalDoubt.objects.count() == 0
    assert open_alerts() == []


def test_confirmed_wrongly_it_is_in_doubt_again(shop, only, vendor, work):
    forget(vendor)
    message = shop.message("Kod 1")
    work()
    confirmed(only)
    make_waiting_due_only()
    work()
    assert vendor.refused == ["7", "7"]
    assert (state(message), doubts()) == ("queued", [(only.pk, None, "no-template")])
    assert open_alerts() == [f"doubt:template:{only.pk}"]


def test_one_alert_names_the_template_the_provider_the_code_and_what_to_do(shop, only, vendor, work):
    forget(vendor)
    for number in range(3):
        shop.message(f"Kod {number}")
    work()
    [alert] = Alert.objects.all()
    assert alert.title == "The approval of template code at first is in doubt: no-template"
    assert alert.provider == shop.first
    assert "(ID 7)" in alert.advice
    assert "end the doubt" in alert.advice


def test_a_fault_while_a_doubt_begins_leaves_neither_row_nor_alert_and_the_next_refusal_begins_it(
    shop, only, vendor, monkeypatch
):
    forget(vendor)
    monkeypatch.setattr(worker_engine, "RETRY_SECONDS", 0.0)
    engine = worker_engine.Engine(2)
    raising_once(monkeypatch, approval_doubt.alerts, "open_alert", OperationalError("gone"))
    message = shop.message("Kod 1")
    turn_until_idle(engine)
    assert (doubts(), open_alerts()) == ([], [])
    make_waiting_due_only()
    turn_until_idle(engine)
    engine.finish()
    assert doubts() == [(only.pk, None, "no-template")]
    assert state(message) == "queued"


def test_an_approval_deleted_while_its_call_was_under_way_stops_nothing(shop, only, vendor, wire, work):
    def refuse(request):
        TemplateApproval.objects.all().delete()
        return HttpResponse(422, {}, b"no-template")

    wire.script("first.example", refuse)
    message = shop.message("Kod 1")
    work()
    assert (state(message), doubts()) == ("queued", [])


def test_without_a_doubt_a_turn_asks_nothing_about_doubts(shop, only, vendor, work):
    asked = []

    def watch(execute, sql, params, many, context):
        asked.append(sql)
        return execute(sql, params, many, context)

    for number in range(10):
        shop.message(f"Kod {number}")
    with connection.execute_wrapper(watch):
        work()
    about = [sql for sql in asked if "approvaldoubt" in sql and "AS one LEFT JOIN sms_providerstate" not in sql]
    assert len(vendor.taken) == 10
    # the periodic task that ends outdated doubts makes two queries
    assert len(about) <= 2


@pytest.mark.postgresql_alone
def test_many_at_once_take_one_probe(shop, only, vendor, work):
    forget(vendor)
    shop.message("Kod 1")
    work()
    make_due()
    [doubt] = approval_doubt.read_doubts().templates.values()
    account = snapshot.current().accounts[shop.first.pk]
    start = threading.Barrier(4)

    def take(_):
        start.wait(30)
        try:
            return approval_doubt.take_probe([doubt], account, now=clock.now())
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(take, range(4))) == [False, False, False, True]


@pytest.mark.postgresql_alone
def test_many_refusals_at_once_begin_one_doubt_with_one_alert(shop, only, vendor):
    account = snapshot.current().accounts[shop.first.pk]
    facts = {"account": account, "approval": only.pk, "doubts": (), "sms": SimpleNamespace(parameters=())}
    job = SimpleNamespace(**facts, message=shop.message("Kod 1"))
    refusal = error(Misconfigured, Failure.CONFIG, "no-template")
    start = threading.Barrier(4)

    def record(_):
        start.wait(30)
        try:
            approval_doubt.record_outcomes(account, [(job, refusal)])
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(record, range(4)))
    assert doubts() == [(only.pk, None, "no-template")]
    assert Alert.objects.count() == 1
