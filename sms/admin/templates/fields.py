"""The template editor's fields, filled in without JSON: the placeholder table, the order of parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget

from sms.domain.matching.placeholders import Placeholder, TemplateError, parse_kinds
from sms.domain.matching.templates import PlaceholderKind
from sms.services.templates.approvals import Parameters
from sms.services.templates.preview import SAMPLES
from sms.translation import translated

WITH_LINKS = "any_with_links"
"""The choice of a kind that stands for `any` with `allow_links`."""
KINDS = (
    (PlaceholderKind.ANY.value, _("anything")),
    (WITH_LINKS, _("anything, in one-time passwords also links and phone numbers")),
    (PlaceholderKind.TEXT.value, _("text: no link, no phone number")),
    (PlaceholderKind.NAME.value, _("name: no digit, no link")),
    (PlaceholderKind.CODE.value, _("code: letters and digits")),
    (PlaceholderKind.DIGITS.value, _("digits")),
    (PlaceholderKind.NUMBER.value, _("number")),
    (PlaceholderKind.AMOUNT.value, _("amount of money")),
    (PlaceholderKind.DATE.value, _("date")),
    (PlaceholderKind.TIME.value, _("time")),
    (PlaceholderKind.PHONE.value, _("phone number")),
    (PlaceholderKind.EMAIL.value, _("e-mail address")),
    (PlaceholderKind.LINK.value, _("link")),
)
USUAL = (("name", "name"), ("order", "any"), ("code", "code"), ("amount", "amount"), ("date", "date"), ("link", "link"))
"""Placeholders that one click inserts into a text, with their kinds."""
ROW = ("name", "kind", "shortest", "longest", "hosts", "example")
"""The columns of a placeholder table; each is posted once for each row, under `<field>-<column>`."""


@dataclass(slots=True)
class PlaceholderRow:
    """A row as entered. The example is used only by the preview and is not stored."""

    name: str
    kind: str = "any"
    shortest: str = ""
    longest: str = ""
    hosts: str = ""
    example: str = ""

    @classmethod
    def of(cls, placeholder: Placeholder) -> PlaceholderRow:
        lengths = (placeholder.min_length, placeholder.max_length)
        shortest, longest = ("" if each is None else str(each) for each in lengths)
        kind = WITH_LINKS if placeholder.allow_links else placeholder.kind.value
        return cls(placeholder.name, kind, shortest, longest, " ".join(placeholder.hosts))

    @property
    def declaration(self) -> dict[str, Any]:
        """The input of `parse_kinds`, which rejects a length that is not a number."""
        is_with_links = self.kind == WITH_LINKS
        given = {
            "kind": "any" if is_with_links else self.kind or "any",
            "min_length": _number(self.shortest),
            "max_length": _number(self.longest),
            "hosts": self.hosts.replace(",", " ").split(),
            "allow_links": is_with_links,
        }
        return {key: value for key, value in given.items() if value not in ("", [], False)}

    @property
    def usual_example(self) -> str:
        return next((sample for kind, sample in SAMPLES.items() if kind.value == self.kind), "")


def _number(typed: str) -> int | str:
    typed = typed.strip()
    return int(typed) if typed.isdecimal() and typed.isascii() and len(typed) < 19 else typed


class PlaceholderTable(forms.Widget):
    """A row for each placeholder of the body, in the body's order. `names`: those that the body has."""

    names: Sequence[str] = ()

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[PlaceholderRow]:
        columns = [_listed(data, f"{name}-{column}") for column in ROW]
        rows = (PlaceholderRow(*cells) for cells in zip_longest(*columns, fillvalue=""))
        return [row for row in rows if row.name]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False

    def id_for_label(self, id_: str) -> str:
        return ""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        rows = {row.name: row for row in _rows(value)}
        shown = [rows.get(each) or PlaceholderRow(each) for each in self.names]
        context = {"name": name, "rows": shown, "blank": PlaceholderRow(""), "kinds": KINDS, "samples": SAMPLES}
        return render_to_string("templates_editor/placeholder_table.html", context)


def _listed(data: Any, key: str) -> list[str]:
    return data.getlist(key) if hasattr(data, "getlist") else list(data.get(key, ()))


def _rows(value: object) -> list[PlaceholderRow]:
    if isinstance(value, Mapping):
        try:
            return [PlaceholderRow.of(each) for each in parse_kinds(value).values()]
        except TemplateError:  # a link to the editor with kinds that do not exist
            return []
    return list(value) if isinstance(value, list) else []


