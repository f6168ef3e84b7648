"""The history of a row: who changed it, when, why, and whether a person did."""

from __future__ import annotations

import re

import pytest

from sms.models import Provider, Route, SenderName
from tests.sms.admin.conftest import HOSTILE


def rows(client, address: str) -> list[str]:
    """The text of each row, the newest first."""
    page = client.get(address)
    assert page.status_code == 200
    found = re.findall(r"<tr>(.*?)</tr>", page.content.decode(), re.DOTALL)[1:]
    return [" ".join(re.sub(r"<[^>]*>", " ", row).split()) for row in found]


def test_changes_of_people_are_told_from_those_of_the_machine(boss, cast):
    route = Route.objects.get(pk=cast.route.pk)
    route._change_reason = "Set by the configuration file."
    route.enabled = False
    route.save()
    address = f"/admin/sms/route/{route.pk}/"
    form = boss.get(f"{address}change/").context["adminform"].form
    data = {name: "" if value is None else value for name, value in form.initial.items()}
    boss.post(f"{address}change/", data | FORMS | {"enabled": "on", "change_reason": f"Too slow. {HOSTILE}"})
    newest, machine, added, *_of_providers = rows(boss, f"{address}history/")
    assert "boss person" in newest
    assert "SMS Desk automatic" not in newest
    assert newest.count("Too slow.") == 1
    assert "SMS Desk automatic" in machine
    assert "Set by the configuration file." in machine
    assert "person" not in machine + added
    for page in (newest, machine):
        assert "→" in page
    assert "<b x-init" not in boss.get(f"{address}history/").content.decode()


def test_the_history_of_a_route_shows_the_providers_before_and_after(boss, cast):
    first = cast.route.steps.get(position=1)
    cast.route.steps.get(position=2).delete()
    first.provider = cast.templated
    first._change_reason = f"The first one is slow. {HOSTILE}"
    first.save()
    page = boss.get(f"/admin/sms/route/{cast.route.pk}/history/").content.decode()
    changed = next(row for row in rows(boss, f"/admin/sms/route/{cast.route.pk}/history/") if "is slow" in row)
    assert f"Provider : {cast.plain.slug} → {cast.templated.slug}" in changed
    assert "Position" not in changed
    assert f"{cast.templated.slug} → —" in page.replace("</strong>", "")
    assert f"— → {cast.plain.slug}" in page.replace("</strong>", "")
    assert "<b x-init" not in page


def test_the_history_of_a_sender_name_shows_its_approvals(boss, cast):
    sender = SenderName.objects.filter(approvals__isnull=False).first()
    approval = sender.approvals.first()
    approval.status = "ended"
    approval.save()
    assert any("approved → ended" in row for row in rows(boss, f"/admin/sms/sendername/{sender.pk}/history/"))


def test_the_history_of_a_route_names_the_provider_that_was_deleted_by_its_id(
    boss, cast, django_assert_max_num_queries
):
    Provider.objects.filter(pk=cast.templated.pk).delete()
    boss.get("/admin/sms/route/")
    with django_assert_max_num_queries(20):
        found = rows(boss, f"/admin/sms/route/{cast.route.pk}/history/")
    assert any(f"Provider : — → {cast.templated.pk}" in row for row in found)


def test_the_history_of_other_rows_has_no_inline_rows(boss, cast):
    assert rows(boss, f"/admin/sms/provider/{cast.plain.pk}/history/")
    assert boss.get("/admin/sms/route/999999/history/").status_code == 404


FORMS = {
    "steps-TOTAL_FORMS": "0", "steps-INITIAL_FORMS": "0", "steps-MIN_NUM_FORMS": "0", "steps-MAX_NUM_FORMS": "9",
}  # fmt: skip


def test_an_old_version_shows_no_more_than_the_page_to_somebody_who_may_only_view_it(person, boss, cast):
    """Its page has the credentials of now, which the history has not."""
    cast.plain.credentials = {"account": "77123", "token": "s3cret-token"}
    cast.plain.timeout = 7
    cast.plain.save()
    address = f"/admin/sms/provider/{cast.plain.pk}/history/{cast.plain.history.first().pk}/"
    shown, whole = (client.get(address).content.decode() for client in (person("Viewer"), boss))
    assert "77123" in whole
    assert 'name="timeout"' in whole
    assert "77123" not in shown
    assert 'name="timeout"' not in shown
    assert cast.plain.slug in shown


@pytest.mark.parametrize("role", ["Viewer", "Administrator"])
def test_nobody_saves_an_old_version_by_posting_to_its_page(role, person, cast):
    cast.route.ttl = 99
    cast.route.save()
    address = f"/admin/sms/route/{cast.route.pk}/history/{cast.route.history.last().pk}/"
    client = person(role)
    assert client.get(address).status_code == 200
    assert client.post(address, {"change_reason": "back to what it was"}).status_code == 405
    assert Route.objects.get(pk=cast.route.pk).ttl == 99
