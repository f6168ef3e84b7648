"""Share moves on stored calls: what a route does with them by its mode."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from sms.models import (
    Alert,
    Attempt,
    ConfigurationStamp,
    Message,
    MessageOutcome,
    Provider,
    Route,
    ShareMove,
    UsualFigures,
)
from sms.services.configuration import snapshot
from sms.services.database import clock
from sms.services.objectives import share_moves, usual_figures
from sms.services.objectives.recent_calls import read_calls

from .conftest import new_id

USUAL = {"log_seconds": -1.2, "spread": 0.4, "failures": 0.02, "receipt_seconds": 10, "missing": 0.1, "calls": 2000}


@pytest.fixture
def shop(traffic):
    """Both providers are known, and the first one answers as usual."""
    for provider in (traffic.plain, traffic.templated):
        UsualFigures.objects.create(provider=provider, computed_at=traffic.now, **USUAL)
    Route.objects.update(share_moves="automatic")
    return traffic


def shares() -> list[tuple[str, int, int]]:
    return [(move.provider.slug, move.before, move.after) for move in ShareMove.objects.order_by("id")]


def each_second(
    shop: Any, pass_time: Any, seconds: int, *, every: int = 5, took: float | None = 0.3, **call: Any
) -> None:
    for second in range(seconds):
        shop.send(ago=0, took=took, **call)
        pass_time(seconds=1)
        if second % every == 0:
            share_moves.evaluate()


def kept() -> dict[int, int]:
    snapshot.reset_cache()
    return dict(snapshot.current().routes[0].shares)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ({"took": 20}, "slow"),
        ({"took": None}, "slow"),  # no answer at all
        ({"outcome": "unavailable"}, "unsuccessful"),
        ({"reported": "undelivered"}, "unsuccessful"),
    ],
)
def test_a_provider_that_has_fallen_keeps_a_few_probes(shop, pass_time, call, says):
    each_second(shop, pass_time, 40, **call)
    assert shares() == [("plain-az", 100, 50), ("plain-az", 50, 5)]
    assert kept() == {shop.plain.pk: 5}
    alert = Alert.objects.get()
    assert alert.title == f"plain-az ({says}) keeps 5 % of the messages of the route +994"
    figures = ShareMove.objects.order_by("id")[0].figures
    assert max(figures["evidence"].values()) >= 14
    assert figures["usual"]["calls"] == 2000


@pytest.mark.parametrize(
    ("client_outcome", "expected"),
    [("not_received", [("templated-az", 100, 50), ("templated-az", 50, 5)]), ("used", []), ("unsubscribed", [])],
)
def test_where_the_vendor_reports_nothing_the_client_does(shop, pass_time, client_outcome, expected):
    for second in range(40):
        attempt = shop.send(ago=0, provider=shop.templated)
        MessageOutcome.objects.create(message=attempt.message, attempt=attempt, outcome=client_outcome, at=shop.now)
        pass_time(seconds=1)
        if second % 5 == 0:
            share_moves.evaluate()
    assert shares() == expected


def test_a_provider_that_reports_no_more_has_fallen(shop, pass_time):
    each_second(shop, pass_time, 60)
    assert shares() == [("plain-az", 100, 50), ("plain-az", 50, 5)]
    assert "silent" in Alert.objects.get().title


def test_reports_as_usual_move_nothing(shop, pass_time):
    for second in range(40):
        shop.receipt(shop.send(ago=0), after=3)
        pass_time(seconds=1)
        if second % 5 == 0:
            share_moves.evaluate()
    assert shares() == []
    assert not Alert.objects.exists()


@pytest.mark.parametrize(
    "call",
    [
        {"outcome": "refused"},  # of one recipient, or one text
        {"outcome": "unavailable", "code": "lease_over"},
        {"outcome": "unavailable", "code": "internal_fault"},
        {"outcome": "unconfirmed", "code": "internal_fault", "took": 20},
    ],
)
def test_what_is_no_fault_of_the_provider_moves_nothing(shop, pass_time, call):
    each_second(shop, pass_time, 40, **call)
    assert shares() == []


def test_advice_opens_an_alert_and_changes_no_share(shop, pass_time):
    Route.objects.update(share_moves="advise")
    stamp = ConfigurationStamp.current()
    each_second(shop, pass_time, 40, outcome="unavailable")
    assert shares() == [("plain-az", 100, 50), ("plain-az", 50, 5)]
    assert kept() == {}
    assert ConfigurationStamp.current() == stamp
    assert Alert.objects.get().title.startswith("plain-az (unsuccessful) should keep only 5 %")
    Route.objects.update(share_moves="off")
    share_moves.evaluate()
    assert Alert.objects.get().closed_at is not None


def test_the_share_comes_back_with_probes_as_usual(shop, pass_time):
    each_second(shop, pass_time, 40, outcome="unavailable")
    for _ in range(2):
        pass_time(minutes=6)
        for _ in range(20):
            shop.receipt(shop.send(ago=0), after=2)
            pass_time(seconds=12)
        pass_time(seconds=60)
        share_moves.evaluate()
    assert shares()[2:] == [("plain-az", 5, 50), ("plain-az", 50, 100)]
    assert kept() == {}
    assert Alert.objects.get().closed_at is not None


def test_the_share_comes_back_on_a_quiet_route(shop, pass_time):
    each_second(shop, pass_time, 40, outcome="unavailable")
    for _ in range(20):
        pass_time(minutes=20)
        shop.receipt(shop.send(ago=0), after=2)
    pass_time(minutes=20)
    share_moves.evaluate()
    assert shares()[2:] == [("plain-az", 5, 50)]


@pytest.mark.parametrize(
    ("change", "undo"),
    [
        (
            lambda shop: Route.objects.update(share_moves="off"),
            lambda shop: Route.objects.update(share_moves="automatic"),
        ),
        (
            lambda shop: Route.objects.update(share_moves="advise"),
            lambda shop: Route.objects.update(share_moves="automatic"),
        ),
        (lambda shop: Route.objects.update(enabled=False), lambda shop: Route.objects.update(enabled=True)),
        (
            lambda shop: shop.route.steps.filter(provider=shop.plain).update(provider=shop.spare),
            lambda shop: shop.route.steps.filter(provider=shop.spare).update(provider=shop.plain),
        ),
        (
            lambda shop: shop.route.steps.filter(provider=shop.templated).delete(),
            lambda shop: shop.route.steps.create(provider=shop.templated, position=9),
        ),
    ],
)
def test_a_share_ends_with_the_route_on_which_it_was_lowered(shop, pass_time, change, undo):
    shop.spare = Provider.objects.create(slug="spare", vendor=shop.plain.vendor)
    each_second(shop, pass_time, 40, outcome="unavailable")
    pass_time(hours=1)
    change(shop)
    share_moves.evaluate()
    assert Alert.objects.get(key__contains="plain-az").closed_at is not None
    undo(shop)
    share_moves.evaluate()
    assert kept() == {}
    assert shares()[2:] == [("plain-az", 5, 100)]


@pytest.mark.parametrize(
    "change",
    [
        lambda shop: Route.objects.update(share_moves="off"),
        lambda shop: Route.objects.update(enabled=False),
        lambda shop: shop.route.steps.filter(provider=shop.templated).delete(),
        lambda shop: Provider.objects.filter(pk=shop.templated.pk).update(paused=True),
        lambda shop: Provider.objects.filter(pk=shop.templated.pk).update(enabled=False),
        lambda shop: shop.templated.state.__class__.objects.filter(pk=shop.templated.pk).update(breaker="open"),
        lambda shop: UsualFigures.objects.all().delete(),
        lambda shop: Attempt.objects.all().delete(),
    ],
)
def test_without_another_provider_or_without_figures_nothing_moves(shop, pass_time, change):
    for _ in range(40):
        shop.send(ago=0, outcome="unavailable")
        pass_time(seconds=1)
    change(shop)
    share_moves.evaluate()
    assert shares() == []


def test_two_workers_make_a_move_once(shop, pass_time, monkeypatch):
    for _ in range(20):
        shop.send(ago=0, outcome="unavailable")
        pass_time(seconds=1)
    route = Route.objects.get()
    judged = share_moves._judge(clock.now())[shop.plain.pk]
    for before, after in ((100, 50), (50, 5)):
        move = share_moves.Move(clock.now(), shop.plain.pk, before, after)
        assert [share_moves._record(route, "automatic", move, judged.figures()) for _ in range(2)] == [True, False]
    assert shares() == [("plain-az", 100, 50), ("plain-az", 50, 5)]


def test_usual_figures_come_from_the_last_days_and_are_kept_for_an_hour(traffic, pass_time):
    for number in range(220):
        traffic.receipt(traffic.send(ago=7200 + number * 60, took=0.2 + number / 1000), after=5)
    traffic.send(ago=30, took=600)  # too new
    usual_figures.update()
    row = UsualFigures.objects.get()
    assert (row.provider, row.calls, row.receipt_seconds) == (traffic.plain, 220, 10)
    assert -1.6 < row.log_seconds < -0.8
    Attempt.objects.update(finished_at=None, outcome=None)
    usual_figures.update()
    assert UsualFigures.objects.get().computed_at == row.computed_at
    pass_time(hours=1)
    usual_figures.update()
    assert not UsualFigures.objects.exists()


@pytest.mark.parametrize(("share", "stays"), [(None, False), (100, False), (5, True)])
def test_figures_without_calls_are_kept_only_while_a_share_is_lowered(shop, pass_time, share, stays):
    if share:
        ShareMove.objects.create(
            route=shop.route, provider=shop.plain, mode="automatic", at=shop.now, before=50, after=share
        )
    pass_time(hours=1)
    usual_figures.update()
    assert UsualFigures.objects.filter(provider=shop.plain).exists() == stays
    assert not UsualFigures.objects.filter(provider=shop.templated).exists()


@pytest.mark.parametrize(("hours_ago", "queries"), [((), 1), ((5,), 3), ((70, 40, 2), 7)])
def test_hours_without_calls_cost_no_query(traffic, django_assert_num_queries, hours_ago, queries):
    """One that finds none; and two for each hour that has calls: one that finds it, and one that reads them."""
    for hours in hours_ago:
        traffic.send(ago=hours * 3600)
    with django_assert_num_queries(queries):
        found = usual_figures._samples(traffic.now)
    assert sum(map(len, found.values())) == len(hours_ago)


def add_traffic(shop: Any, provider: Provider, *, seconds: int, each_second: float, **changes: Any) -> None:
    """Accepted calls until now, stored in two statements."""
    model = shop.send(ago=seconds + 1, provider=provider)
    message, attempts, messages = model.message, [], []
    for number in range(int(seconds * each_second)):
        at = shop.now - timedelta(seconds=(number + 1) / each_second)
        ids = {"id": new_id(at), "created_at": at}
        messages.append(copy_of(message, **ids, repeat_key=None, request_id=f"{provider.pk}-{number}"))
        times = {"started_at": at, "finished_at": at + timedelta(seconds=0.3)}
        attempts.append(copy_of(model, id=new_id(at), message_id=ids["id"], **times, **changes))
    Message.objects.bulk_create(messages)
    Attempt.objects.bulk_create(attempts)


def copy_of(row: Any, **changes: Any) -> Any:
    values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    return type(row)(**values | changes)


@pytest.mark.parametrize(("usual", "each_second", "seconds"), [(10, 100, 40), (60, 17, 100)])
def test_a_busy_provider_that_reports_no_more_has_fallen(shop, usual, each_second, seconds):
    """Most of its newest calls are younger than the usual time to a report."""
    UsualFigures.objects.update(receipt_seconds=usual)
    add_traffic(shop, shop.plain, seconds=seconds, each_second=each_second)
    share_moves.evaluate()
    assert shares() == [("plain-az", 100, 50)]
    assert "silent" in Alert.objects.get().title


def test_a_provider_with_few_calls_is_judged_beside_a_busy_one(shop):
    UsualFigures.objects.filter(provider=shop.templated).update(receipt_seconds=None)
    add_traffic(shop, shop.templated, seconds=40, each_second=100)
    add_traffic(shop, shop.plain, seconds=40, each_second=0.2, outcome="unavailable")
    share_moves.evaluate()
    assert shares() == [("plain-az", 100, 50)]


def test_the_calls_that_are_read_are_bounded_for_each_provider_and_spread_over_the_time(shop):
    add_traffic(shop, shop.plain, seconds=30, each_second=20)
    add_traffic(shop, shop.templated, seconds=30, each_second=1)
    calls = list(read_calls(shop.now - timedelta(seconds=30), shop.now, shop.now, most=60))
    ages = [(shop.now - each.started_at).total_seconds() for each in calls if each.provider == shop.plain.pk]
    assert len(ages) == 60
    assert all(0.4 < before - after < 0.6 for before, after in pairwise(ages))
    assert sum(each.provider == shop.templated.pk for each in calls) == 30
