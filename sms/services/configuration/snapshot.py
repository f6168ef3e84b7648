"""The configuration as plain values: built once per change, the same for the live path, the admin and the dispatcher.

Each process keeps one copy and compares its stamp with the database's at most once a second, so a change in the admin
is live everywhere within two seconds and an accepted message costs no configuration query.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

import structlog
from django.conf import settings

from providers.base import Carries, Sender
from sms.domain.destinations import BLOCK, DestinationFacts, Verdict, judge
from sms.domain.matching.index import Ambiguous, Index, Matched
from sms.domain.matching.templates import Body, TemplateError, parse_body, parse_kinds
from sms.domain.matching.vendor_text import of_body, read_vendor_text
from sms.domain.routing import ApprovedTemplate, Decision, ProviderFacts, RouteFacts, decide, pick_route
from sms.models import (
    ApiClient,
    ApprovalStatus,
    ConfigurationStamp,
    Destination,
    Provider,
    Route,
    SenderApproval,
    SenderName,
    TemplateApproval,
    TemplateApprovalStatus,
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ClientFacts:
    """A caller, as the endpoint needs it. `senders` is None where every sender name is allowed."""

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


@dataclass(frozen=True)
class Account:
    """A provider as the dispatcher needs it: its adapter, and how it may be called."""

    id: int
    slug: str
    enabled: bool
    paused: bool
    timeout: int
    max_in_flight: int | None
    rate_limit: int | None
    adapter: Sender

    @property
    def is_limited(self) -> bool:
        """Dispatchers share a limit of its calls."""
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
            has_sender_field=kind.has_sender_field,
            max_length=kind.max_length,
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


@dataclass(frozen=True)
class Shelf:
    """The templates approved at one provider, and the index that finds them; what it was made of."""

    templates: Mapping[int, ApprovedTemplate]
    bodies: tuple[tuple[int, Body], ...]
    rows: Sequence[ApprovalRow] = ()

    @cached_property
    def index(self) -> Index[int]:
        return Index(self.bodies)

    def match(self, text: str) -> tuple[Matched[int], ApprovedTemplate] | Ambiguous[int] | None:
        found = self.index.match(text)
        if isinstance(found, Ambiguous):
            found = self._newest(found, text)
        return (found, self.templates[found.key]) if isinstance(found, Matched) else found

    def _newest(self, tied: Ambiguous[int], text: str) -> Matched[int] | Ambiguous[int] | None:
        """Approvals of one template that give the same text, such as an old id and a new one, are no tie."""
        if len({self.templates[key].name for key in tied.keys}) > 1:
            return tied
        newest = max(tied.keys)
        return Index([(newest, dict(self.bodies)[newest])]).match(text)


EMPTY_SHELF = Shelf({}, ())


@dataclass(frozen=True)
class Snapshot:
    stamp: int
    clients: Mapping[str, ClientFacts]
    sender_names: Mapping[str, Mapping[int, str]]
    """Each sender name, with the providers that have approved it and what they call it."""
    routes: tuple[RouteFacts, ...]
    """The enabled ones."""
    accounts: Mapping[int, Account]
    shelves: Mapping[int, Shelf] = field(default_factory=dict)
    destinations: Mapping[str, DestinationFacts] = field(default_factory=dict)
    """By country, as ISO 3166-1 writes it."""

    @cached_property
    def routes_by_id(self) -> Mapping[int, RouteFacts]:
        return {route.id: route for route in self.routes}

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
        return pick_route(self.routes, to=to, client=client, is_otp=is_otp)

    def decide(self, *, text: str, sender: str, to: str, client: int, is_otp: bool) -> Decision:
        """Route a text: the one function behind the live path and every page that explains it."""
        route = self.route(to=to, client=client, is_otp=is_otp)
        return self.judge(route.providers if route else (), text=text, sender=sender, route=route)

    def judge(self, providers: Iterable[int], *, text: str, sender: str, route: RouteFacts | None = None) -> Decision:
        """Judge these providers as they are now; one that is gone is left out."""
        return decide(
            route,
            [self.accounts[provider].facts for provider in providers if provider in self.accounts],
            text=text,
            sender_names=self.sender_names.get(sender, {}),
            match=lambda provider: self.shelves.get(provider, EMPTY_SHELF).match(text),
        )


_current: Snapshot | None = None
_checked_at = 0.0
_refresh = threading.Lock()


def current() -> Snapshot:
    """This process's copy, at most CONFIGURATION_MAX_AGE seconds behind the database."""
    fresh = time.monotonic() - _checked_at < settings.CONFIGURATION_MAX_AGE
    if _current is not None and fresh:
        return _current
    if _current is not None and not _refresh.acquire(blocking=False):
        return _current  # another thread looks already
    if _current is None:
        _refresh.acquire()
    try:
        return _look()
    finally:
        _refresh.release()


