"""Destinations: 422 destination_not_allowed, the daily limit of a country, and limits on OTPs over all clients."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from sms.models import Alert, ApiClient, BlockedNumber, Destination, DestinationAllowance, Message, Route
from sms.services.configuration import snapshot
from sms.services.intake import destination_limits
from tests.sms import cast
from tests.sms.cast import body, errors, send

RO, AZ, US_PREMIUM = "+40712345678", "+994501234567", "+19005551234"
REFUSED = [(422, "destination_not_allowed", "to")]


def declare(country: str, **values: Any) -> None:
    Destination.objects.update_or_create(country=country, defaults=values)
    snapshot.reset_cache()
    destination_limits.reset_cache()


@pytest.fixture
def catch_all(caller: Client) -> Client:
    """The route of the cast takes all numbers, and names no country."""
    Route.objects.exclude(pk=Route.objects.order_by("pk").first().pk).delete()
    Route.objects.update(prefix="+")
    snapshot.reset_cache()
    return caller


def test_a_catch_all_route_opens_only_the_countries_that_are_allowed(catch_all: Client) -> None:
    assert errors(send(catch_all)) == REFUSED
    declare("RO")
    assert send(catch_all).status_code == 201
    assert errors(send(catch_all, body(to=AZ))) == REFUSED


def test_a_blocked_country_is_closed_though_a_route_names_it(caller: Client) -> None:
    assert send(caller).status_code == 201
    declare("RO", mode="block")
    response = send(caller)
    assert errors(response) == REFUSED
    assert response.json()["errors"][0]["message"] == "Messages to RO are blocked."


def test_a_costly_number_is_refused_unless_its_type_is_named(catch_all: Client) -> None:
    declare("US")
    assert errors(send(catch_all, body(to=US_PREMIUM))) == REFUSED
    declare("US", number_types=["premium_rate"])
    assert send(catch_all, body(to=US_PREMIUM)).status_code == 201


def test_it_comes_after_the_block_list_and_before_routing_and_limits(caller: Client) -> None:
    declare("RO", mode="block")
    assert errors(send(caller, body(**{"from": "NOBODY"}))) == [(422, "unknown_sender", "from")]
    Route.objects.all().delete()
    snapshot.reset_cache()
    assert errors(send(caller)) == REFUSED
    BlockedNumber.objects.create(phone=RO)
    assert errors(send(caller)) == [(422, "recipient_blocked", "to")]


def test_a_repeat_of_what_was_accepted_before_is_201(caller: Client) -> None:
    assert send(caller, x_akinon_request_id="r-1").status_code == 201
    declare("RO", mode="block")
    assert send(caller, x_akinon_request_id="r-1").status_code == 201
    assert errors(send(caller, x_akinon_request_id="r-2")) == REFUSED


def test_a_monitored_country_is_served_and_alerted_once(caller: Client) -> None:
    declare("RO", mode="monitor")
    assert [send(caller).status_code for _ in range(3)] == [201] * 3
    assert [alert.title for alert in Alert.objects.all()] == ["Messages go to RO, which is monitored"]


def test_the_daily_limit_holds_over_all_clients(caller: Client) -> None:
    declare("RO", daily_limit=4)
    cast.client("other", "another-made-up-secret")
    snapshot.reset_cache()
    other = cast.basic("other", "another-made-up-secret")
    assert [send(caller).status_code for _ in range(2)] == [201] * 2
    assert [send(caller, authorization=other).status_code for _ in range(2)] == [201] * 2
    response = send(caller)
    assert errors(response) == [(429, "rate_limited", "to")]
    assert 0 < int(response["Retry-After"]) <= 86_400
    assert Alert.objects.filter(key__startswith="destination-limit:RO").count() == 1


def test_a_clients_limit_of_a_country_is_its_own(caller: Client) -> None:
    """It holds beside the country's: whichever is used up first."""
    declare("RO", daily_limit=5)
    cast.client("other", "another-made-up-secret", country_limits={"RO": 2, "AZ": 1})
    snapshot.reset_cache()
    other = cast.basic("other", "another-made-up-secret")
    assert [send(caller, authorization=other).status_code for _ in range(4)] == [201, 201, 429, 429]
    refused = send(caller, authorization=other)
    assert errors(refused) == [(429, "rate_limited", "to")]
    assert "2 messages of other to RO" in refused.json()["errors"][0]["message"]
    assert 0 < int(refused["Retry-After"]) <= 86_400
    assert [send(caller).status_code for _ in range(4)] == [201, 201, 201, 429]
    assert Alert.objects.filter(key__startswith="destination-limit:RO:").count() == 2


