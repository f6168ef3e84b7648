"""Checks what is missing before messages can be sent: a list of steps with instructions and links."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, Sum

from providers.base import Carries, ReportChannel
from providers.marking import N_
from providers.registry import Missing
from sms.domain.destinations import names_none
from sms.models import (
    ApprovalDoubt,
    CallingAddress,
    Dispatcher,
    HourlyNewline,
    Provider,
    ProviderState,
    TemplateApproval,
    TemplateApprovalStatus,
)
from sms.services.configuration import snapshot
from sms.services.configuration.snapshot import Account, Snapshot
from sms.services.database import clock
from sms.services.webhooks.urls import registered_url

from .status import ALIVE

NEWLINE_DAYS = 7
"""For how many days texts with an undecided `/n` are counted."""
CACHED_FOR = 10.0
"""Seconds for which a process caches the result of `is_green`, which the menu of every page needs."""

NOT_DONE = {
    (N_("PUBLIC_URL is set"), False): N_("PUBLIC_URL is not set"),
    (N_("A provider exists"), False): N_("No provider exists"),
    (N_("A client exists"), False): N_("No client exists"),
    (N_("Dispatcher running"), False): N_("No dispatcher is running"),
    (N_("Credentials are stored"), False): N_("Credentials are missing"),
    (N_("The vendor's adapter can be used"), False): N_("The vendor's adapter can't be used"),
    (N_("The vendor accepts our requests"), False): N_("The vendor has accepted no request of ours"),
    (N_("A sender name is approved"), False): N_("No sender name is approved"),
    (N_("A template is approved"), False): N_("No template is approved"),
    (N_("Approved texts are confirmed"), False): N_("Approved texts are not confirmed"),
    (N_("No approval is in doubt"), False): N_("Approvals are in doubt"),
    (N_("A route uses it"), False): N_("No route can use it"),
    (N_("Delivery reports arrive"), False): N_("Delivery reports can't arrive"),
    (N_("Delivery reports arrive"), None): N_("No delivery report has arrived yet"),
}
"""The headings of steps that are not done, by title and `done`."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `done` is None if the state is not known yet and no action is needed.

    `target` names the page for the correction and `target_id` its row. `copy` is a text to copy; with `is_secret` it is
    shown only to staff who may change the provider.
    """

    title: str
    done: bool | None
    says: str
    target: str = ""
    target_id: int | None = None
    copy: str = ""
    is_secret: bool = False

    @property
    def heading(self) -> str:
        """The title says what is done. Of a step that is not done, the heading says that."""
        return self.title if self.done else NOT_DONE.get((self.title, self.done), self.title)


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    steps: tuple[Step, ...]
    provider_id: int | None = None

    @property
    def is_green(self) -> bool:
        return all(step.done is not False for step in self.steps)


_UNCONFIRMED = TemplateApproval.objects.filter(needs_confirmation=True, status=TemplateApprovalStatus.APPROVED)


def sections() -> list[Section]:
    """The installation's steps, then those of each enabled provider."""
    current = snapshot.current()
    marks = {
        "has_doubts": Exists(ApprovalDoubt.objects.filter(provider=OuterRef("pk"))),
        "has_unconfirmed": Exists(_UNCONFIRMED.filter(provider=OuterRef("pk"))),
    }
    states = {state.pk: state for state in ProviderState.objects.annotate(**marks)}
    accounts = [a for a in current.accounts.values() if a.enabled]
    providers = {p.pk: p for p in Provider.objects.defer("credentials").filter(pk__in=[a.id for a in accounts])}
    calling = ", ".join(CallingAddress.objects.values_list("address", flat=True))
    listed = [_provider(a, providers[a.id], states.get(a.id), current, calling) for a in accounts if a.id in providers]
    return [_around(bool(accounts), current, calling), *listed]


class SetupStatus:
    """Caches for CACHED_FOR seconds, per process, whether nothing is missing."""

    def __init__(self) -> None:
        self.reset_cache()

    def is_green(self) -> bool:
        if time.monotonic() - self._checked_at >= CACHED_FOR:
            self._is_green, self._checked_at = _all_green(), time.monotonic()
        return self._is_green

    def reset_cache(self) -> None:
        self._is_green, self._checked_at = False, -math.inf


status = SetupStatus()
"""This process's."""


def _all_green() -> bool:
    return all(section.is_green for section in sections())


def _around(has_providers: bool, current: Snapshot, calling: str) -> Section:
    now = clock.now()
    return Section(
        N_("This installation"),
        (
            Step(
                N_("PUBLIC_URL is set"),
                bool(settings.PUBLIC_URL),
                settings.PUBLIC_URL or N_("Set PUBLIC_URL in the environment: without it no vendor can report back."),
            ),
            Step(
                N_("A provider exists"),
                has_providers,
                N_("At least one is enabled.") if has_providers else N_("Add an account at a vendor, and enable it."),
                "providers",
            ),
            _caller(current),
            _dispatcher(now),
            _calling(calling),
            *_undecided_newlines(now),
        ),
    )


