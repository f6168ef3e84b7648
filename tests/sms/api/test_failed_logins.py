"""Failed log-ins are limited per user name and source, and nobody can lock out a client from elsewhere."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from sms.models import LoginSource
from sms.services.database import clock
from sms.services.intake import login_throttle
from tests.sms import cast
from tests.sms.cast import errors

MOST = login_throttle.MAX_FAILURES
HOME, AWAY = "198.51.100.7", "203.0.113.9"


def call(caller: Client, source: str, *, secret: str = cast.SECRET, username: str = cast.USERNAME) -> Any:
    """A call with these credentials from this address, as a process without a cache sees it."""
    login_throttle.throttle.reset_cache()
    headers = {"authorization": cast.basic(username, secret), "x-akinon-request-id": "r"}
    return caller.get("/messages", headers=headers, REMOTE_ADDR=source)


def guess(caller: Client, source: str, times: int) -> None:
    for number in range(times):
        assert call(caller, source, secret=f"guess-{number}").status_code == 401


def test_after_too_many_guesses_even_the_right_secret_gets_the_same_401_from_there(caller: Client) -> None:
    guess(caller, AWAY, MOST)
    shut = call(caller, AWAY)
    wrong = call(caller, AWAY, secret="wrong")
    assert errors(shut) == [(401, "unauthorized", "")]
    assert (shut.content, dict(shut.headers)) == (wrong.content, dict(wrong.headers))


def test_a_few_failed_log_ins_block_nobody(caller: Client) -> None:
    guess(caller, AWAY, MOST - 1)
    assert call(caller, AWAY).status_code == 200


def test_other_places_are_not_touched(caller: Client) -> None:
    guess(caller, AWAY, MOST + 5)
    assert call(caller, HOME).status_code == 200


def test_an_address_that_has_logged_in_before_is_never_blocked(caller: Client) -> None:
    assert call(caller, HOME).status_code == 200
    guess(caller, HOME, MOST + 5)
    assert call(caller, HOME).status_code == 200


def test_the_window_ends(caller: Client) -> None:
    guess(caller, AWAY, MOST)
    LoginSource.objects.update(failures_since=clock.now() - login_throttle.WINDOW - timedelta(seconds=1))
    assert call(caller, AWAY).status_code == 200


def test_one_ipv6_customer_is_one_place(caller: Client) -> None:
    for number in range(MOST):
        call(caller, f"2001:db8:0:7::{number:x}", secret="wrong")
    assert call(caller, "2001:db8:0:7:ffff::1").status_code == 401
    assert call(caller, "2001:db8:0:8::1").status_code == 200


def test_names_that_nobody_has_are_counted_in_a_bounded_number_of_rows(
    caller: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login_throttle, "BUCKETS", 3)
    for number in range(20):
        assert call(caller, AWAY, username=f"nobody{number}").status_code == 401
    assert LoginSource.objects.count() <= 3


def test_a_known_and_an_unknown_name_cost_the_same_queries(caller: Client, django_assert_num_queries: Any) -> None:
    call(caller, AWAY, secret="wrong")
    for username in (cast.USERNAME, "nobody"):
        with django_assert_num_queries(1 if clock.connection.vendor == "sqlite" else 2):
            call(caller, AWAY, secret="wrong", username=username)


def test_a_database_that_is_away_counts_nothing_and_the_answer_stays_401(
    caller: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> int:
        raise OperationalError("gone")

    monkeypatch.setattr(login_throttle, "count_failure", away)
    assert errors(call(caller, AWAY, secret="wrong")) == [(401, "unauthorized", "")]


def test_a_place_that_is_known_costs_no_query(caller: Client, django_assert_num_queries: Any) -> None:
    headers = {"authorization": cast.basic()}
    caller.get("/messages", headers=headers)
    with django_assert_num_queries(1):
        caller.get("/messages", headers=headers)
