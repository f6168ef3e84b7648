"""The provider's form: its own fields, and those that its vendor declares."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from providers.base import Sender, Setting, SettingError
from providers.registry import SENDERS
from sms.models import Provider, UndecryptableError
from sms.services.clock import now

from .setting_fields import field_for

CREDENTIAL = "credential_"
OPTION = "option_"


class ProviderForm(forms.ModelForm):
    adapter: type[Sender] | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.adapter:
            stored = stored_credentials(self.instance)
            options = self.adapter.options_with_defaults(self.instance.options)
            for name, setting in declared(self.adapter):
                value = options.get(setting.key) if name.startswith(OPTION) else stored.get(setting.key)
                if not setting.secret and name in self.fields:
                    self.initial.setdefault(name, value)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if self.adapter and not self.errors:
            self._try_settings(self.adapter)
        return values

    def _try_settings(self, adapter: type[Sender]) -> None:
        """Let the adapter read the settings: what it can't take is said at the field."""
        address = self.cleaned_data.get("base_url") or adapter.default_base_url
        try:
            adapter(base_url=address, credentials=self.new_credentials(), options=self.new_options())
        except SettingError as error:
            names = {setting.key: name for name, setting in declared(adapter)}
            self.add_error(names.get(error.key), error.message)

    def new_credentials(self) -> dict[str, str]:
        """The stored ones, with what was typed; an empty secret keeps what is stored."""
        merged = stored_credentials(self.instance)
        for setting in self.adapter.credentials if self.adapter else ():
            value = self.cleaned_data.get(CREDENTIAL + setting.key)
            if value or not setting.secret:
                merged[setting.key] = value or ""
        return {key: value for key, value in merged.items() if value}

    def new_options(self) -> dict[str, Any]:
        """Only what differs from the vendor's defaults, so that a default stays one."""
        wanted = {
            s.key: (s, self.cleaned_data.get(OPTION + s.key)) for s in (self.adapter.options if self.adapter else ())
        }
        return {key: value for key, (s, value) in wanted.items() if value not in (None, "") and value != s.default}

    def save(self, commit: bool = True) -> Provider:
        provider: Provider = super().save(commit=False)
        if self.adapter:
            provider.options = self.new_options()
            changed = self.new_credentials()
            if changed != stored_credentials(self.instance):
                provider.credentials, provider.credentials_changed_at = changed, now()
        if commit:
            provider.save()
        return provider


def stored_credentials(provider: Provider) -> dict[str, str]:
    """A copy of what is stored; nothing where no key opens it (the page says so)."""
    try:
        return dict(provider.credentials or {})
    except UndecryptableError:
        return {}


def can_be_opened(provider: Provider) -> bool:
    try:
        return provider.credentials is not None
    except UndecryptableError:
        return False


def declared(adapter: type[Sender]) -> list[tuple[str, Setting]]:
    """The form's name of each credential and option, in the vendor's order."""
    credentials = [(CREDENTIAL + setting.key, setting) for setting in adapter.credentials]
    return credentials + [(OPTION + setting.key, setting) for setting in adapter.options]


def form_for(vendor: str, provider: Provider | None) -> type[ProviderForm]:
    """The form class with this vendor's fields."""
    adapter = SENDERS.get(vendor)
    if adapter is None:
        return ProviderForm
    stored = stored_credentials(provider) if provider else {}
    fields = {name: field_for(s, is_set=bool(stored.get(s.key))) for name, s in declared(adapter)}
    return type("VendorProviderForm", (ProviderForm,), {**fields, "adapter": adapter})


def fieldsets_for(vendor: str, *, is_new: bool) -> list[tuple[Any, dict[str, Any]]]:
    adapter = SENDERS.get(vendor)
    own = [(None, {"fields": ["slug", "vendor", "base_url", "enabled", *([] if is_new else ["paused"])]})]
    if adapter:
        names = [name for name, _setting in declared(adapter)]
        credentials = [name for name in names if name.startswith(CREDENTIAL)]
        options = [name for name in names if name.startswith(OPTION)]
        if credentials:
            own.append((_("Credentials"), {"fields": credentials}))
        if options:
            own.append((_("Options"), {"fields": options, "description": adapter.documents}))
    return [*own, (_("Limits"), {"fields": ["timeout", ("max_in_flight", "rate_limit")]})]
