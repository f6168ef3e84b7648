"""Imports templates with their approvals from a table: plans the changes and, once confirmed, saves all or none.

An import removes no template and no approval.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Model, Prefetch

from providers.marking import N_
from sms.domain.matching.placeholders import same_kinds
from sms.domain.matching.templates import Body, TemplateError, parse_body, parse_kinds
from sms.domain.text import forbidden_in_text, visible
from sms.models import (
    ConfigurationStamp,
    ConfirmedHow,
    MessageTemplate,
    Provider,
    TemplateApproval,
    TemplateApprovalStatus,
)
from sms.services.queue.errors import ActionRefused
from sms.services.table_files.rows import Row, RowIssue, Table, shown

from .approvals import (
    NOT_ALLOWED,
    approval_problems,
    bind,
    confirm,
    ids_of_other_texts,
    is_of_other_text,
    registered_body,
)
from .csv_format import APPROVAL, read, written_text
from .csv_notation import read_parameters, read_placeholders
from .effect import NO_EFFECT, Effect, effect
from .spreadsheets import id_problems, name_problems
from .unmatched import ApprovedText, approved_texts

CHANGED_MEANWHILE = N_("The data has changed since this page was shown. Nothing was saved. Check the changes again.")
_AT_ONCE = 500
_TEXT = ("body", "placeholders")
_VALUES = ("vendor_template", "parameters", "text", "status", "note")
_KEPT = ("version", "approved_at", "confirmed_at", "confirmed_by", "confirmed_how", "needs_confirmation")


@dataclass(slots=True)
class ImportedApproval:
    """An approval of the file, as it will be stored. `renewed`: the vendor's text or its parameters changed."""

    line: int
    row: TemplateApproval
    renewed: bool = True
    changed: Collection[str] = _VALUES
    body: Body | None = None


@dataclass(slots=True)
class Change:
    """One template of the file: the row and the approvals to be saved, and a description of the differences."""

    line: int
    template: MessageTemplate
    is_new: bool
    before: tuple[Any, ...] = ()
    fields: list[str] = field(default_factory=list)
    approvals: list[ImportedApproval] = field(default_factory=list)
    lines: dict[tuple[int, str], int] = field(default_factory=dict)
    """The file's line of each approval, by provider and vendor's id."""
    text_changed: bool = False
    body: Body | None = None

    @property
    def name(self) -> str:
        return self.template.name

    @property
    def words(self) -> str:
        return ", ".join(self.fields)


@dataclass(frozen=True, slots=True)
class Plan:
    """`effect`: how the file would change the matching of last week's texts."""

    new: tuple[Change, ...] = ()
    changed: tuple[Change, ...] = ()
    unchanged: int = 0
    mistakes: tuple[RowIssue, ...] = ()
    effect: Effect = NO_EFFECT

    @property
    def is_ready(self) -> bool:
        return bool(self.new or self.changed) and not self.mistakes

    @property
    def seal(self) -> str:
        """A digest of the plan that was shown. It changes if the plan or the stored rows change."""
        shown = [(change.name, change.fields, change.before) for change in (*self.new, *self.changed)]
        return hashlib.sha256(repr((shown, self.unchanged)).encode("utf-8", "backslashreplace")).hexdigest()


def plan(data: bytes) -> Plan:
    """The changes that this file would make. Nothing is stored."""
    table = read(data)
    changes = _changes(table)
    for change in changes:
        if change.fields:
            table.mistakes += _problems(change)
    table.mistakes += _id_problems(changes)
    told_ids = {mistake.line for mistake in table.mistakes if mistake.column == "vendor_template"}
    table.mistakes += (each for each in _spreadsheet_problems(changes) if each.line not in told_ids)
    mistakes = tuple(sorted(table.mistakes, key=lambda mistake: mistake.line))
    new = tuple(change for change in changes if change.is_new)
    changed = tuple(change for change in changes if change.fields and not change.is_new)
    told = NO_EFFECT if mistakes else _effect((*new, *changed))
    return Plan(new, changed, len(changes) - len(new) - len(changed), mistakes, told)


