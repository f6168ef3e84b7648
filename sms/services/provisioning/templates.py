"""[[templates]]: texts with placeholders, and their approvals at providers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

from sms.domain.matching.placeholders import same_kinds
from sms.domain.matching.templates import Body, TemplateError, parse_body, parse_kinds
from sms.models import ConfirmedHow, MessageTemplate, TemplateApproval, TemplateApprovalStatus
from sms.services.templates.approvals import (
    approval_problems,
    as_parameters,
    bind,
    confirm,
    is_of_other_text,
    is_parameter,
    parsed,
    registered_body,
    same_id,
    same_text,
)
from sms.services.templates.effect import effect
from sms.services.templates.unmatched import ApprovedText, approved_texts

from .location import Location
from .schema import TemplateApprovalTable, TemplateTable
from .senders import ProviderApproval, find_providers
from .session import Session


def apply(table: TemplateTable, at: Location, session: Session) -> None:
    approvals = find_providers(table.approvals, at, session)
    session.declare(at, "name", "template", table.name)
    template = MessageTemplate.objects.filter(name=table.name).first() or MessageTemplate(name=table.name)
    session.require(at, template, table, "body")
    values = table.given("name", "approvals")
    if same_kinds(values.get("placeholders"), template.placeholders):
        del values["placeholders"]
    parsed = _parse(at, table.body or template.body, values.get("placeholders", template.placeholders))
    changes = _changes(template, parsed, approvals) if parsed is not None else []
    if session.save(at, f"template {table.name}", template, values):
        for change in changes:
            change.save(session)
        _note_unapproved(session, template)


def _parse(at: Location, body: str, placeholders: dict[str, Any]) -> Body | None:
    if not body:
        return None
    try:
        kinds = parse_kinds(placeholders)
    except TemplateError as error:
        return at.report("placeholders", str(error))
    try:
        parse_body(body)
    except TemplateError as error:
        return at.report("body", str(error))
    try:
        return parse_body(body, kinds)
    except TemplateError as error:
        return at.report("placeholders", str(error))


def _approval_values(table: TemplateApprovalTable, at: Location) -> dict[str, Any]:
    values = dict.fromkeys(("vendor_template", "text", "parameters")) | table.given("provider")
    if values["parameters"] is not None:
        values["parameters"] = _parameters(values["parameters"], at)
    if values["vendor_template"] is not None:
        values["vendor_template"] = values["vendor_template"].strip()
    return values


def _parameters(value: object, at: Location) -> list[str | dict[str, str]] | None:
    """Our placeholders in the vendor's order; `{ ours = "theirs" }` where the vendor uses another name."""
    given = as_parameters(value)
    if not isinstance(given, list):
        return at.report("parameters", "must be a list of names or a table of them")
    read = [_parameter(at, f"parameters[{place}]", value) for place, value in enumerate(given)]
    return [parameter for parameter in read if parameter]


def _parameter(at: Location, key: str, value: object) -> str | dict[str, str] | None:
    if not is_parameter(value):
        return at.report(key, 'must be a placeholder\'s name, or one pair such as { name = "customer_name" }')
    if isinstance(value, str):
        return value
    ((ours, theirs),) = value.items()
    return ours if ours == theirs else value


# --- one approval of the file ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ApprovalChange:
    """One approval of the file: its row, the file's values, and the text that it covers afterwards."""

    at: Location
    row: TemplateApproval
    values: dict[str, Any]
    body: Body

    def save(self, session: Session) -> None:
        """The template must be stored, so that the approval can refer to one of its versions."""
        self.row.template = self.row.template  # a new template has a primary key only now
        draft = _draft(self.row, self.values)
        bind(draft, self.body)
        values = self.values | {"version": draft.version}
        if draft.status == TemplateApprovalStatus.APPROVED and any(
            value is not None and getattr(self.row, name) != value for name, value in values.items()
        ):
            confirm(self.row, by="", how=ConfirmedHow.PROVISIONING)
        session.save(self.at, f"template {self.row.template.name} at {self.row.provider}", self.row, values)
        session.approvals.append(self.row)


