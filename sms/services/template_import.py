"""Take templates with their approvals from a table: what would change, and, once somebody has seen it, all or nothing.

What the file does not name stays: no template and no approval is ever removed by it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Model, Prefetch

from sms.domain.matching.replay import replay
from sms.domain.matching.templates import Body, TemplateError, parse_body, parse_kinds
from sms.domain.text import forbidden_in_text, visible
from sms.models import ApprovalStatus, ConfigurationStamp, MessageTemplate, Provider, TemplateApproval

from .actions import ActionRefused
from .approvals import approval_problems
from .template_csv import APPROVAL, Mistake, Row, Table, read
from .unmatched import approved_bodies, recent_texts

CHANGED_MEANWHILE = "Something has changed since this was shown. Nothing was saved: look at it again."
_AT_ONCE = 500
_TEXT = ("body", "placeholders")
_VALUES = ("vendor_template", "parameters", "status", "note")


@dataclass(slots=True)
class Change:
    """One template of the file: its row as it would be, the approvals to be saved, and what differs in words."""

    line: int
    template: MessageTemplate
    is_new: bool
    before: tuple[Any, ...] = ()
    fields: list[str] = field(default_factory=list)
    approvals: list[TemplateApproval] = field(default_factory=list)
    lines: dict[int, int] = field(default_factory=dict)
    """The file's line of each provider's approval."""
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
    """`lost` and `ties`: kinds of text of the last days that would match no longer, or newly tie."""

    new: tuple[Change, ...] = ()
    changed: tuple[Change, ...] = ()
    unchanged: int = 0
    mistakes: tuple[Mistake, ...] = ()
    lost: tuple[str, ...] = ()
    ties: int = 0

    @property
    def is_ready(self) -> bool:
        return bool(self.new or self.changed) and not self.mistakes

    @property
    def seal(self) -> str:
        """Names what was shown: another plan, or other rows beneath it, has another one."""
        shown = [(change.name, change.fields, change.before) for change in (*self.new, *self.changed)]
        return hashlib.sha256(repr((shown, self.unchanged)).encode("utf-8", "backslashreplace")).hexdigest()


def plan(data: bytes) -> Plan:
    """What this file would change. It stores nothing."""
    table = read(data)
    changes = _changes(table)
    for change in changes:
        if change.fields:
            table.mistakes += _problems(change)
    mistakes = tuple(sorted(table.mistakes, key=lambda mistake: mistake.line))
    new = tuple(change for change in changes if change.is_new)
    changed = tuple(change for change in changes if change.fields and not change.is_new)
    lost, ties = ((), 0) if mistakes else _texts_lost((*new, *changed))
    return Plan(new, changed, len(changes) - len(new) - len(changed), mistakes, lost, ties)


def apply(data: bytes, *, seal: str, author: Any) -> Plan:
    """Save what the plan with this seal said, all or nothing. Raises ActionRefused if it would be another one now."""
    try:
        with transaction.atomic():
            now = plan(data)
            if not now.is_ready or now.seal != seal:
                raise ActionRefused(CHANGED_MEANWHILE)
            _save([*now.new, *now.changed], author)
    except IntegrityError as error:  # somebody else was first with the same name
        raise ActionRefused(CHANGED_MEANWHILE) from error
    return now


def _save(changes: list[Change], author: Any) -> None:
    """In a few statements, whatever the number of rows: 10,000 single ones would outlast the request."""
    MessageTemplate.save_all((each.template for each in changes if each.is_new or each.text_changed), author=author)
    approvals = [approval for change in changes for approval in _with_its_template(change)]
    new = [each for each in approvals if each._state.adding]
    stored = [each for each in approvals if not each._state.adding]
    TemplateApproval.objects.bulk_create(new, batch_size=_AT_ONCE)
    TemplateApproval.objects.bulk_update(stored, _VALUES, batch_size=_AT_ONCE)
    ConfigurationStamp.touch()


def _with_its_template(change: Change) -> list[TemplateApproval]:
    for approval in change.approvals:
        approval.template = change.template  # it has a key only now, if it is new
    return change.approvals


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
    approvals = TemplateApproval.objects.select_related("provider").defer("provider__credentials")
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
    kinds = _json(table, row, "placeholders", dict)
    values = {"body": row.cells["body"], "placeholders": template.placeholders if kinds is None else kinds}
    differ = _assign(template, values)
    change.text_changed = bool(differ)
    change.fields += [] if change.is_new else differ
    return change


def _facts(template: MessageTemplate) -> tuple[Any, ...]:
    """What a template says now, for the plan's seal."""
    approvals = [(each.provider_id, *(getattr(each, name) for name in _VALUES)) for each in template.approvals.all()]
    return (template.body, template.placeholders, approvals)


def _compare(table: Table, row: Row, first: Row) -> None:
    for column in _TEXT:
        if row.cells[column] != first.cells[column]:
            words = f"differs from line {first.line}, which is of the same template; write the same in both."
            table.mistakes.append(Mistake(row.line, column, words))


def _add_approval(table: Table, row: Row, change: Change, providers: Mapping[str, Provider]) -> None:
    slug = row.cells["provider"].strip()
    if not slug:
        if any(row.cells[column].strip() for column in APPROVAL):
            table.mistakes.append(Mistake(row.line, "provider", "is missing: the row says something of an approval."))
        return
    provider = providers.get(slug)
    if provider is None:
        table.mistakes.append(Mistake(row.line, "provider", f"there is no provider “{visible(slug)[:80]}”."))
    elif provider.pk in change.lines:
        words = f"line {change.lines[provider.pk]} has this provider for this template already."
        table.mistakes.append(Mistake(row.line, "provider", words))
    else:
        change.lines[provider.pk] = row.line
        _set_approval(table, row, change, provider)


