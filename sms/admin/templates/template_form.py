"""The template's own form: its name, its body, and the table of its placeholders."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldBooleanSwitchWidget

from sms.domain.matching.identifiers import with_identifiers
from sms.domain.matching.templates import TemplateError, parse_body, parse_kinds
from sms.services.templates.preview import names_of
from sms.translation import translated

from .fields import PlaceholdersField, PlaceholderTable


class TemplateForm(forms.ModelForm):
    placeholders = PlaceholdersField(
        label=_("Placeholders"),
        required=False,
        help_text=_("One row for each {name} of the text. Kinds and lengths of the values help to tell texts apart."),
    )
    save_anyway = forms.BooleanField(
        label=_("Save although texts would be rejected"),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text=_("Needed only if, after the change, no template matches some texts of the last days."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        table = self.fields["placeholders"].widget
        if isinstance(table, PlaceholderTable) and "body" in self.fields:  # a user who may only view it has no fields
            table.names = names_of(str(self["body"].value() or ""))

    def clean(self) -> dict[str, Any]:
        """Parse the body as matching does, with the same error messages."""
        values = super().clean() or self.cleaned_data
        if "body" in values and not self._has_names_to_confirm(values["body"]) and "placeholders" in values:
            self._parse(values)
        self.instance.save_anyway = values.get("save_anyway", False)
        return values

    def _parse(self, values: dict[str, Any]) -> None:
        """Rows of placeholders that the body no longer has are dropped."""
        try:
            names = parse_body(values["body"]).names
            values["placeholders"] = {name: kind for name, kind in values["placeholders"].items() if name in names}
            self.instance.parsed = parse_body(values["body"], parse_kinds(values["placeholders"]))
        except TemplateError as error:
            self.add_error("body", translated(error))

    def _has_names_to_confirm(self, body: str) -> bool:
        """Replace names that are not identifiers in the form, and show them before they are saved."""
        named, renamed = with_identifiers(body)
        if not renamed:
            return False
        self.data = self.data.copy()
        self.data[self.add_prefix("body")] = named
        self.fields["placeholders"].widget.names = names_of(named)
        pairs = ", ".join(f"{{{old}}} → {{{new}}}" for old, new in renamed.items())
        words = _("Placeholders got names of plain letters: %(pairs)s. Save again to keep them, or change them.")
        self.add_error("body", words % {"pairs": pairs})
        return True