def _changes(
    template: MessageTemplate, current: Body, approvals: Iterable[ProviderApproval[TemplateApprovalTable]]
) -> list[ApprovalChange]:
    """The approvals that the file changes. Each is checked against its vendor's rules before anything is stored."""
    left = list(template.approvals.select_related("provider", "version")) if template.pk else []
    tables = [(_approval_values(table, at), at, provider) for table, at, provider in approvals]
    named = {(provider.pk, values["vendor_template"]) for values, _, provider in tables}
    found = []
    for values, at, provider in tables:
        key = values["vendor_template"]
        here = [row for row in left if row.provider_id == provider.pk]
        if key is None:  # the rows that other tables name are theirs
            here = [row for row in here if (provider.pk, row.vendor_template) not in named]
        row = _row(at, here, TemplateApproval(template=template, provider=provider), key)
        body = _registered(at, row, values, current) if row is not None and at.is_valid() else None
        if row is not None and body is not None:
            found.append(ApprovalChange(at, row, values, body))
            left = [each for each in left if each != row]
    return found


def _row(
    at: Location, here: Sequence[TemplateApproval], new: TemplateApproval, key: str | None
) -> TemplateApproval | None:
    """The approval at a provider that a table names, one without a vendor's id yet, or a new one."""
    if key is None:
        found = [row for row in here if row.status != TemplateApprovalStatus.ENDED] or list(here)
    else:
        found = [row for row in here if row.vendor_template == key]
        found = found or [row for row in here if not row.vendor_template and row.version is None]
    if len(found) > 1:
        ids = ", ".join(row.vendor_template or "(none)" for row in found)
        return at.report("vendor_template", f"is missing, and there are several approvals here: {ids}")
    return found[0] if found else new


def _registered(at: Location, row: TemplateApproval, values: dict[str, Any], current: Body) -> Body | None:
    """The text that the approval will cover; None, and an issue, if the vendor does not support it."""
    if values["parameters"] == [] and (values["text"] or row.text):
        values["parameters"] = None  # read from the vendor's text
    if values["text"] in (None, row.text) and is_of_other_text(row, current.source):
        values["parameters"] = None  # those of the new body, which this vendor has not approved
    draft = _draft(row, values)
    renewed = bool(draft.text) and (draft.text, draft.parameters) != (row.text, row.parameters)
    try:
        body = registered_body(draft, current, renewed=renewed)
    except TemplateError as error:
        return at.report("text", str(error))
    if draft.parameters != row.parameters:
        values["parameters"] = draft.parameters
    for key, words in _problems(body, draft):
        at.report(key, words)
    return body if at.is_valid() else None


def _draft(row: TemplateApproval, values: dict[str, Any]) -> TemplateApproval:
    """The approval as it would be stored."""
    draft = copy(row)
    for name, value in values.items():
        if value is not None:
            setattr(draft, name, value)
    return draft


def _problems(body: Body, approval: TemplateApproval) -> list[tuple[str, str]]:
    return approval_problems(approval, body)


# --- warnings ------------------------------------------------------------


def _note_unapproved(session: Session, template: MessageTemplate) -> None:
    """Warn if no provider has approved the current text while an older one is in use."""
    approved = template.approvals.filter(status=TemplateApprovalStatus.APPROVED).select_related("provider", "version")
    older = [each for each in approved if each.version_id != template.current_version_id]
    if older and len(older) == len(approved):
        where = ", ".join(f"version {a.version.number} at {a.provider} ({a.vendor_template})" for a in older)
        session.notes.append(
            f"template {template.name}: the current text is approved nowhere; in use stays {where}. Once the vendor "
            "has the new text, add an approval with its new vendor_template, or give the new text of this one"
        )


def note_shared_ids(session: Session) -> None:
    """A vendor's id identifies one text, and a text should be of one template."""
    for approval in session.approvals:
        if approval.version is None:
            continue
        body = parsed(approval.version)
        where = f"template {approval.template.name} at {approval.provider}: {approval.vendor_template} is approved for"
        if other := same_id(approval, body):
            session.notes.append(
                f"{where} another text too, of template {other.template.name}; one of the two is wrong: end it"
            )
        if other := same_text(approval, body):  # such as the template as it is called since it was renamed in the admin
            session.notes.append(
                f"{where} the same text of template {other.template.name}, too: messages with the text are rejected "
                "(template_ambiguous) unless the kinds of the placeholders differ; end one of the two"
            )


def note_effect(session: Session, before: Iterable[ApprovedText]) -> None:
    """The effect of the file on last week's texts."""
    told = effect(before, approved_texts())
    if told.is_harmful:
        session.notes.append(f"templates: {str(told)[0].lower()}{str(told)[1:]}")