class PlaceholdersField(forms.Field):
    """The kinds and lengths of a template's placeholders, as the model stores them."""

    widget = PlaceholderTable

    def clean(self, value: Any) -> dict[str, Any]:
        given = {row.name: row.declaration for row in _rows(value)}
        try:
            return _declared(parse_kinds(given).values())
        except TemplateError as error:
            raise ValidationError(translated(error)) from error

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return _declared(parse_kinds(initial or {}).values()) != self.clean(data)
        except (TemplateError, ValidationError):
            return True


def _declared(placeholders: Iterable[Placeholder]) -> dict[str, Any]:
    return {each.name: each.declaration for each in placeholders if each != Placeholder(each.name)}


def kinds_in_words(placeholders: object) -> str:
    """The read-only table: `code: letters and digits, ≥ 4, ≤ 8`."""
    words = dict(KINDS)
    return "; ".join(f"{row.name}: {words.get(row.kind, row.kind)}{_bounds(row)}" for row in _rows(placeholders)) or "—"


def _bounds(row: PlaceholderRow) -> str:
    told = [row.shortest and f"≥ {row.shortest}", row.longest and f"≤ {row.longest}", row.hosts]
    return "".join(f", {each}" for each in told if each)


class BodyWidget(UnfoldAdminTextareaWidget):
    """The text, and buttons that insert a placeholder."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        text = super().render(name, value, attrs, renderer)
        bar = render_to_string("templates_editor/insert_bar.html", {"usual_placeholders": USUAL})
        return format_html("{}{}", text, bar)


# --- the order of an approval's parameters ----------------------------------------------------


class ParameterOrder(forms.Widget):
    """A select for each parameter in the vendor's order, and the vendor's own name of it.

    `names`: the placeholders to choose from; `usual`: those in the order that counts where nothing is chosen.
    """

    names: Sequence[str] = ()
    usual: Sequence[str] = ()
    is_named = True
    """Whether the vendor names its parameters: False hides the names."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[tuple[str, str]]:
        return _trimmed(zip_longest(_listed(data, name), _listed(data, f"{name}-vendor"), fillvalue=""))

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return name not in data and f"{name}-vendor" not in data

    def id_for_label(self, id_: str) -> str:
        return ""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        pairs = _pairs(value)
        count = max(len(pairs), len(self.usual))
        rows = list(zip_longest(pairs, self.usual[:count], fillvalue=None))
        shown = [(number, *(pair or ("", "")), usual or "") for number, (pair, usual) in enumerate(rows, 1)]
        names = list(dict.fromkeys([*self.names, *(ours for ours, _theirs in pairs if ours)]))
        context = {"name": name, "rows": shown, "names": names, "is_named": self.is_named}
        return render_to_string("templates_editor/parameter_order.html", context)


def _pairs(value: object) -> list[tuple[str, str]]:
    """Our name and the vendor's, "" where it is the same, of what is stored or posted."""
    if not isinstance(value, list):
        return []
    pairs: list[tuple[str, str]] = []
    for each in value:
        is_pair = isinstance(each, Mapping)
        pairs.append(next(iter(each.items())) if is_pair else (each, "") if isinstance(each, str) else each)
    return pairs


def _trimmed(rows: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Without empty rows at the end."""
    pairs = [(ours.strip(), theirs.strip()) for ours, theirs in rows]
    while pairs and pairs[-1] == ("", ""):
        pairs.pop()
    return pairs


class ParametersField(forms.Field):
    """An approval's parameters in the vendor's order. An empty position takes the next placeholder."""

    widget = ParameterOrder

    def clean(self, value: Any) -> list[tuple[str, str]]:
        return _pairs(value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return _pairs(initial) != _pairs(data)


def resolved(pairs: Sequence[tuple[str, str]], names: Sequence[str]) -> Parameters:
    """The stored form; [] if nothing was chosen, which means the order of the text."""
    rows = [*pairs, *[("", "")] * (len(names) - len(pairs))] if pairs else []
    left = [name for name in names if name not in {ours for ours, _theirs in rows}]
    found: Parameters = []
    for ours, theirs in rows:
        name = ours or (left.pop(0) if left else "")
        if name:
            found.append({name: theirs} if theirs not in ("", name) else name)
    return found


def parameters_in_words(parameters: object) -> str:
    """The read-only order: `1 = name, 2 = order (order_code)`."""
    pairs = enumerate(_pairs(parameters), 1)
    return ", ".join(f"{n} = {ours}{f' ({theirs})' if theirs else ''}" for n, (ours, theirs) in pairs) or "—"


PARAMETERS_HELP = _(
    "In the vendor's order. An empty position takes the text's next placeholder. The vendor's own name "
    "is needed only where the vendor names its parameters differently."
)
