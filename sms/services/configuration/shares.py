"""The shares of their routes that providers keep after automatic share moves."""

from __future__ import annotations

from sms.models import ShareMove, ShareMoves


def kept_shares() -> dict[int, dict[int, int]]:
    """Percentages, by route and provider; those that keep all are left out."""
    latest = ShareMove.objects.filter(is_latest=True, mode=ShareMoves.AUTOMATIC, after__lt=100).order_by()
    found: dict[int, dict[int, int]] = {}
    for route, provider, share in latest.values_list("route", "provider", "after"):
        found.setdefault(route, {})[provider] = share
    return found
