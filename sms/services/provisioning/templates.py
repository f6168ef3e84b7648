"""[[templates]]: texts with placeholders, and what each provider calls them."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from typing import Any

from sms.domain.matching.templates import Body, TemplateError, parse_body, parse_kinds
from sms.models import ConfirmedHow, MessageTemplate, Provider, TemplateApproval, TemplateApprovalStatus
from sms.services.templates.approvals import (
    approval_problems,
    as_parameters,
    bind,
    confirm,
    is_parameter,
    parsed,
    registered_body,
    same_id,
)
from sms.services.templates.effect import effect
from sms.services.templates.unmatched import ApprovedText, approved_texts

from .reader import Entry
from .senders import Approval, read_approvals
from .session import Desk


def apply(entry: Entry, desk: Desk) -> None:
    name = entry.text("name", required=True)
    body = entry.text("body", lines=True)
    placeholders = entry.raw("placeholders", dict, "a table")
    approvals = read_approvals(entry, desk, _approval, TemplateApprovalStatus.values) or []
    if name is None:
        return
    desk.declare(entry, "name", "template", name)
    template = MessageTemplate.objects.filter(name=name).first() or MessageTemplate(name=name)
    if template._state.adding and "body" not in entry.values:
        entry.mistake("body", "is missing")
    parsed = _parse(entry, body or template.body, template.placeholders if placeholders is None else placeholders)
    changes = _changes(template, parsed, approvals) if parsed is not None else []
    if desk.save(entry, f"template {name}", template, {"body": body, "placeholders": placeholders}):
        for change in changes:
            change.save(desk)
        _note_unapproved(desk, template)


def _parse(entry: Entry, body: str, placeholders: dict[str, Any]) -> Body | None:
    if not body:
        return None
    try:
        kinds = parse_kinds(placeholders)
    except TemplateError as error:
        return entry.mistake("placeholders", str(error))
    try:
        parse_body(body)
    except TemplateError as error:
        return entry.mistake("body", str(error))
    try:
        return parse_body(body, kinds)
    except TemplateError as error:
        return entry.mistake("placeholders", str(error))


def _approval(entry: Entry, _: Provider | None) -> dict[str, Any]:
    return {
        "vendor_template": entry.text("vendor_template", may_be_empty=True),
        "parameters": _parameters(entry),
        "text": entry.text("text", may_be_empty=True, lines=True),
    }


def _parameters(entry: Entry) -> list[str | dict[str, str]] | None:
    """Our placeholders in the vendor's order; `{ ours = "theirs" }` where the vendor has a name of its own."""
    given = as_parameters(entry.raw("parameters"))
    if given is None:
        return None
    if not isinstance(given, list):
        return entry.mistake("parameters", "must be a list of names or a table of them")
    read = [_parameter(entry, f"parameters[{place}]", value) for place, value in enumerate(given)]
    return [parameter for parameter in read if parameter]


def _parameter(entry: Entry, key: str, value: object) -> str | dict[str, str] | None:
    if not is_parameter(value):
        return entry.mistake(key, 'must be a placeholder\'s name, or one pair such as { name = "customer_name" }')
    if isinstance(value, str):
        return value
    ((ours, theirs),) = value.items()
    return ours if ours == theirs else value


# --- one approval of the file ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ApprovalChange:
    """One approval of the file: its row, what the file says of it, and the text that it then stands for."""

    table: Entry
    row: TemplateApproval
    values: dict[str, Any]
    body: Body

    def save(self, desk: Desk) -> None:
        """The template is stored by now, so the approval can name one of its versions."""
        self.row.template = self.row.template  # it has a key only now, if it is new
        draft = _draft(self.row, self.values)
        bind(draft, self.body)
        values = self.values | {"version": draft.version}
        if draft.status == TemplateApprovalStatus.APPROVED and any(
            value is not None and getattr(self.row, name) != value for name, value in values.items()
        ):
            confirm(self.row, by="", how=ConfirmedHow.PROVISIONING)
        desk.save(self.table, f"template {self.row.template.name} at {self.row.provider}", self.row, values)
        desk.approvals.append(self.row)