def test_a_clients_limit_costs_nothing_for_repeats_and_other_countries(caller: Client) -> None:
    ApiClient.objects.update(country_limits={"RO": 1})
    snapshot.reset_cache()
    assert [send(caller, x_akinon_request_id="r-1").status_code for _ in range(3)] == [201] * 3
    assert send(caller).status_code == 429
    assert send(caller, body(to=cast.TEMPLATE_TO)).status_code == 201


def test_where_the_country_refuses_the_clients_own_token_comes_back(caller: Client) -> None:
    ApiClient.objects.update(country_limits={"RO": 2})
    declare("RO", daily_limit=1)
    assert [send(caller).status_code for _ in range(4)] == [201, 429, 429, 429]
    Destination.objects.update(daily_limit=10)
    snapshot.reset_cache()
    assert [send(caller).status_code for _ in range(2)] == [201, 429]


def test_a_repeat_costs_nothing_of_the_daily_limit(caller: Client) -> None:
    declare("RO", daily_limit=2)
    assert [send(caller, x_akinon_request_id="r-1").status_code for _ in range(4)] == [201] * 4
    assert send(caller).status_code == 201
    assert errors(send(caller)) == [(429, "rate_limited", "to")]


def test_a_new_day_starts_afresh(caller: Client) -> None:
    declare("RO", daily_limit=1)
    assert [send(caller).status_code for _ in range(2)] == [201, 429]
    DestinationAllowance.objects.update(day=1)
    destination_limits.reset_cache()
    assert send(caller).status_code == 201


def test_most_calls_do_not_touch_the_shared_row(caller: Client, django_assert_max_num_queries: Any) -> None:
    declare("RO", daily_limit=10_000)
    assert [send(caller).status_code for _ in range(2)] == [201] * 2
    with django_assert_max_num_queries(21):
        assert [send(caller).status_code for _ in range(20)] == [201] * 20


def test_processes_together_never_pass_the_limit(caller: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    declare("RO", daily_limit=30)
    processes: list[dict[Any, Any]] = [{}, {}, {}]
    for number in range(60):
        monkeypatch.setattr(destination_limits, "_blocks", processes[number % 3])
        send(caller)
    assert Message.objects.count() == 30


class TestOtpsOfSeveralClients:
    def clients(self, count: int, **values: Any) -> list[str]:
        for number in range(count):
            cast.client(f"shop-{number}", f"made-up-secret-{number}", **values)
        snapshot.reset_cache()
        return [cast.basic(f"shop-{number}", f"made-up-secret-{number}") for number in range(count)]

    def test_a_number_has_a_cap_over_all_of_them(self, caller: Client) -> None:
        answers = [
            send(caller, body(isOtp=True), authorization=client).status_code
            for client in self.clients(3, otp_per_number=5)
            for _ in range(5)
        ]
        assert answers == [201] * 10 + [429] * 5

    def test_a_range_has_a_cap_over_all_of_them(self, caller: Client, settings: Any) -> None:
        settings.OTP_PER_RANGE = 4
        answers = [
            send(caller, body(isOtp=True, to=f"+4071234561{number}"), authorization=client).status_code
            for client in self.clients(3, otp_per_range=2)
            for number in range(2)
        ]
        assert answers == [201] * 4 + [429] * 2

    @pytest.mark.parametrize(("of_all", "allowed"), [(0, 6), (1, 3), (3, 3), (4, 4), (6, 6)])
    def test_the_cap_is_a_setting_and_no_less_than_a_clients_own(
        self, caller: Client, settings: Any, of_all: int, allowed: int
    ) -> None:
        settings.OTP_PER_NUMBER = of_all
        answers = [
            send(caller, body(isOtp=True), authorization=client)
            for client in self.clients(2, otp_per_number=3)
            for _ in range(3)
        ]
        assert [answer.status_code for answer in answers] == [201] * allowed + [429] * (6 - allowed)
        whose = "OTPs of all clients to this number" in answers[-1].content.decode()
        assert whose == (allowed < 6)

    def test_a_client_without_caps_is_not_held_up_by_others(self, caller: Client) -> None:
        capped, *_ = self.clients(1, otp_per_number=1)
        cast.client("free", "made-up-secret-free", otp_per_number=0, otp_per_range=0)
        snapshot.reset_cache()
        free = cast.basic("free", "made-up-secret-free")
        send(caller, body(isOtp=True), authorization=capped)
        assert [send(caller, body(isOtp=True), authorization=free).status_code for _ in range(4)] == [201] * 4


def test_a_process_whose_clock_is_behind_does_not_begin_the_day_again(caller: Client, monkeypatch: Any) -> None:
    declare("RO", daily_limit=2)
    today = destination_limits._today()
    answers = []
    for day in (today, today - 1, today, today - 1):
        monkeypatch.setattr(destination_limits, "_today", lambda day=day: day)
        destination_limits.reset_cache()
        answers.append(send(caller).status_code)
    assert answers == [201, 201, 429, 429]
