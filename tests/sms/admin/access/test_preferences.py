"""Each person has the admin in a language and a time zone of their own; the API has neither."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone

from sms.models import ApprovalDoubt, InboundPushAttempt, Partner, StaffPreferences
from sms.services.access.preferences import utc_offset

pytestmark = pytest.mark.any_database
PAGE = "/admin/tools/preferences/"


def language_of(response) -> str:
    return re.search(r'<html lang="([\w-]+)"', response.content.decode())[1]


@pytest.fixture
def chooses(boss):
    def choose(**chosen: str) -> None:
        answer = boss.post(PAGE, {"language": "", "time_zone": "", **chosen})
        assert (answer.status_code, answer["Location"]) == (302, PAGE)

    return choose


@pytest.mark.parametrize(
    ("accepted", "shown"),
    [
        ("az", "az"),
        ("ru-RU,en;q=0.5", "ru"),
        ("fr,ro;q=0.9", "ro"),
        ("fr", "en"),
        ("", "en"),
        ("*", "en"),
        ("x\u00e9", "en"),
    ],
)
def test_without_a_choice_the_browsers_language_is_used(boss, accepted, shown):
    response = boss.get(PAGE, headers={"accept-language": accepted})
    assert language_of(response) == shown == response["Content-Language"]
    assert "Accept-Language" in response["Vary"]


@pytest.mark.parametrize("language", [code for code, _ in settings.LANGUAGES])
def test_the_choice_wins_over_the_browser(boss, chooses, language):
    chooses(language=language)
    assert language_of(boss.get(reverse("admin:index"), headers={"accept-language": "tr"})) == language


def test_the_log_in_page_is_in_the_browsers_language(client, db):
    assert language_of(client.get("/admin/login/", headers={"accept-language": "vi"})) == "vi"


def test_the_choice_is_each_persons_own(boss, chooses, person):
    chooses(language="ro", time_zone="Asia/Baku")
    assert language_of(person("Viewer").get(PAGE)) == "en"
    chosen = StaffPreferences.objects.get()
    assert (chosen.user, chosen.language, chosen.time_zone) == (
        get_user_model().objects.get(username="boss"),
        "ro",
        "Asia/Baku",
    )


def test_the_time_zone_is_shown_and_used(boss, chooses, cast):
    message = cast.message("delivered")
    page = reverse("admin:sms_message_change", args=(message.pk,))
    local = message.created_at.astimezone(UTC)
    assert f"{local:%Y-%m-%d %H:%M:%S} UTC" in boss.get(page).content.decode()
    chooses(time_zone="Asia/Kolkata")
    shown = boss.get(page).content.decode()
    assert "UTC+5:30" in shown
    assert f"{timezone.localtime(local, ZoneInfo('Asia/Kolkata')):%Y-%m-%d %H:%M:%S} UTC+5:30" in shown
    assert "Times in" in shown


LATE = datetime(2026, 11, 28, 22, 40, tzinfo=UTC)
"""In Baku it is 02:40 of the next day."""


def test_times_inside_sentences_are_in_the_persons_time_zone(boss, chooses, cast):
    approval = cast.template.approvals.get()
    approval.approved_at = approval.confirmed_at = LATE
    approval.save()
    ApprovalDoubt.objects.filter(pk=cast.doubt(approval).pk).update(begun_at=LATE)
    InboundPushAttempt.objects.filter(push=cast.received()).update(started_at=LATE)
    chooses(time_zone="Asia/Baku")
    template = boss.get(f"/admin/sms/messagetemplate/{cast.template.pk}/change/").content.decode()
    for words in ("approved 2026-11-29", "confirmed 2026-11-29", "IN DOUBT since 2026-11-29 02:40"):
        assert words in template
    partner = Partner.objects.get()
    assert "2026-11-29 02:40:00" in boss.get(f"/admin/sms/partner/{partner.pk}/change/").content.decode()


def test_the_chart_of_the_dashboard_has_the_hours_of_its_table(boss, chooses, cast):
    chooses(time_zone="Asia/Kolkata")
    page = boss.get(reverse("admin:index"))
    hour = timezone.localtime(page.context["board"].hours[-1], ZoneInfo("Asia/Kolkata"))
    assert json.loads(page.context["chart"])["labels"][-1] == f"{hour:%H}:30"


@pytest.mark.parametrize("chosen", [{"language": "xx"}, {"time_zone": "Mars/Base"}, {"language": "\u202e"}])
def test_what_does_not_exist_is_refused(boss, chosen):
    answer = boss.post(PAGE, {"language": "", "time_zone": "", **chosen})
    assert answer.status_code == 200
    assert not StaffPreferences.objects.exists()


def test_a_stored_choice_that_is_gone_is_ignored(boss):
    user = get_user_model().objects.get(username="boss")
    StaffPreferences.objects.create(user=user, language="xx", time_zone="Mars/Base")
    response = boss.get(PAGE)
    assert response.status_code == 200
    assert language_of(response) == "en"


def test_the_api_stays_in_english(boss, chooses):
    chooses(language="ru")
    answer = boss.get("/nothing/", headers={"accept-language": "ru"})
    assert answer.json()["errors"][0]["message"] == "There is nothing at this URL."
    assert "Content-Language" not in answer


@pytest.mark.parametrize(
    ("zone", "shown"),
    [("UTC", "UTC"), ("Asia/Baku", "UTC+4"), ("Asia/Kathmandu", "UTC+5:45"), ("America/St_Johns", "UTC-3:30")],
)
def test_the_offset_from_utc(zone, shown):
    with timezone.override(zone):
        assert utc_offset(datetime(2026, 1, 15, tzinfo=UTC)) == shown
