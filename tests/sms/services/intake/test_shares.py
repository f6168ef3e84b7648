"""New messages go to the providers of a route by their shares."""

from __future__ import annotations

import random
from collections import Counter
from itertools import cycle

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sms.models import Message, Provider, Route, RouteProvider, ShareMove
from sms.services.configuration import snapshot
from sms.services.database.clock import now
from tests.sms import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def second(caller) -> Provider:
    """Behind the first provider of the route."""
    other = cast.provider("second", cast.FreeText.slug)
    RouteProvider.objects.create(route=Route.objects.get(prefix="+40"), provider=other, position=2)
    return other


def lower(share: int, mode: str = "automatic") -> None:
    route = Route.objects.get(prefix="+40")
    provider = Provider.objects.get(slug="free")
    ShareMove.objects.create(route=route, provider=provider, mode=mode, at=now(), before=100, after=share)
    Route.objects.update(share_moves=mode)
    snapshot.reset_cache()


def providers(caller, count: int = 20) -> Counter[str]:
    for _ in range(count):
        assert cast.send(caller).status_code == 201
    return Counter(Message.objects.values_list("provider__slug", flat=True))


def test_a_lowered_provider_keeps_its_share(caller, second, monkeypatch):
    lower(50)
    draws = cycle(number / 20 for number in range(20))
    monkeypatch.setattr(random, "random", lambda: next(draws))
    assert providers(caller) == {"free": 10, "second": 10}
    decision = Message.objects.first().decision
    assert decision["shares"] == {str(Provider.objects.get(slug="free").pk): 50}
    assert [candidate["slug"] for candidate in decision["candidates"]] == ["free", "second"]


@pytest.mark.parametrize("mode", ["advise", "off"])
def test_in_the_other_modes_nothing_moves(caller, second, mode):
    lower(5, mode)
    assert providers(caller) == {"free": 20}
    assert "shares" not in Message.objects.first().decision


def test_where_the_next_provider_can_not_carry_it_the_lowered_one_keeps_it(caller, second):
    lower(5)
    Provider.objects.filter(pk=second.pk).update(enabled=False)
    snapshot.reset_cache()
    assert providers(caller) == {"free": 20}


def test_accepting_reads_no_shares_from_the_database(caller, second):
    lower(5)
    cast.send(caller)  # reads the changed configuration
    with CaptureQueriesContext(connection) as captured:
        assert cast.send(caller).status_code == 201
    assert not [query["sql"] for query in captured if "sharemove" in query["sql"] or "sms_route" in query["sql"]]
