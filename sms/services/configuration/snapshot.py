"""The configuration as plain values, the same for the API, the admin and the worker. It is built after each change.

Each process caches one snapshot and compares its stamp with the database's at most once a second. So a change takes
effect in every process within two seconds, and accepting a message needs no query for the configuration.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

import structlog
from django.conf import settings

from providers.base import Carries, Sender
from sms.domain.destinations import BLOCK, DestinationFacts, Verdict, judge
from sms.domain.matching.index import Ambiguous, Index, Matched
from sms.domain.matching.templates import Body, parse_body, parse_kinds
from sms.domain.matching.vendor_text import of_body, read_vendor_text
from sms.domain.routing import ApprovedTemplate, Decision, ProviderFacts, RouteFacts, RouteIndex, decide
from sms.models import (
    ApiClient,
    ApprovalStatus,
    ConfigurationStamp,
    Destination,
    Provider,
    SenderApproval,
    SenderName,
    TemplateApproval,
    TemplateApprovalStatus,
)

from . import stored_periods, vendor_descriptions
from .routes import read_routes
from .stored_periods import NO_PERIODS, StoredPeriods

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ClientFacts:
    """A client, as the API needs it. `senders` is None where every sender name is allowed."""

    id: int
    username: str
    secret_digest: str
    previous_digest: str
    previous_valid_until: datetime | None
    enabled: bool
    newline_escape: str
    senders: frozenset[str] | None
    rate_limit: int | None
    daily_budget: int | None
    read_messages: bool
    on_no_template: str
    otp_per_number: int
    otp_per_range: int
    slot_share: int | None
    country_limits: Mapping[str, int]


@dataclass(frozen=True)
class Account:
    """A provider as the worker needs it: its adapter, and the limits of its calls."""

    id: int
    slug: str
    enabled: bool
    paused: bool
    timeout: int
    max_in_flight: int | None
    rate_limit: int | None
    low_balance: int | None
    shown_sender: str
    adapter: Sender
    reports_per_minute: int
    address_number: int
    old_address_until: datetime | None
    problem: str = ""
    """Why its adapter or its credentials can't be used, and what to do."""

    @property
    def may_be_called(self) -> bool:
        return not self.paused and not self.problem

    @property
    def is_limited(self) -> bool:
        """Whether its calls have a limit, which all workers share."""
        return self.max_in_flight is not None or self.rate_limit is not None

    @cached_property
    def facts(self) -> ProviderFacts:
        kind = self.adapter
        enabled = self.enabled and (settings.ALLOW_SANDBOX or not kind.sandbox)
        return ProviderFacts(
            id=self.id,
            slug=self.slug,
            enabled=enabled,
            takes_text=kind.carries == Carries.TEXT,
            sender_rule=kind.sender_rule,
            shown_sender=self.shown_sender,
            max_length=kind.max_length,
            max_parts=kind.max_parts,
            max_value_length=kind.max_value_length,
        )


class ApprovalRow(NamedTuple):
    """An approval with the version of its template that the vendor has registered, as stored."""

    id: int
    vendor_template: str
    text: str
    parameters: list[str | dict[str, str]]
    name: str
    version: int
    body: str
    placeholders: dict[str, Any]


Found = tuple[Matched[int], ApprovedTemplate] | Ambiguous[int] | None


@dataclass(frozen=True)
class TemplateSet:
    """The templates approved at one provider, the index that finds them, and the rows that both were built from."""

    templates: Mapping[int, ApprovedTemplate]
    bodies: tuple[tuple[int, Body], ...]
    rows: Sequence[ApprovalRow] = ()
    _without: dict[frozenset[int], Index[int]] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def index(self) -> Index[int]:
        return Index(self.bodies)

    def match(self, text: str, doubted: Iterable[int] = ()) -> Found:
        """The best approved template that gives this text; of its approvals the newest.

        An approval in doubt gives way to any other that gives the same text.
        """
        found = self._match(self.index, text)
        in_doubt = self.templates.keys() & doubted if doubted else ()
        if in_doubt and found is not None and not _keys_of(found).isdisjoint(in_doubt):
            other = self._match(self._index_without(frozenset(in_doubt)), text)
            found = other if isinstance(other, Matched) else found
        return (found, self.templates[found.key]) if isinstance(found, Matched) else found

    def _match(self, index: Index[int], text: str) -> Matched[int] | Ambiguous[int] | None:
        found = index.match(text)
        return self._newest(found, text) if isinstance(found, Ambiguous) else found

    def _newest(self, tied: Ambiguous[int], text: str) -> Matched[int] | Ambiguous[int] | None:
        """The newest approval, if all that match are of one template, such as an old id and a new one."""
        if len({self.templates[key].name for key in tied.keys}) > 1:
            return tied
        newest = max(tied.keys)
        return Index([(newest, dict(self.bodies)[newest])]).match(text)

    def _index_without(self, in_doubt: frozenset[int]) -> Index[int]:
        """Built once for each set of doubts: they begin and end seldom. Two are kept: all, and all but those probed."""
        index = self._without.get(in_doubt)
        if index is None:
            index = Index((key, body) for key, body in self.bodies if key not in in_doubt)
            if len(self._without) >= 2:
                self._without.clear()
            self._without[in_doubt] = index
        return index


