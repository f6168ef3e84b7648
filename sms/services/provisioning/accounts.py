"""What providers and partners share: a vendor, its address, credentials and options."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from typing import Any

from providers.base import Adapter
from providers.settings import Setting, SettingError
from sms.models import Partner, Provider
from sms.services.configuration.network_policy import address_problem

from .location import Location
from .schema import PartnerTable, ProviderTable

AccountTable = ProviderTable | PartnerTable


def has_vendor(
    table: AccountTable, at: Location, row: Provider | Partner, adapters: Mapping[str, type[Adapter]]
) -> bool:
    """Set the vendor of a new row. A stored row keeps its vendor, because its reports have that vendor's format."""
    if row._state.adding:
        row.vendor = table.vendor
        if not table.vendor and at.is_valid("vendor"):
            at.report("vendor", f"is missing; known are {', '.join(adapters)}")
    elif table.vendor not in ("", row.vendor):
        at.report("vendor", f"is {row.vendor} and can't change; declare the new account under another slug")
    return row.vendor in adapters


def check_url(at: Location, key: str, url: str, adapter: type[Adapter]) -> None:
    problem = url and address_problem(url, adapter)
    if problem:
        at.report(key, problem)


def account_values(table: AccountTable, at: Location, row: Provider | Partner) -> dict[str, Any]:
    """The stored credentials and options, updated with those of the file."""
    adapter, named = row.adapter_class, table.model_fields_set
    values: dict[str, Any] = {}
    if "credentials" in named or row._state.adding:
        values["credentials"] = _credentials(table.credentials, at.child("credentials"), row, adapter)
    if not row._state.adding:
        values |= _origin(table, at, row)
    if "options" in named:
        inside = at.child("options")
        given = _known(table.options, inside, adapter.options)
        values["options"] = _cleaned(inside, {**row.options, **given}, adapter.clean_options)
    if "options" in named or row._state.adding:
        _require_options(table, at.child("options"), row)
    return values


def _require_options(table: AccountTable, at: Location, row: Provider | Partner) -> None:
    for key in row.adapter_class.missing_options({**row.options, **table.options}):
        at.report(key, "is missing")


def _origin(table: AccountTable, at: Location, row: Provider | Partner) -> dict[str, str]:
    """The server that the credentials are for: the address's server if the file contains all secrets.

    Otherwise the address must be on the server for which the credentials were entered.
    """
    moved, inside = copy(row), at.child("credentials")
    for key in {"base_url", "url"} & table.model_fields_set:
        setattr(moved, key, getattr(table, key))
    declared = [setting for setting in row.adapter_class.credentials if setting.secret]
    secrets = [each.key for each in declared if not each.optional or row.credentials.get(each.key)]
    missing = [key for key in secrets if key not in table.credentials]
    if secrets and not missing:
        moved.bind_credentials()
        return {"credentials_origin": moved.credentials_origin}
    for key in missing if moved.is_moved else ():
        if inside.is_valid(key):
            inside.report(key, f"is missing: {moved.address or moved.default_address} is of another server than before")
    return {}


def _credentials(
    table: Mapping[str, Any], at: Location, row: Provider | Partner, adapter: type[Adapter]
) -> dict[str, Any] | None:
    given = _known(table, at, adapter.credentials)
    for setting in adapter.credentials:
        if not setting.optional and setting.key not in given and not row.credentials.get(setting.key):
            at.report(setting.key, "is missing")
    if not at.is_valid():
        return None
    removed = {setting.key for setting in adapter.credentials if setting.optional and given.get(setting.key) == ""}
    values = {key: value for key, value in {**row.credentials, **given}.items() if key not in removed}
    return _cleaned(at, values, adapter.clean_credentials)


def _known(table: Mapping[str, Any], at: Location, settings: Iterable[Setting]) -> dict[str, Any]:
    keys = [setting.key for setting in settings]
    for key in table:
        if key not in keys:
            at.report_unknown(key, keys)
    return {key: table[key] for key in keys if key in table}


def _cleaned(
    at: Location, values: dict[str, Any], clean: Callable[[Mapping[str, Any]], dict[str, Any]]
) -> dict[str, Any] | None:
    """The values as the adapter stores them. Each one that it rejects is reported."""
    values = dict(values)
    while True:
        try:
            return clean(values)
        except SettingError as error:
            if not at.is_valid(error.key):
                return None
            at.report(error.key, error.message)
            values.pop(error.key, None)
