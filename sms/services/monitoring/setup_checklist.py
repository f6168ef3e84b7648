"""What is still missing before messages go out: a list of facts, each with what to do and where."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from providers.base import Carries, Receipts
from sms.domain.destinations import names_none
from sms.models import (
    CallingAddress,
    Dispatcher,
    Provider,
    ProviderState,
    TemplateApproval,
    TemplateApprovalStatus,
    UndecryptableError,
)
from sms.services.configuration import snapshot
from sms.services.configuration.snapshot import Account, Snapshot
from sms.services.database import clock
from sms.services.webhooks.urls import registered_address

ALIVE = timedelta(seconds=60)
"""A dispatcher not seen for so long counts as dead."""
KEEP_ANSWER = 10.0
"""Seconds for which a process keeps the answer to `is_green`: the menu of every page asks."""


@dataclass(frozen=True, slots=True)
class Step:
    """One fact. `done` is None where nothing is to be done and nothing is sure yet.

    `target` names the page that mends it and `target_id` its row; `copy` is something to hand to somebody.
    """

    title: str
    done: bool | None
    says: str
    target: str = ""
    target_id: int | None = None
    copy: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    steps: tuple[Step, ...]
    provider_id: int | None = None

    @property
    def is_green(self) -> bool:
        return all(step.done is not False for step in self.steps)


def sections() -> list[Section]:
    """Everything, provider by provider."""
    current = snapshot.current()
    states = {state.pk: state for state in ProviderState.objects.all()}
    accounts = [a for a in current.accounts.values() if a.enabled]
    providers = {p.pk: p for p in Provider.objects.defer("credentials").filter(pk__in=[a.id for a in accounts])}
    calling = ", ".join(CallingAddress.objects.values_list("address", flat=True))
    listed = [_provider(a, providers[a.id], states.get(a.id), current, calling) for a in accounts if a.id in providers]
    return [_around(bool(accounts), current, calling), *listed]


_known: tuple[float, bool] = (float("-inf"), False)


def is_green() -> bool:
    """Whether nothing is missing, by this process's answer of at most KEEP_ANSWER seconds ago."""
    global _known
    if time.monotonic() - _known[0] >= KEEP_ANSWER:
        _known = (time.monotonic(), _all_green())
    return _known[1]


def forget() -> None:
    global _known
    _known = (float("-inf"), False)


def _all_green() -> bool:
    try:
        return all(section.is_green for section in sections())
    except UndecryptableError:
        return False


def _around(has_providers: bool, current: Snapshot, calling: str) -> Section:
    return Section(
        "This installation",
        (
            Step(
                "PUBLIC_URL is set",
                bool(settings.PUBLIC_URL),
                settings.PUBLIC_URL or "Set PUBLIC_URL in the environment: without it no vendor can report back.",
            ),
            Step(
                "A provider exists",
                has_providers,
                "At least one is enabled." if has_providers else "Add an account at a vendor, and enable it.",
                "providers",
            ),
            _caller(current),
            _dispatcher(),
            _calling(calling),
        ),
    )


def _caller(current: Snapshot) -> Step:
    names = [client.username for client in current.clients.values() if client.enabled]
    says = ", ".join(sorted(names)) or "Add a client: a user name and a secret for Akinon."
    return Step("A caller exists", bool(names), says, "clients")


def _dispatcher() -> Step:
    seen = latest_heartbeat()
    alive = seen is not None and clock.now() - seen < ALIVE
    if alive:
        return Step("A dispatcher lives", True, f"Seen at {seen:%Y-%m-%d %H:%M:%S} UTC.", "dispatchers")
    return Step("A dispatcher lives", False, "Start one: python manage.py dispatch. Until then nothing goes out.")