def _keys_of(found: Matched[int] | Ambiguous[int]) -> set[int]:
    return {found.key} if isinstance(found, Matched) else set(found.keys)


NO_TEMPLATES = TemplateSet({}, ())


@dataclass(frozen=True)
class Snapshot:
    stamp: int
    clients: Mapping[str, ClientFacts]
    sender_names: Mapping[str, Mapping[int, str]]
    """Each sender name, with the ids of the providers that have approved it and their names for it."""
    routes: tuple[RouteFacts, ...]
    """The enabled routes."""
    accounts: Mapping[int, Account]
    template_sets: Mapping[int, TemplateSet] = field(default_factory=dict)
    destinations: Mapping[str, DestinationFacts] = field(default_factory=dict)
    """By country, as ISO 3166-1 writes it."""
    periods: StoredPeriods = NO_PERIODS

    @cached_property
    def routes_by_id(self) -> Mapping[int, RouteFacts]:
        return {route.id: route for route in self.routes}

    @cached_property
    def clients_by_id(self) -> Mapping[int, ClientFacts]:
        return {client.id: client for client in self.clients.values()}

    @cached_property
    def _route_index(self) -> RouteIndex:
        return RouteIndex(self.routes)

    def knows_sender(self, client: ClientFacts, name: str) -> bool:
        return name in self.sender_names and (client.senders is None or name in client.senders)

    @property
    def allows_a_country(self) -> bool:
        return any(facts.mode != BLOCK for facts in self.destinations.values())

    def destination(self, *, to: str, client: int, is_otp: bool) -> Verdict:
        """Whether messages may go to this number at all."""
        has_route = self.route(to=to, client=client, is_otp=is_otp) is not None
        return judge(to, self.destinations, (route.prefix for route in self.routes), has_route=has_route)

    def route(self, *, to: str, client: int, is_otp: bool) -> RouteFacts | None:
        return self._route_index.pick(to=to, client=client, is_otp=is_otp)

    def decide(self, *, text: str, sender: str, to: str, client: int, is_otp: bool) -> Decision:
        """Choose a route, providers and templates for a text: for the API and for every page that explains it."""
        route = self.route(to=to, client=client, is_otp=is_otp)
        return self.check_providers(
            route.providers if route else (), text=text, sender=sender, is_otp=is_otp, route=route
        )

    def check_providers(
        self,
        providers: Iterable[int],
        *,
        text: str,
        sender: str,
        is_otp: bool,
        route: RouteFacts | None = None,
        doubted: Iterable[int] = (),
    ) -> Decision:
        """Check which of these providers can carry a text. One that was deleted is left out.

        `doubted`: template approvals that give way to others which give the same text.
        """
        return decide(
            route,
            [self.accounts[provider].facts for provider in providers if provider in self.accounts],
            text=text,
            is_otp=is_otp,
            sender=sender,
            sender_names=self.sender_names.get(sender, {}),
            match=lambda provider: self.template_sets.get(provider, NO_TEMPLATES).match(text, doubted),
        )


class SnapshotCache:
    """This process's snapshot, which all its threads share: the cache of the configuration."""

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._checked_at = 0.0
        self._refreshing = threading.Lock()

    def current(self) -> Snapshot:
        """The snapshot, at most CONFIGURATION_MAX_AGE seconds older than the database. One thread refreshes it."""
        snapshot = self._snapshot
        if snapshot is None:
            return self.latest()
        is_recent = time.monotonic() - self._checked_at < settings.CONFIGURATION_MAX_AGE
        if is_recent or not self._refreshing.acquire(blocking=False):
            return snapshot
        try:
            return self._refresh()
        finally:
            self._refreshing.release()

    def cached(self) -> Snapshot | None:
        """What this process has, however old, without a query."""
        return self._snapshot

    def latest(self) -> Snapshot:
        """The snapshot of what is in the database now, for decisions that an older one must not make."""
        with self._refreshing:
            return self._refresh()

    def _refresh(self) -> Snapshot:
        stamp = ConfigurationStamp.current()
        snapshot = self._snapshot
        if snapshot is None or snapshot.stamp != stamp:
            self._snapshot = snapshot = build(stamp, snapshot.template_sets if snapshot else {})
        self._checked_at = time.monotonic()
        return snapshot

    def reset(self) -> None:
        """Drop the snapshot; the next use builds it again."""
        self._snapshot = None


