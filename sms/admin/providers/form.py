"""The form of a provider: its own fields and those that the vendor's adapter declares."""

from __future__ import annotations

from copy import copy
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from providers.base import Adapter
from providers.registry import SENDERS
from providers.settings import Setting, SettingError
from sms.admin.common.base import DefaultsForm
from sms.domain.status_descriptions import channels_text
from sms.models import Partner, Provider, SenderName
from sms.services.configuration.network_policy import address_problem
from sms.services.database.clock import now
from sms.translation import translated

from .adapter_fields import field_for, removal_field

CREDENTIAL = "credential_"
OPTION = "option_"
REMOVE = "remove_"


class ProviderForm(DefaultsForm):
    defaults = ("reports_per_minute",)
    adapter: type[Adapter] | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.adapter:
            stored = self.instance.credentials
            options = self.adapter.options_with_defaults(self.instance.options)
            for name, setting in declared(self.adapter):
                value = options.get(setting.key) if name.startswith(OPTION) else stored.get(setting.key)
                if not setting.secret and name in self.fields:
                    self.initial.setdefault(name, value)

    def clean_base_url(self) -> str:
        return self.checked_address(self.cleaned_data["base_url"])

    def clean_shown_sender(self) -> str:
        name: str = self.cleaned_data["shown_sender"]
        if name and not SenderName.objects.filter(name=name).exists():
            raise ValidationError(
                _("%(name)s is not one of the sender names. Add it there first."), params={"name": name}
            )
        return name

    def checked_address(self, address: str) -> str:
        problem = address and address_problem(address, self.adapter or Adapter)
        if problem:
            raise ValidationError(translated(problem))
        return address

    def clean(self) -> dict[str, Any]:
        """Let the adapter parse each setting, so that an error is shown at its field."""
        values = super().clean() or self.cleaned_data
        self.new_options = self._read(OPTION, lambda adapter: adapter.clean_options, {})
        self._require_options()
        stored = dict(self.instance.credentials)
        self.new_credentials = self._read(CREDENTIAL, lambda adapter: adapter.clean_credentials, stored)
        self._require_secrets_again(values)
        return values

    def _require_options(self) -> None:
        for key in self.adapter.missing_options(self.new_options) if self.adapter else ():
            if OPTION + key not in self.errors:
                self.add_error(OPTION + key, _("This vendor requires it."))

    def _require_secrets_again(self, values: dict[str, Any]) -> None:
        """Ask for the secrets again if the server changes: a user who may change the address may not know them."""
        moved = copy(self.instance)
        for name in ("base_url", "url"):
            if name in values:
                setattr(moved, name, values[name])
        if moved._state.adding or not moved.is_moved:
            return
        for name, setting in declared(self.adapter) if self.adapter else ():
            is_needed = setting.secret and (not setting.optional or setting.key in self.new_credentials)
            if is_needed and name not in self.errors and not self.cleaned_data.get(name):
                self.add_error(name, _("The address is of another server. Enter this again: it is sent there."))

    def _read(self, prefix: str, cleaner: Any, kept: dict[str, Any]) -> dict[str, Any]:
        """The submitted values as the adapter stores them, without defaults. An empty secret keeps the stored one."""
        read: dict[str, Any] = {}
        for name, setting in declared(self.adapter) if self.adapter else ():
            if not name.startswith(prefix) or name in self.errors or self.cleaned_data.get(REMOVE + name):
                continue
            typed = self.cleaned_data.get(name)
            value = kept.get(setting.key) if setting.secret and not typed else typed
            if value in (None, "", []) or value == setting.default:
                continue
            try:
                read |= cleaner(self.adapter)({setting.key: value})
            except SettingError as error:
                self.add_error(name, translated(error.message))
        return read

    def save(self, commit: bool = True) -> Provider:
        provider: Provider = super().save(commit=False)
        if self.adapter:
            provider.options = self.new_options
            self._set_credentials(provider)
        if commit:
            provider.save()
        return provider

    def _set_credentials(self, provider: Provider | Partner) -> None:
        had_problem = bool(provider.credentials_problem)
        changed = self.new_credentials != provider.credentials
        if changed:
            provider.credentials, provider.credentials_changed_at = self.new_credentials, now()
        if provider.is_moved:  # the secrets were entered again
            provider.bind_credentials()
        provider.credentials_were_changed = changed or had_problem


def declared(adapter: type[Adapter]) -> list[tuple[str, Setting]]:
    """The field name of each credential and option, in the adapter's order."""
    credentials = [(CREDENTIAL + setting.key, setting) for setting in adapter.credentials]
    return credentials + [(OPTION + setting.key, setting) for setting in adapter.options]


def form_for(
    adapter: type[Adapter] | None, row: Provider | Partner | None, form: type[ProviderForm] = ProviderForm
) -> type[ProviderForm]:
    """The form class with the adapter's fields."""
    if adapter is None:
        return form
    stored = row.credentials if row else {}
    fields = {name: field_for(s, is_set=bool(stored.get(s.key))) for name, s in declared(adapter)}
    fields |= {REMOVE + name: removal_field(s) for name, s in declared(adapter) if _can_be_removed(s)}
    return type("VendorForm", (form,), {**fields, "adapter": adapter})


def _can_be_removed(setting: Setting) -> bool:
    """A secret that an account may lack: its own field keeps the stored one where it is left empty."""
    return setting.secret and setting.optional


def fieldsets_for(vendor: str, *, is_new: bool) -> list[tuple[Any, dict[str, Any]]]:
    adapter = SENDERS.get(vendor)
    own: dict[str, Any] = {"fields": ["slug", "vendor", "base_url", "enabled", *([] if is_new else ["paused"])]}
    if adapter:
        words = _("Delivery reports: %(channels)s.")
        own["description"] = words % {"channels": translated(channels_text(adapter.reports))}
    if adapter and not adapter.sender_rule.is_required:
        own["fields"].append("shown_sender")
    limits = {"fields": ["timeout", ("max_in_flight", "rate_limit"), "reports_per_minute", "low_balance"]}
    return [(None, own), *setting_fieldsets(adapter), (_("Limits"), limits)]


def setting_fieldsets(adapter: type[Adapter] | None) -> list[tuple[Any, dict[str, Any]]]:
    """The credentials and options that an adapter declares."""
    names = declared(adapter) if adapter else []
    credentials = [each for name, setting in names if name.startswith(CREDENTIAL) for each in _fields_of(name, setting)]
    options = [name for name, _setting in names if name.startswith(OPTION)]
    found = [(_("Credentials"), {"fields": credentials})] if credentials else []
    if adapter and options:
        found.append((_("Options"), {"fields": options, "description": adapter.documents}))
    return found


def _fields_of(name: str, setting: Setting) -> list[str]:
    return [name, REMOVE + name] if _can_be_removed(setting) else [name]
