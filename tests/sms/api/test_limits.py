"""Block list, rate limit, daily budget and OTP limits: 422 recipient_blocked and 429 rate_limited."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from sms.models import Alert, ApiClient, BlockedNumber, ClientAllowance, Message, Provider, RefusedRequest
from sms.services.configuration import snapshot
from sms.services.database import clock
from sms.services.intake import rate_limits
from tests.sms import cast
from tests.sms.cast import body, errors, send


def limit(**limits: Any) -> None:
    ApiClient.objects.update(**limits)
    snapshot.reset_cache()
    rate_limits.limiter.reset_cache()


def shift_clock(monkeypatch: pytest.MonkeyPatch, *, hours: float = 0, monotonic: float = 0) -> None:
    """The clocks of this process, as the limit sees them. SQLite has no other one."""
    shifted = {"time": lambda: time.time() + hours * 3600, "monotonic": lambda: time.monotonic() + monotonic * 3600}
    monkeypatch.setattr(rate_limits, "time", SimpleNamespace(**shifted))


def statuses(caller: Client, count: int, **changes: Any) -> list[int]:
    return [send(caller, body(**changes)).status_code for _ in range(count)]


class TestBlockList:
    @pytest.fixture(autouse=True)
    def _blocked(self, caller: Client) -> None:
        BlockedNumber.objects.create(phone=cast.FREE_TO, reason="opted out")

    def test_a_blocked_number_is_refused_and_nothing_is_stored(self, caller: Client) -> None:
        assert errors(send(caller)) == [(422, "recipient_blocked", "to")]
        assert not Message.objects.exists()
        assert RefusedRequest.objects.get().code == "recipient_blocked"
        assert send(caller, body(to="+40712345679")).status_code == 201

    def test_it_holds_for_otps_and_held_messages_too(self, caller: Client) -> None:
        assert errors(send(caller, body(isOtp=True))) == [(422, "recipient_blocked", "to")]
        BlockedNumber.objects.create(phone=cast.TEMPLATE_TO)
        limit(on_no_template="hold")
        response = send(caller, body(to=cast.TEMPLATE_TO, text="No template"))
        assert errors(response) == [(422, "recipient_blocked", "to")]

    def test_an_unknown_sender_comes_before_it_routing_and_limits_behind(self, caller: Client) -> None:
        assert errors(send(caller, body(from_="SHOP"))) == [(422, "unknown_sender", "from")]
        Provider.objects.update(enabled=False)
        limit(daily_budget=1)
        assert errors(send(caller)) == [(422, "recipient_blocked", "to")]

    def test_a_repeat_of_what_was_accepted_before_is_201(self, caller: Client) -> None:
        BlockedNumber.objects.all().delete()
        send(caller, x_akinon_request_id="r-1")
        BlockedNumber.objects.create(phone=cast.FREE_TO)
        assert send(caller, x_akinon_request_id="r-1").status_code == 201
        assert send(caller, x_akinon_request_id="r-2").status_code == 422

    def test_it_costs_an_accepted_call_no_query(self, caller: Client, django_assert_num_queries: Any) -> None:
        send(caller, body(to="+40712345679"))
        with django_assert_num_queries(1):
            assert send(caller, body(to="+40712345679")).status_code == 201


class TestDailyBudget:
    def test_past_it_calls_are_refused_until_midnight_utc(self, caller: Client) -> None:
        limit(daily_budget=5)
        assert statuses(caller, 7) == [201] * 5 + [429] * 2
        response = send(caller)
        assert errors(response) == [(429, "rate_limited", "")]
        left = 86_400 - int(time.time()) % 86_400
        assert abs(int(response["Retry-After"]) - left) < 60

    @pytest.mark.parametrize("hours", [-7, 7])
    def test_the_day_is_that_of_the_databases_clock(
        self, caller: Client, monkeypatch: pytest.MonkeyPatch, hours: int
    ) -> None:
        limit(daily_budget=2)
        shift_clock(monkeypatch, hours=hours)
        assert statuses(caller, 2) == [201, 201]
        now = time.time() if connection.vendor == "postgresql" else rate_limits.time.time()
        assert abs(int(send(caller)["Retry-After"]) - (86_400 - int(now) % 86_400)) < 60

    def test_a_process_drops_its_tokens_when_the_databases_day_ends(
        self, caller: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        limit(daily_budget=1000)
        send(caller)
        ClientAllowance.objects.update(used=1000)
        if connection.vendor == "postgresql":
            shift_clock(monkeypatch, hours=24)
        assert send(caller).status_code == 201
        shift_clock(monkeypatch, monotonic=24)
        assert send(caller).status_code == 429

    def test_a_new_day_starts_afresh(self, caller: Client) -> None:
        limit(daily_budget=2)
        assert statuses(caller, 3) == [201, 201, 429]
        ClientAllowance.objects.update(day=1)
        assert statuses(caller, 3) == [201, 201, 429]

    def test_repeats_and_refused_calls_cost_nothing(self, caller: Client) -> None:
        limit(daily_budget=3)
        for _ in range(4):
            assert send(caller, x_akinon_request_id="r-1").status_code == 201
            assert send(caller, body(from_="SHOP")).status_code == 422
        assert statuses(caller, 3) == [201, 201, 429]
        assert send(caller, x_akinon_request_id="r-1").status_code == 201

    def test_staff_are_told_once_at_80_percent(self, caller: Client) -> None:
        limit(daily_budget=10)
        statuses(caller, 7)
        assert not Alert.objects.exists()
        statuses(caller, 3)
        assert "80%" in Alert.objects.get().title
        ClientAllowance.objects.update(day=1)
        statuses(caller, 1)
        assert Alert.objects.get().closed_at is not None


class TestRateLimit:
    def test_a_burst_past_the_rate_is_refused_for_a_moment(self, caller: Client) -> None:
        limit(rate_limit=5)
        started = time.monotonic()
        answers = [send(caller) for _ in range(20)]
        accepted = sum(answer.status_code == 201 for answer in answers)
        assert 5 <= accepted <= 5 + 5 * (time.monotonic() - started) + 1
        refused = [answer for answer in answers if answer.status_code == 429]
        assert {answer["Retry-After"] for answer in refused} <= {"1"}
        assert all(errors(answer) == [(429, "rate_limited", "")] for answer in refused)

    def test_it_holds_over_all_processes_to_one_block_each(
        self, caller: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        limit(rate_limit=40)
        processes = [rate_limits.RateLimiter() for _ in range(3)]
        started = time.monotonic()
        accepted = 0
        for number in range(120):
            monkeypatch.setattr(rate_limits, "limiter", processes[number % 3])
            accepted += send(caller).status_code == 201
        block = 40 // rate_limits.SHARE
        assert accepted >= 40 - 3 * block
        assert accepted <= 40 + 40 * (time.monotonic() - started) + 3 * block

    def test_most_calls_do_not_touch_the_shared_row(self, caller: Client, django_assert_max_num_queries: Any) -> None:
        limit(rate_limit=1000)
        statuses(caller, 2)
        with django_assert_max_num_queries(21):
            assert statuses(caller, 20) == [201] * 20


class TestOtpCaps:
    def test_five_in_ten_minutes_to_one_number_are_the_most(self, caller: Client) -> None:
        assert statuses(caller, 5, isOtp=True) == [201] * 5
        response = send(caller, body(isOtp=True))
        assert errors(response) == [(429, "rate_limited", "to")]
        assert 0 < int(response["Retry-After"]) <= 600
        assert send(caller).status_code == 201
        assert send(caller, body(isOtp=True, to="+40712345679")).status_code == 201

    def test_after_ten_minutes_there_is_room_again(self, caller: Client) -> None:
        statuses(caller, 5, isOtp=True)
        Message.objects.update(created_at=clock.now() - timedelta(minutes=10, seconds=1))
        assert send(caller, body(isOtp=True)).status_code == 201

    def test_fifty_an_hour_to_a_range_are_the_most(self, caller: Client) -> None:
        limit(otp_per_range=7)
        numbers = [f"+407123456{n:02}" for n in range(8)]
        assert [send(caller, body(isOtp=True, to=number)).status_code for number in numbers] == [201] * 7 + [429]
        assert send(caller, body(isOtp=True, to="+40712345700")).status_code == 201

    def test_zero_is_no_cap(self, caller: Client) -> None:
        limit(otp_per_number=0, otp_per_range=0)
        assert statuses(caller, 8, isOtp=True) == [201] * 8

    def test_a_repeat_past_the_cap_is_201(self, caller: Client) -> None:
        limit(otp_per_number=1)
        assert send(caller, body(isOtp=True), x_akinon_request_id="r-1").status_code == 201
        assert send(caller, body(isOtp=True), x_akinon_request_id="r-1").status_code == 201
        assert send(caller, body(isOtp=True), x_akinon_request_id="r-2").status_code == 429

    def test_one_client_does_not_use_up_anothers_cap(self, caller: Client) -> None:
        limit(otp_per_number=1)
        send(caller, body(isOtp=True))
        cast.client("other", "another-made-up-secret", otp_per_number=1)
        snapshot.reset_cache()
        other = cast.basic("other", "another-made-up-secret")
        assert send(caller, body(isOtp=True), authorization=other).status_code == 201

    @pytest.mark.django_db(transaction=True)
    def test_calls_at_the_same_moment_do_not_pass_it(self, caller: Client) -> None:
        limit(otp_per_number=3)
        snapshot.current()

        def call(_: int) -> int:
            try:
                return send(Client(raise_request_exception=False), body(isOtp=True)).status_code
            finally:
                connection.close()

        with ThreadPoolExecutor(8) as pool:
            assert sorted(pool.map(call, range(16))) == [201] * 3 + [429] * 13