_cache = SnapshotCache()
current, cached, latest, reset_cache = _cache.current, _cache.cached, _cache.latest, _cache.reset


def build(stamp: int, previous: Mapping[int, TemplateSet]) -> Snapshot:
    """Read the configuration. Template sets take most of the time, so unchanged ones of `previous` are used again."""
    vendor_descriptions.register()
    return Snapshot(
        stamp=stamp,
        clients={client.username: _client(client) for client in ApiClient.objects.prefetch_related("senders")},
        sender_names=_sender_names(),
        routes=read_routes(),
        accounts={provider.pk: _account(provider) for provider in Provider.objects.all()},
        template_sets=_template_sets(previous),
        destinations={row.country: _destination(row) for row in Destination.objects.all()},
        periods=stored_periods.read(),
    )


def _destination(row: Destination) -> DestinationFacts:
    types = frozenset(row.number_types) if row.number_types else None
    return DestinationFacts(row.country, row.mode, types, row.daily_limit)


def _client(client: ApiClient) -> ClientFacts:
    return ClientFacts(
        id=client.pk,
        senders=None if client.all_senders else frozenset(sender.name for sender in client.senders.all()),
        **{name: getattr(client, name) for name in ClientFacts.__slots__ if name not in ("id", "senders")},
    )


def _sender_names() -> dict[str, dict[int, str]]:
    names: dict[str, dict[int, str]] = {name: {} for name in SenderName.objects.values_list("name", flat=True)}
    approved = SenderApproval.objects.filter(status=ApprovalStatus.APPROVED).select_related("sender")
    for approval in approved:
        names[approval.sender.name][approval.provider_id] = approval.vendor_name or approval.sender.name
    return names


_COPIED = tuple(each.name for each in fields(Account) if each.name not in ("id", "adapter", "problem"))


def _account(provider: Provider) -> Account:
    copied = {name: getattr(provider, name) for name in _COPIED}
    return Account(id=provider.pk, adapter=provider.adapter(), problem=provider.credentials_problem, **copied)


_OF_VERSION = ("template__name", "version", "version__body", "version__placeholders")
_STORED = ("id", "vendor_template", "text", "parameters", *_OF_VERSION)


def _template_sets(previous: Mapping[int, TemplateSet]) -> dict[int, TemplateSet]:
    approvals = TemplateApproval.objects.filter(status=TemplateApprovalStatus.APPROVED).order_by("id")
    by_provider: dict[int, list[ApprovalRow]] = {}
    for provider, *stored in approvals.values_list("provider", *_STORED):
        by_provider.setdefault(provider, []).append(ApprovalRow(*stored))
    return {
        provider: _template_set(rows, previous.get(provider, NO_TEMPLATES)) for provider, rows in by_provider.items()
    }


def _template_set(rows: Sequence[ApprovalRow], previous: TemplateSet) -> TemplateSet:
    """The previous set with its index if no row changed; else a new one, with the parsed bodies that did not change."""
    if rows == previous.rows:
        return previous
    before, parsed = {row.id: row for row in previous.rows}, dict(previous.bodies)
    bodies = {row.id: parsed.get(row.id) for row in rows if _is_same_text(row, before.get(row.id))}
    approved = {row.id: found for row in rows if (found := _approved(row, bodies.get(row.id))) is not None}
    return TemplateSet(approved, tuple((key, each.body) for key, each in approved.items()), rows)


def _is_same_text(row: ApprovalRow, before: ApprovalRow | None) -> bool:
    return before is not None and (row.body, row.placeholders) == (before.body, before.placeholders)


def _approved(row: ApprovalRow, parsed: Body | None) -> ApprovedTemplate | None:
    """The template as approved; None for an invalid row, which no form accepts, so that the others stay usable."""
    try:
        body = parsed or parse_body(row.body, parse_kinds(row.placeholders))
        order = parameter_order(row.parameters, body)
        registered = read_vendor_text(row.text, order, known=[row.body]) if row.text else of_body(body, order)
    except Exception as error:
        log.error("approval.unreadable", approval=row.id, template=row.name, fault=str(error))
        return None
    return ApprovedTemplate(row.id, row.name, row.version, row.vendor_template, order, registered, body)


def parameter_order(parameters: Iterable[str | Mapping[str, str]], body: Body) -> tuple[tuple[str, str], ...]:
    """Pairs of our placeholder and the vendor's name for it, in the vendor's order."""
    if not parameters:
        return tuple((name, name) for name in body.names)
    pairs = (next(iter(p.items())) if isinstance(p, Mapping) else (p, p) for p in parameters)
    return tuple(pairs)