def _caller(current: Snapshot) -> Step:
    names = [client.username for client in current.clients.values() if client.enabled]
    says = ", ".join(sorted(names)) or N_("Add a client: a user name and a secret for Akinon.")
    return Step(N_("A client exists"), bool(names), says, "clients")


def _dispatcher(now: datetime) -> Step:
    seen = latest_heartbeat()
    alive = seen is not None and now - seen < ALIVE
    if alive:
        return Step(
            N_("Dispatcher running"),
            True,
            N_("Last seen at {seen:%Y-%m-%d %H:%M:%S} UTC.").format(seen=seen),
            "dispatchers",
        )
    return Step(
        N_("Dispatcher running"), False, N_("Start one: python manage.py dispatch. Until then no messages are sent.")
    )


def _calling(calling: str) -> Step:
    """Never red, because not every vendor needs the address and a process behind NAT can't determine it."""
    title = N_("Outbound IP address of this server")
    if calling:
        return Step(
            title,
            True,
            N_("Give it to each vendor: some accept requests only from addresses that they know."),
            copy=calling,
        )
    says = N_(
        "Add it: some vendors accept requests only from addresses that they know. Your server administrator knows it."
    )
    return Step(title, None, says, "addresses")


def _undecided_newlines(now: datetime) -> Iterator[Step]:
    """Clients whose texts contain a `/n` that may be part of a word, which is then broken by a new line. Never red."""
    since = now - timedelta(days=NEWLINE_DAYS)
    counts = HourlyNewline.objects.filter(hour__gte=since).values_list("client__username").annotate(Sum("count"))
    if found := ", ".join(f"{client}: {count}" for client, count in counts.order_by("-count__sum")):
        says = N_(
            "Messages of the last {newline_days} days by client: {found}. Look at some of them. If the /n is "
            "part of a word there, the client needs “newline escape” set to “off”, and a new line of its own as "
            "\\n in JSON."
        ).format(newline_days=NEWLINE_DAYS, found=found)
        yield Step(N_("Texts in which /n may be part of a word"), None, says, "clients")


def latest_heartbeat() -> datetime | None:
    alive = Dispatcher.objects.filter(stopped_at=None).order_by("-seen_at")
    return alive.values_list("seen_at", flat=True).first()


def _provider(
    account: Account, provider: Provider, state: ProviderState | None, current: Snapshot, calling: str
) -> Section:
    steps = _steps(account, provider, state or ProviderState(), current, calling)
    return Section(account.slug, tuple(steps), account.id)


def _steps(
    account: Account, provider: Provider, state: ProviderState, current: Snapshot, calling: str
) -> Iterator[Step]:
    yield _credentials(account)
    yield _reached(account, state, calling)
    if account.adapter.sender_rule.is_required:
        yield _sender(account, current)
    else:
        yield from _shown_sender(account, current)
    if account.adapter.carries != Carries.TEXT:
        yield _template(account, current)
    if getattr(state, "has_unconfirmed", False):
        yield from _unconfirmed_texts(account)
    if getattr(state, "has_doubts", False):
        yield from _doubts(account)
    yield _route(account, current)
    if account.adapter.reports & {ReportChannel.CALLBACK_PER_ATTEMPT, ReportChannel.CALLBACK_REGISTERED}:
        yield _callback(account, provider, state)


def _credentials(account: Account) -> Step:
    if isinstance(account.adapter, Missing):
        return Step(N_("The vendor's adapter can be used"), False, account.problem, "provider", account.id)
    if account.problem:
        return Step(N_("Credentials are stored"), False, account.problem, "provider", account.id)
    adapter = account.adapter
    missing = (*adapter.missing_credentials(), *adapter.missing_options(adapter.option))
    labels = {setting.key: setting.label for setting in (*adapter.credentials, *adapter.options)}
    says = (
        N_("Missing: {missing}.").format(missing=", ".join(labels[key] for key in missing))
        if missing
        else N_("Stored, encrypted.")
    )
    return Step(N_("Credentials are stored"), not missing, says, "provider", account.id)


def _reached(account: Account, state: ProviderState, calling: str) -> Step:
    """Some vendors accept calls only from registered addresses. An accepted call shows that ours is registered."""
    title = N_("The vendor accepts our requests")
    if state.last_test_accepted or state.last_success_at:
        at = state.last_success_at or state.last_test_at
        return Step(
            title,
            True,
            N_("It accepted a request at {at:%Y-%m-%d %H:%M} UTC.").format(at=at)
            if at
            else N_("It accepted a request."),
        )
    if state.last_test_accepted is False:
        return Step(
            title,
            False,
            N_("The last test was not accepted: {last_test_detail_text}").format(
                last_test_detail_text=state.last_test_detail
            ),
            "health",
            account.id,
        )
    give = N_("Give the vendor the public address that this server calls from; some vendors block unknown ones.")
    if account.adapter.can_test:
        return Step(
            title,
            False,
            " ".join([give, N_("Then press “test connection”.")]),
            "health",
            account.id,
            calling,
        )
    words = " ".join([give, N_("This vendor has no test call: send a message to your own number.")])
    return Step(title, False, words, "test", copy=calling)


