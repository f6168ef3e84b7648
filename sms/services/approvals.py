"""Whether a template can be approved at a vendor: the same words for forms, files and imports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeGuard

from providers.base import Sender
from sms.domain.matching.templates import Body, limits_problem
from sms.models import ApprovalStatus, Attempt, Message
from sms.services.snapshot import parameter_order


def approval_problems(
    body: Body,
    vendor: type[Sender],
    *,
    vendor_template: str,
    parameters: Sequence[str | Mapping[str, str]],
    status: str,
) -> list[tuple[str, str]]:
    """Why this vendor can never carry the template, as pairs of a field and words for staff; [] if it can.

    Without the vendor's own name of it an approval may wait (draft, pending, rejected), but not be approved.
    """
    return [
        (field, words)
        for field, words in (
            ("vendor_template", _vendor_template_problem(vendor, vendor_template, status)),
            ("parameters", _parameters_problem(body, vendor, parameters)),
        )
        if words
    ]


def _vendor_template_problem(vendor: type[Sender], vendor_template: str, status: str) -> str | None:
    if not vendor_template and status != ApprovalStatus.APPROVED:
        return None
    return vendor.vendor_template_problem(vendor_template)


def is_parameter(value: object) -> TypeGuard[str | dict[str, str]]:
    """Whether this can stand in an approval's list: our placeholder's name, or one pair of it and the vendor's."""
    names = list(value.values()) if isinstance(value, dict) and len(value) == 1 else [value]
    return all(isinstance(name, str) and name.strip() and name.isprintable() for name in names)


def _shape_problem(parameters: object) -> str | None:
    example = 'write a list such as ["name", {"order": "order_code"}].'
    if not isinstance(parameters, list | tuple):
        return f"The parameters are no list: {example}"
    wrong = [place for place, value in enumerate(parameters, 1) if not is_parameter(value)]
    return f"The parameter in place {wrong[0]} is wrong: {example}" if wrong else None


def _parameters_problem(body: Body, vendor: type[Sender], parameters: Sequence[str | Mapping[str, str]]) -> str | None:
    if wrong := _shape_problem(parameters):
        return wrong
    order = parameter_order(parameters, body)
    renamed = [f"{ours} = {theirs}" for ours, theirs in order if ours != theirs]
    if renamed and not vendor.names_parameters:
        return f"{vendor.name} knows its parameters by their order alone; it takes no names ({', '.join(renamed)})."
    return limits_problem(
        body,
        max_parameters=vendor.max_parameters,
        max_length=vendor.max_length,
        parameters=[ours for ours, _ in order] or None,
    )


def is_in_use(template: int) -> bool:
    """Whether a message or an attempt points at a version of this template: then it can't be deleted."""
    return any(model.objects.filter(template_version__template=template).exists() for model in (Message, Attempt))
