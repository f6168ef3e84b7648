"""Which route a number takes."""

from __future__ import annotations

import random

from sms.domain.routing import RouteFacts, RouteIndex

CLIENTS, KINDS = (None, 1, 2), (None, True, False)


def slow_pick(routes: list[RouteFacts], *, to: str, client: int, is_otp: bool) -> RouteFacts | None:
    """The rule as the interface states it."""
    fitting = [
        route
        for route in routes
        if to.startswith(route.prefix) and route.client in (None, client) and route.is_otp in (None, is_otp)
    ]
    return max(fitting, key=lambda r: (len(r.prefix), r.client is not None, r.is_otp is not None), default=None)


def some_routes(chance: random.Random) -> list[RouteFacts]:
    """Routes with nested prefixes; no two have the same prefix, client and kind."""
    prefixes = ["+", *("+9945012345"[: chance.randint(2, 11)] for _ in range(3)), "+4"]
    keys = {(chance.choice(prefixes), chance.choice(CLIENTS), chance.choice(KINDS)) for _ in range(6)}
    return [RouteFacts(n, *key, (), 300, 86400, False) for n, key in enumerate(sorted(keys, key=str))]


def test_the_index_finds_the_route_that_the_rule_names() -> None:
    found = set()
    for seed in range(2000):
        chance = random.Random(seed)
        routes, index = (made := some_routes(chance)), RouteIndex(made)
        for to in ("+994501234567", "+9945012", "+40712345678", "+1"):
            asked = {"to": to, "client": chance.randint(1, 3), "is_otp": chance.random() < 0.5}
            expected = slow_pick(routes, **asked)
            assert index.pick(**asked) == expected, (seed, asked)
            found.add(expected is None)
    assert found == {True, False}
