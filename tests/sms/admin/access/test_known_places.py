"""Strangers lock themselves out and nobody else: limits per person and network, per network, per known browser."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt, AccessLog
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from sms.models import LoginSource
from sms.services.access import login_protection
from sms.services.database import clock
from sms.services.intake.login_sources import TRUSTED_FOR
from sms.services.maintenance import retention

LOGIN = reverse("admin:login")
OFFICE, HOTEL, STRANGER = "198.51.100.7", "192.0.2.44", "203.0.113.66"
PASSWORD = "made-up-password-0123456789"
LIMIT = settings.AXES_FAILURE_LIMIT


@pytest.fixture(autouse=True)
def _colleagues(db: None) -> None:
    for name in ("colleague", "newcomer"):
        get_user_model().objects.create_user(name, password=PASSWORD, is_staff=True)


def log_in(
    address: str, name: str = "colleague", password: str = PASSWORD, browser: Client | None = None, **more: str
) -> int:
    values = {"username": name, "password": password, **more}
    return (browser or Client()).post(LOGIN, values, REMOTE_ADDR=address).status_code


def guess(
    address: str, name: str = "colleague", times: int = LIMIT, browser: Client | None = None, **more: str
) -> None:
    for number in range(times):
        log_in(address, name.format(number), f"guess-{number}", browser, **more)


def end_sessions() -> None:
    Session.objects.all().delete()


@pytest.mark.parametrize("names", ["colleague", "nobody", "nobody-{0}", "N{0}", "кто-{0}", "{0}" * 100])
def test_one_place_is_locked_for_all_names_however_many_it_tries(names: str) -> None:
    guess(STRANGER, names)
    assert log_in(STRANGER, "newcomer") == 429
    assert log_in(OFFICE, "newcomer") == 302


def test_a_few_mistakes_lock_nobody(db: None) -> None:
    guess(STRANGER, times=LIMIT - 1)
    assert log_in(STRANGER) == 302


def test_one_ipv6_customer_is_one_place_and_its_neighbour_another() -> None:
    for number in range(LIMIT):
        log_in(f"2001:db8:0:7::{number:x}", f"nobody-{number}", "x")
    assert log_in("2001:db8:0:7:ffff::1") == 429
    assert log_in("2001:db8:0:8::1") == 302


def test_a_known_network_is_not_locked_by_guesses_at_other_names() -> None:
    assert log_in(OFFICE) == 302
    guess(OFFICE, "nobody-{0}", LIMIT * 2)
    assert log_in(OFFICE) == 302
    assert log_in(OFFICE, "newcomer") == 429


def test_a_known_network_still_limits_guesses_at_the_persons_own_name() -> None:
    assert log_in(OFFICE) == 302
    guess(OFFICE)
    assert log_in(OFFICE) == 429


def test_a_network_is_known_for_a_while_only() -> None:
    assert log_in(OFFICE) == 302
    LoginSource.objects.update(succeeded_at=clock.now() - TRUSTED_FOR - timedelta(seconds=1))
    guess(OFFICE, "nobody-{0}")
    assert log_in(OFFICE) == 429


def test_a_known_browser_is_not_locked_by_anybody_in_its_network_and_travels() -> None:
    browser = Client()
    assert log_in(OFFICE, browser=browser) == 302
    end_sessions()
    for place in (OFFICE, HOTEL):
        guess(place)
        guess(place, "nobody-{0}")
        assert log_in(place) == 429
        assert log_in(place, browser=browser) == 302


def test_a_known_browser_has_a_limit_of_its_own() -> None:
    browser = Client()
    assert log_in(OFFICE, browser=browser) == 302
    end_sessions()
    guess(OFFICE, browser=browser)
    assert log_in(HOTEL, browser=browser) == 429
    assert log_in(OFFICE) == 302, "the person can log in with another browser"


def test_a_browser_is_known_for_its_own_person_only() -> None:
    browser = Client()
    assert log_in(STRANGER, "newcomer", browser=browser) == 302
    (cookie,) = [name for name in browser.cookies if name.startswith(login_protection.DEVICE_COOKIE)]
    theirs = login_protection.DEVICE_COOKIE + login_protection.account_of("colleague")
    browser.cookies[theirs] = browser.cookies[cookie].value
    guess(STRANGER, browser=browser)
    assert log_in(OFFICE) == 302
    assert log_in(STRANGER, browser=browser) == 429


@pytest.mark.parametrize("value", ["", "x", "browser-1", "a:b:c", "\xe9:\xff", "x" * 4000])
def test_a_made_up_cookie_makes_no_browser_known(value: str) -> None:
    browser = Client()
    browser.cookies[login_protection.DEVICE_COOKIE + login_protection.account_of("colleague")] = value
    guess(STRANGER, browser=browser)
    assert log_in(STRANGER, browser=browser) == 429


def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites() -> None:
    browser = Client()
    log_in(OFFICE, browser=browser)
    cookie = next(c for name, c in browser.cookies.items() if name.startswith(login_protection.DEVICE_COOKIE))
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/admin/")
    assert "colleague" not in cookie.key + cookie.value


def test_the_window_ends_and_failures_during_a_lock_do_not_prolong_it() -> None:
    guess(STRANGER)
    begun = set(LoginSource.objects.values_list("failures", "failures_since"))
    guess(STRANGER, times=3)
    assert set(LoginSource.objects.values_list("failures", "failures_since")) == begun
    LoginSource.objects.update(failures_since=clock.now() - settings.AXES_COOLOFF_TIME - timedelta(seconds=1))
    assert log_in(STRANGER) == 302


def test_a_log_in_of_ones_own_does_not_free_the_network_for_more_guesses() -> None:
    guess(STRANGER, times=LIMIT - 1)
    assert log_in(STRANGER, "newcomer") == 302
    log_in(STRANGER, password="x")
    assert log_in(STRANGER) == 429


# --- rows ------------------------------------------------------------------------------


def test_attempts_of_any_size_and_number_leave_a_bounded_number_of_small_rows() -> None:
    headers = {"user-agent": "u" * 8000, "accept": "a" * 8000}
    for number in range(60):
        values = {"username": f"{number:0150}", "password": "p" * 3000, "x" * 200: "y" * 9000}
        Client(headers=headers).post(f"{LOGIN}?q={'z' * 3000}", values, REMOTE_ADDR=STRANGER)
    rows = LoginSource.objects.values_list("account", "source")
    assert len(rows) == LIMIT + 1
    assert max(len(account) + len(source) for account, source in rows) < 70
    assert not AccessAttempt.objects.exists()


def test_what_was_typed_as_a_name_is_in_no_row() -> None:
    guess(STRANGER, "my-secret-password")
    assert not LoginSource.objects.filter(account__contains="secret").exists()


def test_failures_are_deleted_after_a_day_and_known_networks_are_kept() -> None:
    log_in(OFFICE)
    guess(STRANGER, "nobody-{0}")
    LoginSource.objects.exclude(failures=0).update(failures_since=clock.now() - timedelta(days=1, seconds=1))
    AccessAttempt.objects.create(username="old", failures_since_start=1)
    AccessAttempt.objects.update(attempt_time=clock.now() - timedelta(days=2))
    retention.delete_due()
    assert [row.source for row in LoginSource.objects.all()] == [OFFICE]
    assert not AccessAttempt.objects.exists()


def test_records_of_log_ins_are_kept_as_long_as_rows_are(settings: Any) -> None:
    log_in(OFFICE)
    retention.delete_due()
    assert AccessLog.objects.count() == 1
    AccessLog.objects.update(attempt_time=clock.now() - timedelta(days=settings.RETENTION_ROW_DAYS, seconds=1))
    retention.delete_due()
    assert not AccessLog.objects.exists()


# --- authentication codes ----------------------------------------------------------------


@pytest.fixture
def app() -> TOTPDevice:
    return TOTPDevice.objects.create(user=get_user_model().objects.get(username="colleague"), confirmed=True)


def code_of(app: TOTPDevice, *, wrong: bool = False) -> str:
    return f"{(totp(app.bin_key) + 500_000 * wrong) % 1_000_000:06d}"


def again(app: TOTPDevice) -> None:
    TOTPDevice.objects.filter(pk=app.pk).update(last_t=-1)


def test_wrong_codes_lock_the_place_as_wrong_passwords_do(app: TOTPDevice) -> None:
    statuses = [log_in(STRANGER, otp_token=code_of(app, wrong=True)) for _ in range(LIMIT)]
    assert statuses == [200] * (LIMIT - 1) + [429]
    assert log_in(STRANGER, otp_token=code_of(app)) == 429
    assert log_in(OFFICE, otp_token=code_of(app)) == 302


def test_a_stolen_password_gives_few_codes_over_all_networks_and_does_not_lock_known_places(app: TOTPDevice) -> None:
    browser = Client()
    assert log_in(OFFICE, browser=browser, otp_token=code_of(app)) == 302
    end_sessions()
    for number in range(login_protection.MAX_CODES):
        log_in(f"203.0.113.{number}", otp_token=code_of(app, wrong=True))
    again(app)
    assert log_in(HOTEL, otp_token=code_of(app)) == 200
    assert log_in(HOTEL, browser=browser, otp_token=code_of(app)) == 302
    again(app)
    assert log_in(OFFICE, otp_token=code_of(app)) == 302


def test_a_code_is_valid_once(app: TOTPDevice) -> None:
    assert log_in(OFFICE, otp_token=code_of(app)) == 302
    assert log_in(OFFICE, otp_token=code_of(app)) == 200


def test_a_known_and_an_unknown_name_cost_the_same_statements() -> None:
    counts = []
    for name in ("colleague", "nobody"):
        guess(STRANGER, name, 1)
        with CaptureQueriesContext(connection) as captured:
            guess(STRANGER, name, 1)
        counts.append(len(captured))
    assert counts[0] == counts[1]
