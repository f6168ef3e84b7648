"""The dashboard, from the hourly sums."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from providers.base import Failure
from sms.models import HourlyCount, RollupHour
from sms.services.database.clock import now
from sms.services.monitoring import dashboard, hourly_stats
from sms.templatetags.sms_admin import age
from tests.sms.admin.conftest import TextVendor

INDEX = "/admin/"


def roll() -> None:
    while hourly_stats.roll_up(50):
        pass


def test_the_dashboard_shows_figures_chart_table_and_reasons(boss, cast):
    for status in ("submitted", "submitted", "sent"):
        cast.attempt(cast.message(status))
    cast.message("failed", code="timeout")
    cast.message("failed", code="121")
    cast.message("queued")
    roll()
    page = boss.get(INDEX).content.decode()
    assert 'role="img"' in page
    assert "&quot;stack&quot;: &quot;all&quot;" in page
    assert "The vendor sent no complete response in time." in page
    assert "The vendor&#x27;s code 121" in page
    assert "?status=failed&amp;code=121" in page
    board = dashboard.read_dashboard()
    assert (board.messages, board.wrong, board.waiting) == (6, 2, 1)
    assert board.oldest_waiting is not None
    assert sum(board.series["submitted"]) == 2


def test_a_vendors_code_is_shown_with_our_description(cast, monkeypatch):
    monkeypatch.setattr(TextVendor, "codes", {"121": (Failure.RECIPIENT, "The number is wrong.")})
    cast.message("failed", code="121", provider=cast.plain)
    cast.message("failed", code="121", provider=cast.templated)  # of another vendor: another meaning
    roll()
    reasons = dashboard.read_dashboard().reasons
    assert {reason.says for reason in reasons} == {
        "The number is wrong.",
        "The vendor's code 121",
    }


def test_the_code_of_a_report_is_not_explained_as_one_of_ours(cast, monkeypatch):
    monkeypatch.setattr(TextVendor, "codes", {"expired": (Failure.RECIPIENT, "The handset was off.")})
    cast.message("undelivered", code="timeout", provider=cast.templated)
    cast.message("expired", code="expired", provider=cast.plain)
    roll()
    assert {reason.says for reason in dashboard.read_dashboard().reasons} == {
        "The vendor's code timeout",
        "Its time to live ended before it could be sent.",
    }


def test_a_vendor_that_reports_no_delivery_has_no_share(boss, cast, monkeypatch):
    cast.message("submitted", provider=cast.templated)
    cast.message("sent", provider=cast.plain)
    roll()
    board = dashboard.read_dashboard()
    assert board.delivered is None
    assert "this vendor does not report delivery" in boss.get(INDEX).content.decode()
    monkeypatch.setattr(TextVendor, "strongest", "delivered")
    for share in (None, 75.0):  # of 28 messages, of 32
        for status in ("delivered", "delivered", "delivered", "undelivered") * (7 if share is None else 1):
            cast.message(status, provider=cast.plain)
        cast.message("undelivered", provider=cast.templated)
        RollupHour.objects.update(rolled_at=None)
        roll()
        assert dashboard.read_dashboard().delivered == share


def test_the_day_is_compared_with_the_day_before(cast):
    for back, count in ((timedelta(0), 30), (timedelta(hours=30), 20)):
        hour = (now() - back).replace(minute=0, second=0, microsecond=0)
        RollupHour.objects.create(hour=hour, rolled_at=now())
        HourlyCount.objects.create(hour_id=hour, status="delivered", count=count)
    assert dashboard.read_dashboard().change == 50


def test_the_dashboard_stays_within_its_budget(boss, cast, django_assert_max_num_queries):
    cast.everything()
    roll()
    boss.get(INDEX)
    with django_assert_max_num_queries(12):
        assert boss.get(INDEX).status_code == 200


def test_whoever_may_see_no_messages_sees_no_figures(cast):
    user = get_user_model().objects.create_user("newcomer", is_staff=True)
    client = Client()
    client.force_login(user)
    page = client.get(INDEX)
    assert page.status_code == 200
    assert "board" not in page.context


@pytest.mark.parametrize(("seconds", "words"), [(5, "5 s"), (180, "3 min"), (7500, "2 h 5 min")])
def test_an_age_is_said_in_plain_words(seconds, words):
    assert age(timedelta(seconds=seconds)) == words