def _calling(calling: str) -> Step:
    """No vendor needs it in general, and no process can find it out behind a gateway: never red."""
    title = "The address that our server calls from"
    if calling:
        return Step(title, True, "To give to each vendor: some let in only those that they know.", copy=calling)
    says = "Record it: some vendors let in only addresses that they know. Whoever runs the server knows it."
    return Step(title, None, says, "addresses")


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
    if account.adapter.has_sender_field:
        yield _sender(account, current)
    if account.adapter.carries == Carries.TEMPLATE:
        yield _template(account, current)
        yield from _unconfirmed_texts(account)
    yield _route(account, current)
    if account.adapter.receipts & {Receipts.PUSH_PER_ATTEMPT, Receipts.PUSH_REGISTERED}:
        yield _callback(account, provider, state)


def _credentials(account: Account) -> Step:
    missing = account.adapter.missing_credentials()
    labels = {setting.key: setting.label for setting in account.adapter.credentials}
    says = f"Missing: {', '.join(labels[key] for key in missing)}." if missing else "Stored, encrypted."
    return Step("Credentials are stored", not missing, says, "provider", account.id)


def _reached(account: Account, state: ProviderState, calling: str) -> Step:
    """Our own address is one that some vendors must let in; an answer of theirs proves that they do."""
    title = "The vendor lets our server in"
    if state.last_test_accepted or state.last_success_at:
        at = state.last_success_at or state.last_test_at
        return Step(title, True, f"It took a call of ours at {at:%Y-%m-%d %H:%M} UTC." if at else "It took a call.")
    if state.last_test_accepted is False:
        return Step(title, False, f"The last test was not accepted: {state.last_test_detail}", "health", account.id)
    give = "Give the vendor the public address that this server calls from; some vendors block unknown ones."
    if account.adapter.can_test:
        return Step(title, False, f"{give} Then press “test connection”.", "health", account.id, calling)
    words = f"{give} This vendor has no ping: send a message to your own number."
    return Step(title, False, words, "test", copy=calling)


def _sender(account: Account, current: Snapshot) -> Step:
    names = [name for name, approved in current.sender_names.items() if account.id in approved]
    says = ", ".join(names) or "Have a sender name approved at the vendor, then mark it approved here."
    return Step("A sender name is approved", bool(names), says, "senders")


def _template(account: Account, current: Snapshot) -> Step:
    shelf = current.shelves.get(account.id)
    count = len(shelf.templates) if shelf else 0
    says = (
        f"{count} approved." if count else "This vendor carries templates alone: have one approved, and mark it here."
    )
    return Step("A template is approved", bool(count), says, "templates")


def _unconfirmed_texts(account: Account) -> Iterator[Step]:
    """Approvals from before approvals kept the vendor's text, of templates whose text changed at some time."""
    marked = TemplateApproval.objects.filter(
        provider=account.id, needs_confirmation=True, status=TemplateApprovalStatus.APPROVED
    )
    names = list(marked.order_by("template__name").values_list("template__name", flat=True))
    if names:
        shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        says = (
            f"{shown}: the text changed after it was approved, and the vendor may send the older one. Compare it with "
            "the text that the vendor has registered, then confirm or correct the approval."
        )
        yield Step("Approved texts are confirmed", False, says, "templates")


def _route(account: Account, current: Snapshot) -> Step:
    prefixes = [route.prefix for route in current.routes if account.id in route.providers]
    says = ", ".join(sorted(set(prefixes))) or "No route leads here: add this provider to one."
    if prefixes and all(map(names_none, prefixes)) and not current.allows_a_country:
        says += " carries messages only to countries that are allowed under Destinations, and there are none."
        return Step("A route leads to it", False, says, "destinations")
    return Step("A route leads to it", bool(prefixes), says, "routes")


def _callback(account: Account, provider: Provider, state: ProviderState) -> Step:
    title = "Delivery reports come in"
    if not settings.PUBLIC_URL:
        return Step(title, False, "Without PUBLIC_URL there is no address for reports.")
    address = registered_address(provider) or ""
    how = "Register this address at the vendor." if address else "The address goes to the vendor with each message."
    if state.first_report_at:
        return Step(title, True, f"First report seen at {state.first_report_at:%Y-%m-%d %H:%M} UTC.", copy=address)
    return Step(title, None, f"{how} No report was seen yet.", copy=address)