def _set_approval(table: Table, row: Row, change: Change, provider: Provider) -> None:
    values = _approval_values(table, row)
    if values is None:
        return
    known = {} if change.is_new else {each.provider_id: each for each in change.template.approvals.all()}
    approval = known.get(provider.pk)
    if approval is None:
        change.approvals.append(TemplateApproval(provider=provider, **values))
        change.fields += [] if change.is_new else [f"new at {provider.slug}"]
    elif differ := _assign(approval, values):
        change.approvals.append(approval)
        change.fields.append(f"{', '.join(differ)} at {provider.slug}")


def _approval_values(table: Table, row: Row) -> dict[str, Any] | None:
    parameters = _json(table, row, "parameters", list)
    status = row.cells["status"].strip()
    if status not in ApprovalStatus.values:
        words = f"“{visible(status)[:40]}” is none; take {', '.join(ApprovalStatus.values)}."
        table.mistakes.append(Mistake(row.line, "status", words))
        return None
    if parameters is None:
        return None
    kept = {column: row.cells[column] for column in ("vendor_template", "note")}
    return {**kept, "parameters": parameters, "status": status}


def _json(table: Table, row: Row, column: str, kind: type) -> Any:
    """The cell's JSON; an empty cell is an empty one; None with a mistake if it is not of this kind."""
    if not row.cells[column].strip():
        return kind()
    example = '{"code": "digits"}' if kind is dict else '["name", {"order": "order_code"}]'
    try:
        value = json.loads(row.cells[column])
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, kind):
        return value
    table.mistakes.append(Mistake(row.line, column, f"must be JSON such as {example}."))
    return None


def _assign(row: Model, values: Mapping[str, Any]) -> list[str]:
    """Set what differs; returns the names of the fields that did."""
    differ = [name for name, value in values.items() if getattr(row, name) != value]
    for name in differ:
        setattr(row, name, values[name])
    return differ


# --- what forms and provisioning would say, too ----------------------------------------------


def _problems(change: Change) -> Iterator[Mistake]:
    yield from _own_problems(change)
    if change.body is not None:
        for approval in _resulting(change):
            yield from _approval_problems(change, approval, change.body)


def _own_problems(change: Change) -> Iterator[Mistake]:
    template = change.template
    column = "placeholders"
    try:
        kinds = parse_kinds(template.placeholders)
        column = "body"
        change.body = parse_body(template.body, kinds)
    except TemplateError as error:
        yield Mistake(change.line, column, str(error))
    if change.is_new:
        yield from _field_problems(change.line, template, exclude=("body", "placeholders", "current_version"))


def _resulting(change: Change) -> list[TemplateApproval]:
    """The approvals as they would be: those to be saved, and the stored ones that only have to fit a new text."""
    if change.is_new or not change.text_changed:
        return change.approvals
    return [*change.template.approvals.all(), *(each for each in change.approvals if each._state.adding)]


def _approval_problems(change: Change, approval: TemplateApproval, body: Body) -> Iterator[Mistake]:
    line = change.lines.get(approval.provider_id)
    told = approval_problems(
        body,
        approval.provider.adapter_class,
        vendor_template=approval.vendor_template,
        parameters=approval.parameters,
        status=approval.status,
    )
    for column, words in told:
        at_home = Mistake(change.line, "body", f"at {approval.provider.slug}, which the file does not name: {words}")
        yield at_home if line is None else Mistake(line, column, words)
    if line is not None:
        yield from _field_problems(line, approval, exclude=("template", "provider", "parameters"))


def _field_problems(
    line: int, row: TemplateApproval | MessageTemplate, *, exclude: tuple[str, ...]
) -> Iterator[Mistake]:
    """The model's own rules; and no character that a form's field would not take either."""
    try:
        row.clean_fields(exclude=exclude)
    except ValidationError as error:
        for column, problems in error.message_dict.items():
            yield Mistake(line, column, " ".join(problems))
    for column in {"name", "vendor_template", "note"} & {each.name for each in row._meta.fields}:
        value = getattr(row, column)
        if bad := forbidden_in_text(value) or next((each for each in value if "\ud800" <= each <= "\udfff"), None):
            yield Mistake(line, column, f"{visible(bad)} can't stand there; take it out.")


# --- what it does to texts -------------------------------------------------------------------


def _texts_lost(changes: tuple[Change, ...]) -> tuple[tuple[str, ...], int]:
    """Replayed on what came in lately, with all of the file's changes at once."""
    now: dict[int | str, Body] = dict(approved_bodies())
    then = dict(now)
    for change in changes:
        if change.body is None:
            continue
        key = change.template.pk or change.name
        then.pop(key, None)
        if any(each.status == ApprovalStatus.APPROVED for each in _all_approvals(change)):
            then[key] = change.body
    if then == now:
        return (), 0
    told = replay(recent_texts().counts, now.items(), then.items(), masked=True)
    return told.lost, len(told.ties)


def _all_approvals(change: Change) -> list[TemplateApproval]:
    stored = [] if change.is_new else list(change.template.approvals.all())
    return [*stored, *(each for each in change.approvals if each._state.adding)]
