"""The page of codes by provider and day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sms.models import HourlyCount, RollupHour
from sms.services.database import clock
from sms.services.monitoring import dashboard
from sms.services.monitoring.dashboard import codes_by_day

PAGE = "/admin/tools/codes/"


def counted(days_ago: int, provider, status: str, code: str, count: int, hour: int = 12) -> None:
    day = clock.now().date() - timedelta(days=days_ago)
    at, _ = RollupHour.objects.get_or_create(hour=datetime(day.year, day.month, day.day, hour, tzinfo=UTC))
    HourlyCount.objects.create(hour=at, provider=provider, status=status, code=code, count=count)


def test_codes_are_summed_by_provider_and_day(cast) -> None:
    counted(1, cast.plain, "failed", "E7", 3, hour=1)
    counted(1, cast.plain, "failed", "E7", 4, hour=23)
    counted(0, cast.plain, "failed", "E7", 1, hour=0)
    counted(2, None, "expired", "", 9)
    counted(1, cast.plain, "delivered", "", 500)
    counted(8, cast.plain, "failed", "E7", 70)
    days, lines = codes_by_day(clock.now().date())
    assert len(days) == 7
    assert [(line.slug, line.code, line.counts[-3:], line.total) for line in lines] == [
        ("", "", (9, 0, 0), 9),
        ("plain-az", "E7", (0, 7, 1), 8),
    ]


def test_rows_are_summed_by_the_database_and_the_most_frequent_lines_are_shown(cast, boss, monkeypatch) -> None:
    monkeypatch.setattr(dashboard, "MOST_LINES", 3)
    for number in range(5):
        for hour in (1, 2, 3):
            counted(1, cast.plain, "failed", f"E{number}", number + 1, hour=hour)
    counted(1, None, "expired", "", 1)
    with CaptureQueriesContext(connection) as asked:
        _, lines = codes_by_day(clock.now().date())
    assert [(line.code, line.total) for line in lines] == [("E4", 15), ("E3", 12), ("E2", 9)]
    assert [query["sql"] for query in asked if "hourlycount" in query["sql"] and "GROUP BY" not in query["sql"]] == []
    assert "The 3 most frequent lines are shown." in boss.get(PAGE).content.decode()
    page = boss.get(PAGE, {"provider": cast.templated.pk}).content.decode()
    assert "most frequent" not in page


def test_a_rare_code_is_found_by_its_provider(cast, boss, monkeypatch) -> None:
    monkeypatch.setattr(dashboard, "MOST_LINES", 1)
    counted(1, cast.plain, "failed", "E7", 3)
    counted(1, cast.templated, "failed", "E8", 1)
    assert "code=E8" not in boss.get(PAGE).content.decode()
    assert "code=E8" in boss.get(PAGE, {"provider": cast.templated.pk}).content.decode()


def test_the_page_links_to_the_messages_and_filters_by_provider(boss, cast) -> None:
    counted(1, cast.plain, "failed", "E<7>", 3)
    counted(1, None, "expired", "", 2)
    page = boss.get(PAGE).content.decode()
    assert f"?status=failed&amp;code=E%3C7%3E&amp;provider={cast.plain.pk}" in page
    assert "E<7>" not in page
    assert "?status=expired" in page
    assert "?status=expired" not in boss.get(PAGE, {"provider": cast.plain.pk}).content.decode()
    for value in ("x", "\x00", "9" * 30):
        assert boss.get(PAGE, {"provider": value}).status_code in (200, 400)


def test_it_is_for_those_who_see_messages(person, client) -> None:
    assert person("Viewer").get(PAGE).status_code == 200
    client.force_login(get_user_model().objects.create_user("without-a-role", is_staff=True))
    assert client.get(PAGE).status_code == 403