def apply(data: bytes, *, seal: str, author: Any) -> Plan:
    """Save the changes of the plan with this seal, all or none. Raises ActionRefused if the plan is now different."""
    try:
        with transaction.atomic():
            now = plan(data)
            if not now.is_ready or now.seal != seal:
                raise ActionRefused(CHANGED_MEANWHILE)
            _save([*now.new, *now.changed], author)
    except IntegrityError as error:  # another user has added the same name in the meantime
        raise ActionRefused(CHANGED_MEANWHILE) from error
    return now


def _save(changes: list[Change], author: Any) -> None:
    """Save with a few statements for any number of rows. 10,000 single statements would exceed the request's time."""
    MessageTemplate.save_all((each.template for each in changes if each.is_new or each.text_changed), author=author)
    approvals = [_bound(each, change.template, author) for change in changes for each in change.approvals]
    new = [each for each in approvals if each._state.adding]
    stored = [each for each in approvals if not each._state.adding]
    TemplateApproval.objects.bulk_create(new, batch_size=_AT_ONCE)
    TemplateApproval.objects.bulk_update(stored, (*_VALUES, *_KEPT), batch_size=_AT_ONCE)
    ConfigurationStamp.touch()


def _bound(imported: ImportedApproval, template: MessageTemplate, author: Any) -> TemplateApproval:
    """The row with its template version. The template must be stored."""
    row = imported.row
    row.template = template
    if imported.body is not None:
        bind(row, imported.body)
    row.bind()
    if row.status == TemplateApprovalStatus.APPROVED:
        confirm(row, by=author.get_username() if author else "", how=ConfirmedHow.IMPORT)
    return row


# --- from rows to changes -----------------------------------------------------------------


def _changes(table: Table) -> list[Change]:
    names = {row.cells["name"].strip() for row in table.rows}
    stored = _stored(names)
    providers = {provider.slug: provider for provider in Provider.objects.defer("credentials")}
    found: dict[str, tuple[Change, Row]] = {}
    for row in table.rows:
        name = row.cells["name"].strip()
        if name not in found:
            found[name] = _begin(table, row, name, stored.get(name)), row
        else:
            _compare(table, row, found[name][1])
        _add_approval(table, row, found[name][0], providers)
    return [change for change, _row in found.values()]


def _stored(names: set[str]) -> dict[str, MessageTemplate]:
    approvals = TemplateApproval.objects.select_related("provider", "version").defer("provider__credentials")
    everything = MessageTemplate.objects.select_related("current_version").prefetch_related(
        Prefetch("approvals", queryset=approvals.order_by("pk"))
    )
    return {template.name: template for template in everything if template.name in names}


def _begin(table: Table, row: Row, name: str, stored: MessageTemplate | None) -> Change:
    template = stored or MessageTemplate(name=name)
    change = Change(row.line, template, is_new=stored is None)
    if stored is None:
        change.fields.append("new")
    else:
        change.before = _facts(stored)
    kinds = _declared(table, row, "placeholders", read_placeholders)
    if kinds is None or same_kinds(kinds, template.placeholders):
        kinds = template.placeholders
    values = {"body": row.cells["body"], "placeholders": kinds}
    differ = _assign(template, values)
    change.text_changed = bool(differ)
    change.fields += [] if change.is_new else differ
    return change


def _facts(template: MessageTemplate) -> tuple[Any, ...]:
    """A template's stored values, for the plan's seal."""
    approvals = [(each.provider_id, *(getattr(each, name) for name in _VALUES)) for each in template.approvals.all()]
    return (template.body, template.placeholders, approvals)