def fresh() -> Snapshot:
    """This process's copy as the database has it right now: for what must not be done on an old one's word."""
    with _refresh:
        return _look()


def _look() -> Snapshot:
    global _current, _checked_at
    stamp = ConfigurationStamp.current()
    if _current is None or _current.stamp != stamp:
        _current = build(stamp, _current.shelves if _current else {})
    _checked_at = time.monotonic()
    return _current


def forget() -> None:
    """Drop this process's copy; the next use builds it anew."""
    global _current, _checked_at
    _current, _checked_at = None, 0.0


def build(stamp: int, known: Mapping[int, Shelf]) -> Snapshot:
    """`known`: the shelves of before. With thousands of templates they are nearly all the work, and few change."""
    return Snapshot(
        stamp=stamp,
        clients={client.username: _client(client) for client in ApiClient.objects.prefetch_related("senders")},
        sender_names=_sender_names(),
        routes=tuple(_route(route) for route in Route.objects.filter(enabled=True).prefetch_related("steps")),
        accounts={provider.pk: _account(provider) for provider in Provider.objects.all()},
        shelves=_shelves(known),
        destinations={row.country: _destination(row) for row in Destination.objects.all()},
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


def _route(route: Route) -> RouteFacts:
    return RouteFacts(
        id=route.pk,
        prefix=route.prefix,
        client=route.client_id,
        is_otp=route.is_otp,
        providers=tuple(step.provider_id for step in route.steps.all()),
        otp_ttl=route.otp_ttl,
        ttl=route.ttl,
        resend_unconfirmed_otp=route.resend_unconfirmed_otp,
    )


def _account(provider: Provider) -> Account:
    return Account(
        id=provider.pk,
        slug=provider.slug,
        enabled=provider.enabled,
        paused=provider.paused,
        timeout=provider.timeout,
        max_in_flight=provider.max_in_flight,
        rate_limit=provider.rate_limit,
        adapter=provider.adapter(),
    )


_OF_VERSION = ("template__name", "version", "version__body", "version__placeholders")
_STORED = ("id", "vendor_template", "text", "parameters", *_OF_VERSION)


def _shelves(known: Mapping[int, Shelf]) -> dict[int, Shelf]:
    approvals = TemplateApproval.objects.filter(status=TemplateApprovalStatus.APPROVED).order_by("id")
    by_provider: dict[int, list[ApprovalRow]] = {}
    for provider, *stored in approvals.values_list("provider", *_STORED):
        by_provider.setdefault(provider, []).append(ApprovalRow(*stored))
    return {provider: _shelf(rows, known.get(provider, EMPTY_SHELF)) for provider, rows in by_provider.items()}


def _shelf(rows: Sequence[ApprovalRow], known: Shelf) -> Shelf:
    """The one of before, with its index, if nothing on it changed; of its bodies those that did not."""
    if rows == known.rows:
        return known
    before, parsed = {row.id: row for row in known.rows}, dict(known.bodies)
    bodies = {row.id: parsed[row.id] if _is_same_text(row, before.get(row.id)) else _parsed(row) for row in rows}
    approved = {row.id: found for row in rows if (found := _approved(row, bodies[row.id])) is not None}
    return Shelf(approved, tuple((key, body) for key, body in bodies.items() if key in approved), rows)


def _is_same_text(row: ApprovalRow, before: ApprovalRow | None) -> bool:
    return before is not None and (row.body, row.placeholders) == (before.body, before.placeholders)


def _parsed(row: ApprovalRow) -> Body:
    return parse_body(row.body, parse_kinds(row.placeholders))


def _approved(row: ApprovalRow, body: Body) -> ApprovedTemplate | None:
    """None for an approval that contradicts itself: no form lets one in, and the others must go on being sent."""
    order = parameter_order(row.parameters, body)
    try:
        registered = read_vendor_text(row.text, order, known=[row.body]) if row.text else of_body(body, order)
    except (TemplateError, KeyError) as error:
        log.error("approval.unreadable", approval=row.id, template=row.name, fault=str(error))
        return None
    return ApprovedTemplate(row.id, row.name, row.version, row.vendor_template, order, registered)


def parameter_order(parameters: Iterable[str | Mapping[str, str]], body: Body) -> tuple[tuple[str, str], ...]:
    """Pairs of our placeholder and the vendor's name for it, in the vendor's order."""
    if not parameters:
        return tuple((name, name) for name in body.names)
    pairs = (next(iter(p.items())) if isinstance(p, Mapping) else (p, p) for p in parameters)
    return tuple(pairs)
