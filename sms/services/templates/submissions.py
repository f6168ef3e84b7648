"""The texts to submit to a vendor: current texts that it has not approved, in the vendor's notation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sms.domain.matching.templates import Body, TemplateError, limits_problem
from sms.domain.matching.vendor_text import write_vendor_text
from sms.models import MessageTemplate, Provider, TemplateApproval, TemplateApprovalStatus, TemplateVersion
from sms.services.configuration.snapshot import parameter_order

from .approvals import compared, parsed

COLUMNS = ("template", "version", "text", "parameters", "example", "status", "vendor_template", "note")


@dataclass(frozen=True, slots=True)
class Submission:
    """One text for the vendor. `status`: the status of its pending approval, "" if there is none."""

    template: str
    template_id: int
    version: int
    text: str
    parameters: tuple[str, ...]
    example: str
    status: str = ""
    vendor_template: str = ""
    problem: str = ""
    """Why this vendor does not support the text."""

    def cells(self) -> tuple[str, ...]:
        """In the order of `COLUMNS`."""
        places = ", ".join(f"{place} = {name}" for place, name in enumerate(self.parameters, 1))
        texts = (self.text, places, self.example, self.status, self.vendor_template, self.problem)
        return (self.template, str(self.version), *texts)


def submissions(provider: Provider, examples: dict[str, str]) -> list[Submission]:
    """The current text of each template without an approval for it at this provider, in the vendor's notation.

    `examples`: a value for each kind, for the vendor's reviewer.
    """
    approvals: dict[int, list[TemplateApproval]] = {}
    for row in TemplateApproval.objects.filter(provider=provider).select_related("version", "template"):
        approvals.setdefault(row.template_id, []).append(row)
    found = []
    for template in MessageTemplate.objects.select_related("current_version").order_by("name"):
        version = template.current_version
        if version is not None and not _is_approved(version, approvals.get(template.pk, ())):
            found.append(_submission(template, version, approvals.get(template.pk, ()), provider, examples))
    return found


def _is_approved(version: TemplateVersion, rows: Iterable[TemplateApproval]) -> bool:
    text = compared(version.body)
    approved = (row for row in rows if row.status == TemplateApprovalStatus.APPROVED and row.version is not None)
    return any(compared(row.version.body) == text for row in approved)


def _submission(
    template: MessageTemplate,
    version: TemplateVersion,
    rows: Sequence[TemplateApproval],
    provider: Provider,
    examples: dict[str, str],
) -> Submission:
    vendor = provider.adapter_class
    waiting = next((row for row in rows if row.version_id in (None, version.pk) and _waits(row)), None)
    try:
        body = parsed(version)
    except TemplateError as error:  # stored by an older version's rules
        return Submission(template.name, template.pk, version.number, version.body, (), "", problem=str(error))
    order = _order(waiting, body)
    text = write_vendor_text(body, order, named=vendor.names_parameters)
    problem = limits_problem(body, max_parameters=vendor.max_parameters, max_length=vendor.max_length) or ""
    return Submission(
        template.name,
        template.pk,
        version.number,
        waiting.text if waiting is not None and waiting.text else text,
        tuple(ours for ours, _theirs in order),
        body.render({each.name: examples.get(each.kind.value, each.name) for each in body.placeholders}),
        waiting.status if waiting else "",
        waiting.vendor_template if waiting else "",
        problem,
    )


def _waits(row: TemplateApproval) -> bool:
    return row.status in (
        TemplateApprovalStatus.DRAFT,
        TemplateApprovalStatus.PENDING,
        TemplateApprovalStatus.REJECTED,
    )


def _order(waiting: TemplateApproval | None, body: Body) -> tuple[tuple[str, str], ...]:
    """The parameter order that staff have chosen, if it is valid for this text."""
    order = parameter_order(waiting.parameters, body) if waiting else ()
    fits = sorted(ours for ours, _theirs in order) == sorted(body.names)
    return order if fits else parameter_order([], body)