def _compare(table: Table, row: Row, first: Row) -> None:
    for column in _TEXT:
        if row.cells[column] != first.cells[column]:
            words = N_(
                "differs from line {line}, which has the same template. Use the same value in both lines."
            ).format(line=first.line)
            table.mistakes.append(RowIssue(row.line, column, words))


def _add_approval(table: Table, row: Row, change: Change, providers: Mapping[str, Provider]) -> None:
    slug = row.cells["provider"].strip()
    if not slug:
        if any(row.cells[column].strip() for column in APPROVAL):
            table.mistakes.append(
                RowIssue(row.line, "provider", N_("is missing, but the row contains values of an approval."))
            )
        return
    provider = providers.get(slug)
    if provider is None:
        table.mistakes.append(
            RowIssue(row.line, "provider", N_("there is no provider “{slug}”.").format(slug=visible(slug)[:80]))
        )
    elif (key := (provider.pk, row.cells["vendor_template"].strip())) in change.lines:
        words = N_("line {lines} has this provider and vendor_template for this template already.").format(
            lines=change.lines[key]
        )
        table.mistakes.append(RowIssue(row.line, "provider", words))
    else:
        change.lines[key] = row.line
        _set_approval(table, row, change, provider)


def _set_approval(table: Table, row: Row, change: Change, provider: Provider) -> None:
    values = _approval_values(table, row)
    if values is None:
        return
    approval = None if change.is_new else _stored_approval(change.template, provider, values["vendor_template"])
    if approval is None:
        values["text"] = values["text"] or ""
        change.approvals.append(ImportedApproval(row.line, TemplateApproval(provider=provider, **values)))
        change.fields += [] if change.is_new else [N_("new at {slug}").format(slug=provider.slug)]
        return
    if values["text"] in (None, written_text(change.template, approval)):
        values["text"] = approval.text
    if values["text"] == approval.text and is_of_other_text(approval, change.template.body):
        values["parameters"] = approval.parameters  # the file's are those of the new body
    if differ := _assign(approval, values):
        renewed = bool(approval.text) and bool({"text", "parameters"} & set(differ))
        change.approvals.append(ImportedApproval(row.line, approval, renewed, differ))
        change.fields.append(N_("changed at {slug}: {columns}").format(slug=provider.slug, columns=", ".join(differ)))


def _stored_approval(template: MessageTemplate, provider: Provider, vendor_template: str) -> TemplateApproval | None:
    """The approval with this id; else the one that waits for the vendor's id."""
    here = [each for each in template.approvals.all() if each.provider_id == provider.pk]
    named = [each for each in here if each.vendor_template == vendor_template]
    named = named or [each for each in here if not each.vendor_template and each.version is None]
    return named[0] if named else None


def _approval_values(table: Table, row: Row) -> dict[str, Any] | None:
    parameters = _declared(table, row, "parameters", read_parameters)
    status = row.cells["status"].strip()
    if status not in TemplateApprovalStatus.values:
        words = N_("“{status}” is not a status. Use one of: {values}.").format(
            status=visible(status)[:40], values=", ".join(TemplateApprovalStatus.values)
        )
        table.mistakes.append(RowIssue(row.line, "status", words))
        return None
    if parameters is None:
        return None
    kept = {"vendor_template": row.cells["vendor_template"].strip(), "note": row.cells["note"]}
    return {**kept, "parameters": parameters, "status": status, "text": row.cells["text"] or None}


def _declared(table: Table, row: Row, column: str, read_cell: Callable[[str], Any]) -> Any:
    """The cell's declarations; None, and an error in the plan, if it can't be read."""
    try:
        return read_cell(row.cells[column])
    except TemplateError as error:
        table.mistakes.append(RowIssue(row.line, column, str(error)))
        return None


def _assign(row: Model, values: Mapping[str, Any]) -> list[str]:
    """Set the values that differ. Returns the names of the changed fields."""
    differ = [name for name, value in values.items() if getattr(row, name) != value]
    for name in differ:
        setattr(row, name, values[name])
    return differ