def _sender(account: Account, current: Snapshot) -> Step:
    names = [name for name, approved in current.sender_names.items() if account.id in approved]
    says = ", ".join(names) or N_("Have a sender name approved at the vendor, then mark it approved here.")
    return Step(N_("A sender name is approved"), bool(names), says, "senders")


def _shown_sender(account: Account, current: Snapshot) -> Iterator[Step]:
    """If a call can't contain a sender name, recipients see the account's own name, whatever the message's is."""
    title, shown = N_("It is known which sender the account shows"), account.shown_sender
    if shown:
        says = N_("{shown}. Messages with other sender names are not routed here.").format(shown=shown)
        if shown not in current.sender_names:
            says = N_(
                "{shown} is not one of the sender names, so no message is routed here. Correct it, or add the name."
            ).format(shown=shown)
        yield Step(title, shown in current.sender_names, says, "provider", account.id)
    elif len(names := _senders_routed_to(account, current)) > 1:
        says = N_(
            "{names} are routed here, and this vendor may show the account's own sender instead. Ask the "
            "vendor which one, and enter it as “sender shown”."
        ).format(names=", ".join(sorted(names)[:5]) + (" …" if len(names) > 5 else ""))
        yield Step(title, False, says, "provider", account.id)


def _senders_routed_to(account: Account, current: Snapshot) -> set[str]:
    """The sender names that messages for this provider can have without its approval."""
    routed = [route.client for route in current.routes if account.id in route.providers]
    clients = [c for c in current.clients.values() if c.enabled and (None in routed or c.id in routed)]
    allowed = set().union(*(current.sender_names if c.senders is None else c.senders for c in clients))
    approved = current.sender_names if account.adapter.sender_rule.takes_name else {}
    return {name for name in allowed if account.id not in approved.get(name, {})}


def _template(account: Account, current: Snapshot) -> Step:
    approved = current.template_sets.get(account.id)
    count = len(approved.templates) if approved else 0
    says = (
        N_("{count} approved.").format(count=count)
        if count
        else N_("This vendor sends only approved templates: have one approved, then mark it approved here.")
    )
    return Step(N_("A template is approved"), bool(count), says, "templates")


def _unconfirmed_texts(account: Account) -> Iterator[Step]:
    """Approvals created before approvals stored the vendor's text, of templates whose text has changed."""
    marked = _UNCONFIRMED.filter(provider=account.id).order_by("template__name")
    names = list(marked.values_list("template__name", flat=True))
    shown = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
    says = N_(
        "{shown}: the text changed after it was approved, and the vendor may send the older one. Compare it "
        "with the text that the vendor has registered, then confirm or correct the approval."
    ).format(shown=shown)
    yield Step(N_("Approved texts are confirmed"), False, says, "templates")


def _doubts(account: Account) -> Iterator[Step]:
    """Approvals that a vendor's response contradicts."""
    doubts = ApprovalDoubt.in_force(provider=account.id)
    if doubts:
        shown = "; ".join(f"{doubt.owner.name}: {doubt.code}: {doubt.detail.rstrip('.')}" for doubt in doubts[:5])
        more = " …" if len(doubts) > 5 else "."
        says = f"{shown}{more} " + N_(
            "Compare with what the vendor has approved, then end the doubt or correct the approval."
        )
        yield Step(N_("No approval is in doubt"), False, says, "doubts")


def _route(account: Account, current: Snapshot) -> Step:
    prefixes = [route.prefix for route in current.routes if account.id in route.providers]
    says = ", ".join(sorted(set(prefixes))) or N_("No route uses this provider: add it to one.")
    if prefixes and all(map(names_none, prefixes)) and not current.allows_a_country:
        says += " " + N_("is used only for countries that are allowed under Destinations, and there are none.")
        return Step(N_("A route uses it"), False, says, "destinations")
    return Step(N_("A route uses it"), bool(prefixes), says, "routes")


def _callback(account: Account, provider: Provider, state: ProviderState) -> Step:
    title = N_("Delivery reports arrive")
    if not settings.PUBLIC_URL:
        return Step(title, False, N_("Without PUBLIC_URL there is no callback URL."))
    address = registered_url(provider) or ""
    how = (
        N_("Register this callback URL at the vendor.")
        if address
        else N_("The callback URL is sent to the vendor with each message.")
    )
    if state.first_report_at:
        says = N_("First report received at {first_report_at:%Y-%m-%d %H:%M} UTC.").format(
            first_report_at=state.first_report_at
        )
        return Step(title, True, says, copy=address, is_secret=True)
    return Step(title, None, " ".join([how, N_("No report was received yet.")]), copy=address, is_secret=True)
