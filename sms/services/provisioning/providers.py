"""[[providers]]: accounts at vendors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings

from providers.base import Adapter
from providers.http import url_problem
from providers.registry import SENDERS
from providers.settings import SettingError
from sms.models import Partner, Provider
from sms.services.database.clock import now
from sms.services.dispatch.circuit_breaker import close_by_hand

from .reader import Entry
from .session import Desk


def apply(entry: Entry, desk: Desk) -> None:
    slug = entry.text("slug", required=True)
    vendor = entry.choice("vendor", SENDERS)
    values: dict[str, Any] = {
        "base_url": entry.text("base_url", may_be_empty=True),
        "enabled": entry.boolean("enabled"),
        "timeout": entry.integer("timeout"),
        "max_in_flight": entry.integer("max_in_flight"),
        "rate_limit": entry.integer("rate_limit"),
    }
    credentials, options = entry.table("credentials"), entry.table("options")
    if slug is None:
        return
    desk.declare(entry, "slug", "provider", slug)
    provider = Provider.objects.filter(slug=slug).first() or Provider(slug=slug)
    if not has_vendor(entry, provider, vendor, SENDERS):
        return
    adapter = provider.adapter_class
    check_url(entry, "base_url", values["base_url"], adapter)
    values["credentials"] = read_credentials(entry, credentials, provider, adapter)
    values["options"] = read_options(options, provider.options, adapter)
    has_new_credentials = values["credentials"] not in (None, provider.credentials)
    if has_new_credentials:
        provider.credentials_changed_at = now()
    if desk.save(entry, f"provider {slug}", provider, values) and has_new_credentials:
        close_by_hand(provider)  # a provider that blocks callers waits for just this


def has_vendor(
    entry: Entry, row: Provider | Partner, vendor: str | None, adapters: Mapping[str, type[Adapter]]
) -> bool:
    """Name the vendor of a new row; that of an old one stays, for its reports and attempts speak that tongue."""
    if row._state.adding:
        row.vendor = vendor or ""
        if "vendor" not in entry.values:
            entry.mistake("vendor", f"is missing; known are {', '.join(adapters)}")
    elif vendor not in (None, row.vendor):
        entry.mistake("vendor", f"is {row.vendor} and can't change; declare the new account under another slug")
    return row.vendor in adapters


def check_url(entry: Entry, key: str, url: str | None, adapter: type[Adapter]) -> None:
    problem = url and url_problem(url, allow_private=settings.ALLOW_PRIVATE_PROVIDER_HOSTS, scheme=adapter.scheme)
    if problem:
        entry.mistake(key, problem)


def read_credentials(
    entry: Entry, table: Entry | None, row: Provider | Partner, adapter: type[Adapter]
) -> dict[str, Any] | None:
    """The stored credentials with those of the file laid over them; None where the file names none."""
    if table is None and not row._state.adding:
        return None
    table = table or Entry(f"{entry.path}.credentials", {}, entry.mistakes)
    keys = [setting.key for setting in adapter.credentials]
    given = _known(table, keys)
    for key in keys:
        if key not in given and not row.credentials.get(key):
            table.mistake(key, "is missing")
    return _cleaned(table, {**row.credentials, **given}, adapter.clean_credentials) if table.is_sound else None


def read_options(table: Entry | None, stored: Mapping[str, Any], adapter: type[Adapter]) -> dict[str, Any] | None:
    """The stored options with those of the file laid over them."""
    if table is None:
        return None
    given = _known(table, [setting.key for setting in adapter.options])
    return _cleaned(table, {**stored, **given}, adapter.clean_options)


def _known(table: Entry, keys: list[str]) -> dict[str, Any]:
    given = {key: table.raw(key) for key in keys if table.raw(key) is not None}
    table.finish()
    return given


def _cleaned(
    table: Entry, values: dict[str, Any], clean: Callable[[Mapping[str, Any]], dict[str, Any]]
) -> dict[str, Any] | None:
    """The values as the adapter takes them. Each one that it refuses is noted."""
    values = dict(values)
    while True:
        try:
            return clean(values)
        except SettingError as error:
            if not table.is_sound_at(error.key):
                return None
            table.mistake(error.key, error.message)
            values.pop(error.key, None)
