"""[[templates]]: texts with placeholders, and what each provider calls them."""

from __future__ import annotations

from typing import Any

from sms.domain.matching.templates import Body, TemplateError, parse_body, parse_kinds
from sms.models import MessageTemplate, Provider, TemplateApproval
from sms.services.approvals import approval_problems, is_parameter

from .desk import Desk
from .entry import Entry
from .senders import Approval, read_approvals, save_approvals


def apply(entry: Entry, desk: Desk) -> None:
    name = entry.text("name", required=True)
    body = entry.text("body", lines=True)
    placeholders = entry.raw("placeholders", dict, "a table")
    approvals = read_approvals(entry, desk, _approval)
    if name is None:
        return
    desk.declare(entry, "name", "template", name)
    template = MessageTemplate.objects.filter(name=name).first() or MessageTemplate(name=name)
    if template._state.adding and "body" not in entry.values:
        entry.mistake("body", "is missing")
    kinds = template.placeholders if placeholders is None else placeholders
    parsed = _parse(entry, body or template.body, kinds)
    if parsed is not None:
        _check_approvals(entry, parsed, template, approvals)
    values = {"body": body, "placeholders": placeholders}
    if desk.save(entry, f"template {name}", template, values) and approvals is not None:
        save_approvals(desk, f"template {name}", TemplateApproval, {"template": template}, approvals)


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
    }


def _parameters(entry: Entry) -> list[str | dict[str, str]] | None:
    """Our placeholders in the vendor's order; `{ ours = "theirs" }` where the vendor has a name of its own."""
    given = entry.raw("parameters", list, "a list of names")
    if given is None:
        return None
    read = [_parameter(entry, f"parameters[{place}]", value) for place, value in enumerate(given)]
    return [parameter for parameter in read if parameter]


def _parameter(entry: Entry, key: str, value: object) -> str | dict[str, str] | None:
    if not is_parameter(value):
        return entry.mistake(key, 'must be a placeholder\'s name, or one pair such as { name = "customer_name" }')
    if isinstance(value, str):
        return value
    ((ours, theirs),) = value.items()
    return ours if ours == theirs else value


def _check_approvals(entry: Entry, body: Body, template: MessageTemplate, approvals: list[Approval] | None) -> None:
    """Hold body and approvals together: those of the file, else those that are stored."""
    if approvals is None:
        stored = TemplateApproval.objects.filter(template=template) if template.pk else []
        for approval in stored:
            for _, words in _problems(body, approval):
                entry.mistake("body", f"at {approval.provider}: {words}")
        return
    for table, provider, values in approvals:
        if table.is_sound:
            for key, words in _problems(body, _resulting(template, provider, values)):
                table.mistake(key, words)


def _resulting(template: MessageTemplate, provider: Provider, values: dict[str, Any]) -> TemplateApproval:
    """The approval as it would be stored."""
    stored = TemplateApproval.objects.filter(template=template, provider=provider).first() if template.pk else None
    approval = stored or TemplateApproval(provider=provider)
    for name, value in values.items():
        if value is not None:
            setattr(approval, name, value)
    return approval


def _problems(body: Body, approval: TemplateApproval) -> list[tuple[str, str]]:
    return approval_problems(
        body,
        approval.provider.adapter_class,
        vendor_template=approval.vendor_template,
        parameters=approval.parameters,
        status=approval.status,
    )
