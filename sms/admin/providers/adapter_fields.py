"""Form fields for the credentials and options that a vendor's adapter declares."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold import widgets

from providers.settings import Kind, Setting
from sms.admin.common.base import EscapedCharField
from sms.translation import translated


class ListField(forms.CharField):
    """A list of comma-separated values."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(str(item) for item in value) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> list[Any]:
        words = [word.strip() for word in (super().to_python(value) or "").split(",")]
        return [self.item(word) for word in words if word]

    def validate(self, value: Any) -> None:
        if self.required and not value:
            raise ValidationError(self.error_messages["required"], code="required")

    def run_validators(self, value: Any) -> None:
        """Each item was validated by `item`."""

    def item(self, word: str) -> Any:
        raise NotImplementedError


class SecondsField(ListField):
    def item(self, word: str) -> int:
        if not (word.isascii() and word.isdigit() and len(word) <= 9):
            raise ValidationError(_("%(word)s is not a whole number of seconds."), params={"word": word})
        return int(word)


class StringsField(ListField):
    """A list of strings, which the adapter validates."""

    def item(self, word: str) -> str:
        return word


class WriteOnlyTextarea(widgets.UnfoldAdminTextareaWidget):
    """Never shows its value, not even one that was just entered."""

    def format_value(self, value: Any) -> str:
        return ""


def field_for(setting: Setting, *, is_set: bool) -> forms.Field:
    """The form field of one credential or option. `is_set` tells whether a secret is stored."""
    if setting.secret:
        return _secret_field(setting, is_set=is_set)
    facts = {"label": translated(setting.label), "help_text": _help(setting), "required": False}
    match setting.kind:
        case Kind.CHOICE:
            none = [("", "---------")] if setting.default is None else []
            choices = none + [(choice, translated(choice)) for choice in setting.choices]
            return forms.ChoiceField(choices=choices, widget=widgets.UnfoldAdminSelectWidget, **facts)
        case Kind.BOOLEAN:
            return forms.BooleanField(widget=widgets.UnfoldBooleanSwitchWidget, **facts)
        case Kind.INTEGER:
            return forms.IntegerField(min_value=1, widget=widgets.UnfoldAdminIntegerFieldWidget, **facts)
        case Kind.SECONDS:
            return SecondsField(widget=widgets.UnfoldAdminTextInputWidget, **facts)
        case Kind.NETWORKS:
            return StringsField(widget=widgets.UnfoldAdminTextInputWidget, **facts)
        case Kind.KEY:
            return forms.CharField(widget=widgets.UnfoldAdminTextareaWidget, **facts)
    return EscapedCharField(widget=widgets.UnfoldAdminTextInputWidget, **facts)


def removal_field(setting: Setting) -> forms.Field:
    """Whether the stored secret is to be removed: an empty secret keeps it."""
    label = _("Remove: %(label)s") % {"label": translated(setting.label)}
    return forms.BooleanField(label=label, required=False, widget=widgets.UnfoldBooleanSwitchWidget)


def _secret_field(setting: Setting, *, is_set: bool) -> forms.Field:
    """A write-only field: the page never contains the stored secret."""
    state = _("Set; leave empty to keep.") if is_set else _("Not set.")
    widget: forms.Widget = widgets.UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}, render_value=False)
    if setting.kind is Kind.KEY:  # a password field would drop its line ends
        widget = WriteOnlyTextarea(attrs={"autocomplete": "off", "rows": 6})
    return forms.CharField(
        label=translated(setting.label),
        help_text=f"{state} {translated(setting.help)}",
        required=False,
        widget=widget,
        strip=True,
    )


def _help(setting: Setting) -> str:
    if not setting.assumed:
        return translated(setting.help)
    return " ".join([translated(setting.help), str(_("Assumed: no document of the vendor says so."))])
