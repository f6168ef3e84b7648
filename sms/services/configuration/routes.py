"""Reads the enabled routes, with the shares that their providers keep after automatic share moves."""

from __future__ import annotations

from collections.abc import Mapping

from sms.domain.routing import RouteFacts
from sms.models import Route, ShareMove, ShareMoves


def read_routes() -> tuple[RouteFacts, ...]:
    shares = _kept_shares()
    routes = Route.objects.filter(enabled=True).prefetch_related("steps")
    return tuple(_route(route, shares.get(route.pk, {})) for route in routes)


def _kept_shares() -> dict[int, dict[int, int]]:
    """Percentages, by automatic route and provider; those that keep all are left out."""
    latest = ShareMove.objects.filter(is_latest=True, mode=ShareMoves.AUTOMATIC, after__lt=100)
    latest = latest.filter(route__share_moves=ShareMoves.AUTOMATIC).order_by()
    found: dict[int, dict[int, int]] = {}
    for route, provider, share in latest.values_list("route", "provider", "after"):
        found.setdefault(route, {})[provider] = share
    return found


def _route(route: Route, shares: Mapping[int, int]) -> RouteFacts:
    return RouteFacts(
        id=route.pk,
        prefix=route.prefix,
        client=route.client_id,
        is_otp=route.is_otp,
        providers=tuple(step.provider_id for step in route.steps.all()),
        otp_ttl=route.otp_ttl,
        ttl=route.ttl,
        resend_unconfirmed_otp=route.resend_unconfirmed_otp,
        shares=shares,
    )
