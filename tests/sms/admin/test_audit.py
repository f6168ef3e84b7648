"""The audit page: what people changed, exported, revealed and searched, newest first, with filters and an export."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sms.domain.phone import masked
from sms.models import (
    AccessRecord,
    Alert,
    BlockedNumber,
    MessageEvent,
    PersonalDataRecord,
    Provider,
    SenderName,
    StaffPreferences,
)
from sms.services.access import access_records
from sms.services.database import clock
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
    for kind in (access_records.Kind.SEARCHED, access_records.Kind.REVEALED):
        access_records.record(kind, actor="murad", subject="messages")
    boss.post("/admin/sms/blockednumber/add/", {"phone": "+994501234599", "reason": "asked by phone"})
    boss.post("/admin/tools/forget-number/", {"number": "+994501234598", "reason": "a request", "confirm": "on"})
    entry = BlockedNumber.objects.get(phone="+994501234599")
    boss.post(f"/admin/sms/blockednumber/{entry.pk}/delete/", {"post": "yes", "change_reason": "asked again"})
    found = kinds_of()
    assert {("boss", "created"), ("boss", "changed"), ("nigar", "message"), ("murad", "exported")} <= set(found)
    assert {kind for _, kind in found} == set(audit.KINDS)


REASON = {"reason": "as agreed", "_form_submitted": "on"}


def told(**chosen) -> list[str]:
    return [f"{each.subject}: {each.reason}{each.detail}" for each in audit.read(audit.Selection(**chosen))[0]]


def test_the_end_of_a_doubt_is_one_entry_whatever_it_is_about(boss, cast) -> None:
    for approval in (cast.template.approvals.get(), cast.sender.approvals.get()):
        doubt = cast.doubt(approval)
        title = doubt.title
        boss.post(reverse("admin:sms_approvaldoubt_end", args=(doubt.pk,)), REASON)
        assert len([line for line in told(actor="boss") if title in line and "as agreed" in line]) == 1, title


def test_a_forgotten_number_and_its_export_are_entries_without_the_number(cast) -> None:
    for kind in PersonalDataRecord.Kind.values:
        PersonalDataRecord.objects.create(
            kind=kind, digest="e" * 64, actor="murad", reason="a request", created_at=clock.now()
        )
    assert [kind for _, kind in kinds_of(actor="murad")] == ["exported", "forgotten"]
    assert kinds_of(kind="forgotten") == [("murad", "forgotten")]
    assert told(kind="forgotten") == ["number eeeeeeee: a request"]


def test_an_import_into_the_block_list_is_one_entry_with_its_count(boss) -> None:
    numbers = {"numbers": "+994501234599\n+994501234598\n+994501234598", "reason": "asked by phone"}
    boss.post(reverse("admin:tools_block"), numbers)
    assert told(kind="created") == ["blocked number import: 2 numbers added: asked by phone"]


def test_an_acknowledged_alert_is_an_entry(boss) -> None:
    alert = Alert.objects.create(key="unconfirmed", severity="warning", title="waiting", opened_at=clock.now())
    boss.post(reverse("admin:sms_alert_acknowledge", args=(alert.pk,)), {"_form_submitted": "on"})
    assert told(kind="changed") == [f"alert {alert}: Acknowledged."]


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


def test_an_export_continues_after_the_last_row_and_skips_none(cast) -> None:
    """Not by OFFSET, which reads the rows before it again. Rows of one moment are in several batches."""
    at = clock.now()
    total = 5 * audit.PAGE_SIZE
    AccessRecord.objects.bulk_create(
        AccessRecord(kind="revealed", actor="murad", subject=str(n), created_at=at - timedelta(seconds=n // 120))
        for n in range(total)
    )
    with CaptureQueriesContext(connection) as asked:
        seen = [each.subject for each in audit.entries(audit.Selection(actor="murad"))]
    assert len(seen) == len(set(seen)) == total
    assert not [query["sql"] for query in asked if "OFFSET" in query["sql"]]


@pytest.mark.parametrize("zone", ["Asia/Baku", "America/New_York"])
@pytest.mark.parametrize("name", ["since", "before"])
@pytest.mark.parametrize("value", ["0001-01-01T00:00", "9999-12-31T23:59", "1999-01-01T00:00", "2201-01-01T00:00"])
def test_a_time_that_no_entry_can_have_is_an_error_in_every_zone(boss, zone: str, name: str, value: str) -> None:
    StaffPreferences.objects.create(user=get_user_model().objects.get(username="boss"), time_zone=zone)
    page = boss.get(PAGE, {name: value})
    assert page.status_code == 200
    assert page.context["form"].errors.keys() == {name}


@pytest.mark.parametrize(
    "query", [{"before": "x"}, {"since": "2026-13-01"}, {"kind": "nonsense"}, {"actor": "\x00"}, {"before": "9" * 40}]
)
def test_an_invalid_value_is_an_error_on_the_page_and_no_fault(boss, query) -> None:
    assert boss.get(PAGE, query).status_code in (200, 400)


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
