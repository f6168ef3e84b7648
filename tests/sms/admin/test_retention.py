"""The page of the retention periods: what holds, what a change would erase, and the change with its reason."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from django.test import Client, override_settings
from django.urls import reverse

from sms.models import HourlyCount, RetentionPeriods, RollupHour
from sms.services.configuration import retention_periods
from sms.services.database import clock

pytestmark = pytest.mark.any_database
PAGE = "/admin/tools/retention/"


def messages(days_ago: float, count: int) -> None:
    hour = (clock.now() - timedelta(days=days_ago)).replace(minute=0, second=0, microsecond=0)
    HourlyCount.objects.create(hour=RollupHour.objects.get_or_create(hour=hour)[0], status="delivered", count=count)


def send(browser: Client, *, confirmed: bool = False, **values: object) -> str:
    """Send the form, and again with the button that the page shows then, if it shows one."""
    fields = {"text_days": "", "raw_days": "", "row_days": "", "change_reason": "request of the lawyer"} | values
    page = browser.post(PAGE, fields, follow=True).content.decode()
    shown = re.search(r'name="confirm" value="([^"]*)"', page)
    if not confirmed or not shown:
        return page
    return browser.post(PAGE, fields | {"confirm": html.unescape(shown[1])}, follow=True).content.decode()


@override_settings(RETENTION_TEXT_DAYS=7, RETENTION_RAW_DAYS=8, RETENTION_ROW_DAYS=90)
def test_the_page_shows_the_periods_of_the_environment(boss: Client) -> None:
    text = boss.get(PAGE).content.decode()
    for days in ("7", "8", "90"):
        assert f'placeholder="{days}"' in text


@override_settings(RETENTION_TEXT_DAYS=7)
def test_what_a_change_would_erase_is_shown_before_it_is_saved(boss: Client) -> None:
    messages(2, 300)
    messages(5, 40)
    messages(6, 2)
    messages(20, 9000)  # erased long ago
    text = send(boss, text_days=4)
    assert "Up to 42 messages lose their text" in text
    assert not RetentionPeriods.objects.exists()
    send(boss, text_days=4, confirmed=True)
    assert retention_periods.latest().text == 4


@override_settings(RETENTION_TEXT_DAYS=7, RETENTION_RAW_DAYS=8, RETENTION_ROW_DAYS=90)
@pytest.mark.parametrize("confirm", ["yes", "", "4,8,90", "3,8,91"])
def test_what_was_not_shown_is_shown_first_also_after_a_confirmation(boss: Client, confirm: str) -> None:
    messages(3.5, 42)
    assert "Up to 42 messages lose their text" in send(boss, text_days=3, confirm=confirm)
    assert not RetentionPeriods.objects.exists()


@override_settings(RETENTION_ROW_DAYS=90)
def test_a_shorter_period_of_rows_deletes_messages(boss: Client) -> None:
    messages(60, 1200)
    assert "Up to 1,200 messages are deleted" in send(boss, row_days=30)


def test_a_longer_period_erases_nothing_and_brings_nothing_back(boss: Client) -> None:
    messages(5, 40)
    assert "Nothing more is erased" in send(boss, text_days=20)


@pytest.mark.parametrize("days", ["0", "-1", "4000", "seven"])
def test_days_out_of_range_are_an_error(boss: Client, days: str) -> None:
    send(boss, text_days=days, confirmed=True)
    assert not RetentionPeriods.objects.exists()


@override_settings(RETENTION_TEXT_DAYS=7, RETENTION_ROW_DAYS=90)
@pytest.mark.parametrize("values", [{"row_days": 5}, {"text_days": 100}, {"raw_days": 91}])
def test_a_row_is_not_deleted_before_its_text(boss: Client, values: dict[str, int]) -> None:
    assert "longer than the message itself" in send(boss, **values, confirmed=True)
    assert not RetentionPeriods.objects.exists()


def test_an_empty_field_returns_to_the_environment(boss: Client) -> None:
    send(boss, text_days=4, confirmed=True)
    send(boss, confirmed=True)
    assert retention_periods.latest() == retention_periods.of_environment()


def test_a_change_is_kept_with_who_made_it_and_why(boss: Client) -> None:
    send(boss, text_days=4, confirmed=True)
    newest = RetentionPeriods.history.first()
    assert (newest.text_days, newest.history_change_reason, newest.history_user.username) == (
        4,
        "request of the lawyer",
        "boss",
    )
    page = boss.get(PAGE).content.decode()
    assert "request of the lawyer" in page
    assert f"{newest.history_date:%Y-%m-%d %H:%M:%S} UTC" in page


def test_a_change_needs_a_reason(boss: Client) -> None:
    send(boss, text_days=4, change_reason="", confirmed=True)
    assert not RetentionPeriods.objects.exists()


def test_only_administrators_change_it(person) -> None:
    assert person("Operator").get(PAGE).status_code == 403
    assert person("Administrator").get(PAGE).status_code == 200
    assert reverse("admin:tools_retention") == PAGE