# --- the checks that forms and provisioning also make ---------------------------------------


def _problems(change: Change) -> Iterator[RowIssue]:
    yield from _own_problems(change)
    if change.body is not None:
        for approval in change.approvals:
            yield from _approval_problems(approval, change.body)


def _own_problems(change: Change) -> Iterator[RowIssue]:
    template = change.template
    column = "placeholders"
    try:
        kinds = parse_kinds(template.placeholders)
        column = "body"
        change.body = parse_body(template.body, kinds)
    except TemplateError as error:
        yield RowIssue(change.line, column, str(error))
    if change.is_new:
        yield from _field_problems(change.line, template, exclude=("body", "placeholders", "current_version"))


def _approval_problems(imported: ImportedApproval, current: Body) -> Iterator[RowIssue]:
    row, line = imported.row, imported.line
    try:
        imported.body = registered_body(row, current, renewed=imported.renewed)
    except TemplateError as error:
        yield RowIssue(line, "text", str(error))
        return
    for column, words in approval_problems(row, imported.body):
        value = f"{shown(row.vendor_template)}: " if column == "vendor_template" and row.vendor_template else ""
        yield RowIssue(line, column, f"{value}{words}")
    yield from _field_problems(line, row, exclude=("template", "provider", "parameters"))


def _id_problems(changes: list[Change]) -> Iterator[RowIssue]:
    ours = [(change.name, each) for change in changes for each in change.approvals]
    approved = [(name, each.row, each.body) for name, each in ours if each.body is not None]
    lines = {id(each.row): each.line for _, each in ours}
    for row, words in ids_of_other_texts(approved, changing={each.row.pk for _, each in ours}):
        yield RowIssue(lines[id(row)], "vendor_template", words)


def _spreadsheet_problems(changes: list[Change]) -> Iterator[RowIssue]:
    """New names and ids that a spreadsheet has changed: they would become second templates and approvals."""
    names = name_problems([change.name for change in changes if change.is_new])
    for change in changes:
        if words := names.get(change.name):
            yield RowIssue(change.line, "name", f"{shown(change.name)}: {words}")
    approvals = [each for change in changes for each in change.approvals if "vendor_template" in each.changed]
    rows = [(each.line, each.row) for each in approvals]
    wrong = id_problems({(row.provider_id, row.vendor_template) for _, row in rows})
    for line, row in rows:
        if words := wrong.get((row.provider_id, row.vendor_template)):
            yield RowIssue(line, "vendor_template", f"{shown(row.vendor_template)}: {words}")


def _field_problems(
    line: int, row: TemplateApproval | MessageTemplate, *, exclude: tuple[str, ...]
) -> Iterator[RowIssue]:
    """The model's validation, and the characters that form fields reject."""
    try:
        row.clean_fields(exclude=exclude)
    except ValidationError as error:
        for column, problems in error.message_dict.items():
            yield RowIssue(line, column, " ".join(problems))
    for column in {"name", "vendor_template", "note"} & {each.name for each in row._meta.fields}:
        value = getattr(row, column)
        if bad := forbidden_in_text(value) or next((each for each in value if "\ud800" <= each <= "\udfff"), None):
            yield RowIssue(line, column, NOT_ALLOWED.format(bad=visible(bad)))


# --- the effect on recent texts --------------------------------------------------------------


def _effect(changes: tuple[Change, ...]) -> Effect:
    """The effect of all changes of the file together on last week's texts."""
    now: dict[Hashable, ApprovedText] = {each.approval: each for each in approved_texts()}
    then = dict(now)
    for change in changes:
        for place, each in enumerate(change.approvals):
            key = each.row.pk or (change.name, place)
            then.pop(key, None)
            if each.row.status == TemplateApprovalStatus.APPROVED and each.body is not None:
                then[key] = ApprovedText(each.row.pk, change.name, each.body)
    return effect(now.values(), then.values())