def _changes(template: MessageTemplate, current: Body, approvals: Iterable[Approval]) -> list[ApprovalChange]:
    """What the file changes; each is held against its vendor's rules before anything is stored."""
    stored = list(template.approvals.select_related("provider", "version")) if template.pk else []
    found = []
    for table, provider, values in approvals:
        row = _row(table, stored, template, provider, values["vendor_template"])
        body = _registered(table, row, values, current) if row is not None and table.is_sound else None
        if row is not None and body is not None:
            found.append(ApprovalChange(table, row, values, body))
    return found


def _row(
    table: Entry, stored: Iterable[TemplateApproval], template: MessageTemplate, provider: Provider, key: str | None
) -> TemplateApproval | None:
    """The stored approval that a table names, one that waits for the vendor's id, or a new one."""
    here = [row for row in stored if row.provider_id == provider.pk]
    if key is None:
        named = [row for row in here if row.status != TemplateApprovalStatus.ENDED] or here
    else:
        named = [row for row in here if row.vendor_template == key]
        named = named or [row for row in here if not row.vendor_template and row.version is None]
    if len(named) > 1:
        ids = ", ".join(row.vendor_template or "(none)" for row in named)
        return table.mistake("vendor_template", f"is missing, and there are several approvals here: {ids}")
    return named[0] if named else TemplateApproval(template=template, provider=provider)


def _registered(table: Entry, row: TemplateApproval, values: dict[str, Any], current: Body) -> Body | None:
    """The text that the approval will stand for; None with a mistake if the vendor can't carry it."""
    if values["parameters"] == [] and (values["text"] or row.text):
        values["parameters"] = None  # read from the vendor's text
    draft = _draft(row, values)
    renewed = bool(draft.text) and (draft.text, draft.parameters) != (row.text, row.parameters)
    try:
        body = registered_body(draft, current, renewed=renewed)
    except TemplateError as error:
        return table.mistake("text", str(error))
    if draft.parameters != row.parameters:
        values["parameters"] = draft.parameters
    for key, words in _problems(body, draft):
        table.mistake(key, words)
    return body if table.is_sound else None


def _draft(row: TemplateApproval, values: dict[str, Any]) -> TemplateApproval:
    """The approval as it would be stored."""
    draft = copy(row)
    for name, value in values.items():
        if value is not None:
            setattr(draft, name, value)
    return draft


def _problems(body: Body, approval: TemplateApproval) -> list[tuple[str, str]]:
    return approval_problems(
        body,
        approval.provider.adapter_class,
        vendor_template=approval.vendor_template,
        parameters=approval.parameters,
        status=approval.status,
    )


# --- what is worth knowing, though it is no mistake --------------------------------------------


def _note_unapproved(desk: Desk, template: MessageTemplate) -> None:
    """The text of now is approved nowhere, while an older one is in use."""
    approved = template.approvals.filter(status=TemplateApprovalStatus.APPROVED).select_related("provider", "version")
    older = [each for each in approved if each.version_id != template.current_version_id]
    if older and len(older) == len(approved):
        where = ", ".join(f"version {a.version.number} at {a.provider} ({a.vendor_template})" for a in older)
        desk.notes.append(
            f"template {template.name}: the text of now is approved nowhere; in use stays {where}. Once the vendor has "
            "the new text, add an approval with its new vendor_template, or give the new text of this one"
        )


def note_shared_ids(desk: Desk) -> None:
    """One id stands for one text at a vendor; if two approvals disagree, one of them sends wrong texts."""
    for approval in desk.approvals:
        other = same_id(approval, parsed(approval.version)) if approval.version else None
        if other is not None:
            desk.notes.append(
                f"template {approval.template.name} at {approval.provider}: {approval.vendor_template} is approved for "
                f"another text too, of template {other.template.name}; one of the two is wrong: end it"
            )


def note_effect(desk: Desk, before: Iterable[ApprovedText]) -> None:
    """What the file does to the texts of the last week."""
    told = effect(before, approved_texts())
    if told.is_harmful:
        desk.notes.append(f"templates: {str(told)[0].lower()}{str(told)[1:]}")
