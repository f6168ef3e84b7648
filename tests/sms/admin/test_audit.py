"""The audit page: what people changed, exported, revealed and searched, newest first, with filters and an export."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from sms.domain.phone import masked
from sms.models import AccessRecord, Alert, BlockedNumber, MessageEvent, Provider, SenderName, StaffPreferences
from sms.services.access import access_records
from sms.services.database import clock
from sms.services.maintenance import personal_data
from sms.services.staff import audit

PAGE = "/admin/tools/audit/"


def rename_provider(boss: Client, cast, reason: str = "a slow vendor") -> None:
    user = get_user_model().objects.get(username="boss")
    provider = Provider.objects.get(pk=cast.plain.pk)
    provider.timeout += 1
    provider._history_user, provider._change_reason = user, reason
    provider.save()


def kinds_of(**chosen) -> list[tuple[str, str]]:
    entries, _ = audit.read(audit.Selection(**chosen))
    return [(each.actor, each.kind) for each in entries]


def test_each_kind_of_act_is_an_entry(boss, cast) -> None:
    cast.everything()
    rename_provider(boss, cast)
    message = cast.message("failed")
    MessageEvent.objects.create(message=message, at=clock.now(), kind="canceled", actor="nigar", reason="by phone")
    access_records.record(access_records.Kind.EXPORTED, actor="murad", subject="messages.csv", detail="status=failed")
    personal_data.forget("+994501234555", actor="nigar", reason="request of the person")
    for kind in (access_records.Kind.SEARCHED, access_records.Kind.REVEALED):
        access_records.record(kind, actor="murad", subject="messages")
    boss.post("/admin/sms/blockednumber/add/", {"phone": "+994501234599", "reason": "asked by phone"})
    entry = BlockedNumber.objects.get(phone="+994501234599")
    boss.post(f"/admin/sms/blockednumber/{entry.pk}/delete/", {"post": "yes", "change_reason": "asked again"})
    found = kinds_of()
    assert {("boss", "created"), ("boss", "changed"), ("nigar", "message"), ("murad", "exported")} <= set(found)
    assert {kind for _, kind in found} == set(audit.KINDS)


def test_the_page_shows_who_what_when_and_why(boss, cast) -> None:
    rename_provider(boss, cast, reason="the vendor asked for it")
    page = boss.get(PAGE).content.decode()
    for words in ("boss", "plain-az", "the vendor asked for it"):
        assert words in page


def test_rules_of_the_product_are_no_entries(boss, cast) -> None:
    message = cast.message("failed")
    MessageEvent.objects.create(message=message, at=clock.now(), kind="failed_over", reason="unavailable")
    SenderName.objects.create(name="BYPROVISION")
    assert [actor for actor, kind in kinds_of() if kind == "message" or not actor] == []


def test_filters_by_person_kind_and_time(boss, cast) -> None:
    rename_provider(boss, cast)
    access_records.record(access_records.Kind.REVEALED, actor="murad", subject="message 1", reason="a call")
    assert {actor for actor, _ in kinds_of(actor="murad")} == {"murad"}
    assert {kind for _, kind in kinds_of(kind="changed")} == {"changed"}
    assert kinds_of(since=clock.now() + timedelta(minutes=1)) == []
    assert kinds_of(before=clock.now() - timedelta(days=1)) == []
    page = boss.get(PAGE, {"actor": "murad"}).content.decode()
    assert "message 1" in page
    assert "plain-az" not in page


def test_the_next_page_goes_on_where_this_one_ends(boss, cast) -> None:
    begun = clock.now()
    AccessRecord.objects.bulk_create(
        AccessRecord(kind="revealed", actor="murad", subject=f"message {n}", created_at=begun - timedelta(seconds=n))
        for n in range(2 * audit.PAGE_SIZE)
    )
    seen: list[str] = []
    before = None
    for _ in range(4):
        entries, before = audit.read(audit.Selection(actor="murad", before=before))
        seen += [each.subject for each in entries]
        if before is None:
            break
    assert seen == [f"message {n}" for n in range(2 * audit.PAGE_SIZE)]


def test_entries_of_one_moment_are_all_on_one_page(boss, cast) -> None:
    at = clock.now()
    rows = [("murad", f"message {n}", at) for n in range(audit.PAGE_SIZE + 30)]
    rows += [("murad", "an older one", at - timedelta(seconds=1))]
    AccessRecord.objects.bulk_create(
        AccessRecord(kind="revealed", actor=actor, subject=subject, created_at=moment)
        for actor, subject, moment in rows
    )
    first, before = audit.read(audit.Selection(actor="murad"))
    second, end = audit.read(audit.Selection(actor="murad", before=before))
    assert len({each.subject for each in first}) == audit.PAGE_SIZE + 30
    assert ([each.subject for each in second], end) == (["an older one"], None)


@pytest.mark.parametrize(
    "query",
    [
        {"before": "x"},
        {"since": "2026-13-01"},
        {"kind": "nonsense"},
        {"actor": "\x00"},
        {"before": "9" * 40},
        {"since": "0001-01-01T00:00"},
        {"before": "9999-12-31T23:59"},
    ],
)
@pytest.mark.parametrize("zone", ["Asia/Baku", "America/New_York"])
def test_an_invalid_value_is_an_error_on_the_page_and_no_fault(boss, query, zone) -> None:
    StaffPreferences.objects.create(pk=get_user_model().objects.get(username="boss").pk, time_zone=zone)
    assert boss.get(PAGE, query).status_code in (200, 400)


def test_numbers_forgotten_imported_numbers_and_acknowledged_alerts_are_entries(boss) -> None:
    personal_data.forget("+994501234567", actor="nigar", reason="request of the person")
    boss.post("/admin/tools/block-list/", {"numbers": "+994501234598", "reason": "asked by phone", "region": ""})
    alert = Alert.objects.create(key="provider:x", title="An alert", opened_at=clock.now())
    boss.post(reverse("admin:sms_alert_acknowledge", args=(alert.pk,)), {"_form_submitted": "on"})
    found = [(each.actor, each.kind, each.detail or each.reason) for each in audit.read(audit.Selection())[0]]
    assert ("nigar", "forgotten", "request of the person") in found
    assert ("boss", "created", "1 numbers imported: asked by phone") in found
    assert ("boss", "changed", "Acknowledged.") in found


def test_an_export_reads_each_entry_once_while_others_are_added(monkeypatch, db) -> None:
    monkeypatch.setattr(audit, "PAGE_SIZE", 5)
    at = clock.now()
    rows = [AccessRecord(kind="revealed", actor="murad", subject=f"message {n}", created_at=at) for n in range(20)]
    AccessRecord.objects.bulk_create(rows)
    seen = []
    for entry in audit.entries(audit.Selection(actor="murad")):
        seen.append(entry.subject)
        AccessRecord.objects.create(kind="revealed", actor="murad", subject="new", created_at=clock.now())
    assert sorted(seen) == sorted(row.subject for row in rows)


def test_the_export_has_the_filtered_entries_and_is_recorded(boss, cast) -> None:
    rename_provider(boss, cast)
    access_records.record(access_records.Kind.REVEALED, actor="murad", subject="message 1", reason='=HYPERLINK("x")')
    answer = boss.get(PAGE, {"actor": "murad", "export": "csv"})
    text = b"".join(answer.streaming_content).decode()
    assert "message 1" in text
    assert "plain-az" not in text
    assert '"=HYPERLINK' not in text
    assert AccessRecord.objects.filter(kind="exported", subject="audit.csv", actor="boss").exists()


def test_numbers_are_masked(boss) -> None:
    number = "+994501234567"
    boss.post("/admin/sms/blockednumber/add/", {"phone": number, "reason": "asked by phone"})
    text = boss.get(PAGE).content.decode()
    assert masked(number) in text
    assert number not in text


def test_only_roles_that_see_access_records_see_it(person) -> None:
    assert person("Operator").get(PAGE).status_code == 403
    assert person("Administrator").get(PAGE).status_code == 200
