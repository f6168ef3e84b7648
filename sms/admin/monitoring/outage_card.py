"""What an outage concerns, with links to exactly these messages: on the dashboard and on an alert's page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from sms.admin.common.bulk_links import bulk_address, list_address, may_start
from sms.models import Alert, BulkOperation, ProviderState
from sms.services.monitoring import outages
from sms.services.monitoring.outages import Load, Outage

Kind = BulkOperation.Kind


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of messages, the list of them, and what can be done with all of them."""

    label: Any
    count: int
    otps: int
    address: str
    actions: tuple[tuple[Any, str], ...]


@dataclass(frozen=True, slots=True)
class OutageCard:
    """`provider` is None for an alert that concerns all of them."""

    title: str
    figures: tuple[Figure, ...]
    provider: int | None = None
    since: datetime | None = None
    state: ProviderState | None = None
    why: str = ""
    is_suspended: bool = False


def all_cards(request: HttpRequest, found: Iterable[Outage]) -> list[OutageCard]:
    """The providers that fail or have waiting messages."""
    shown = (each for each in found if each.is_failing or each.load.waiting or each.load.unconfirmed)
    return [_of_outage(request, outage) for outage in shown if outage.health.name != "degraded" or outage.load.waiting]


def of_alert(request: HttpRequest, alert: Alert) -> OutageCard | None:
    """The card for an alert about a provider, or about messages that wait."""
    if alert.provider_id is not None:
        found = [each for each in outages.find_outages() if each.provider.pk == alert.provider_id]
        return _of_outage(request, found[0]) if found else None
    narrowed = {"otp:late": {"is_otp": "1"}, "queue:waiting": {"is_otp": "0"}, "unconfirmed:waiting": {}}.get(alert.key)
    if narrowed is None:
        return None
    return OutageCard(alert.title, tuple(_figures(request, _total(outages.loads().values()), narrowed)))


def _total(loads: Iterable[Load]) -> Load:
    listed = list(loads)
    names = ("waiting", "waiting_otps", "unconfirmed", "unconfirmed_otps")
    return Load(**{name: sum(getattr(load, name) for load in listed) for name in names})


def _of_outage(request: HttpRequest, outage: Outage) -> OutageCard:
    return OutageCard(
        title=outage.title,
        figures=tuple(_figures(request, outage.load, {"provider": outage.provider.pk})),
        provider=outage.provider.pk,
        since=outage.since,
        state=outage.provider.state,
        why=outage.calls.problem,
        is_suspended=outage.is_suspended,
    )


def _figures(request: HttpRequest, load: Load, narrowed: dict[str, Any]) -> Iterator[Figure]:
    only_otps, no_otps = narrowed.get("is_otp") == "1", narrowed.get("is_otp") == "0"
    waiting = load.waiting_otps if only_otps else load.waiting - load.waiting_otps if no_otps else load.waiting
    if waiting:
        filters = {"view": "waiting", **narrowed}
        actions = [(_("Move all waiting"), Kind.MOVE), (_("Cancel all"), Kind.CANCEL)]
        otps = 0 if no_otps else load.waiting_otps
        yield _figure(request, _("Waiting"), waiting, otps, filters, actions)
    if load.unconfirmed and "is_otp" not in narrowed:
        filters = {"view": "unconfirmed", **narrowed}
        actions = [(_("Resolve all"), Kind.RESOLVE)]
        yield _figure(request, _("Unconfirmed"), load.unconfirmed, load.unconfirmed_otps, filters, actions)


def _figure(
    request: HttpRequest, label: Any, count: int, otps: int, filters: dict[str, Any], actions: list[tuple[Any, Kind]]
) -> Figure:
    possible = tuple((words, bulk_address(kind, **filters)) for words, kind in actions if may_start(request, kind))
    return Figure(label, count, otps, list_address(**filters), possible)
