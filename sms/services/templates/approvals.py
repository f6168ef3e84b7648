"""Approvals: the text that a vendor has registered, and whether the vendor supports it.

The admin, provisioning files and imports use the same rules and the same messages.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TypeGuard

from django.db.models import Q, QuerySet
from django.utils import timezone

from providers.base import PARAMETER_TWICE, Sender
from providers.marking import N_
from sms.domain.matching.index import form_of, normalise
from sms.domain.matching.templates import Body, TemplateError, limits_problem, parse_body, parse_kinds
from sms.domain.matching.vendor_text import Order, is_readable, read_vendor_text, unknown_names, write_vendor_text
from sms.domain.text import is_hidden, visible
from sms.domain.typed_phone import SHORTENED
from sms.models import (
    Attempt,
    ConfirmedHow,
    Message,
    TemplateApproval,
    TemplateApprovalStatus,
    TemplateVersion,
)
from sms.services.configuration.snapshot import parameter_order

Parameters = list[str | dict[str, str]]
"""Our placeholders in the vendor's order, as approvals store them. A pair gives a vendor's name that differs."""
NOT_ALLOWED = N_("{bad} is not allowed here. Remove it.")
_LOST_DIGITS = re.compile(r"[0-9](?:[.,][0-9]+)?E\+[0-9]{2,}")
"""A long id as a spreadsheet writes it."""


def approval_problems(row: TemplateApproval, body: Body) -> list[tuple[str, str]]:
    """Why the provider can never send this text, as pairs of a field and a message for staff; [] if it can.

    Without the vendor's id of the template, an approval can have any status except approved. One that is wrong can be
    ended.
    """
    vendor = row.provider.adapter_class
    if row.status == TemplateApprovalStatus.ENDED:
        wrong = _order_problem(body, row.parameters or [])
        return [("parameters", wrong)] if wrong else []
    problems = {
        "vendor_template": _vendor_template_problem(vendor, row.vendor_template, row.status),
        "parameters": _parameters_problem(body, vendor, row.parameters or []),
    }
    if not problems["parameters"] and vendor.names_parameters:
        problems["text"] = _names_problem(vendor, row.text, parameter_order(row.parameters or [], body))
    return [(field, words) for field, words in problems.items() if words]


def _vendor_template_problem(vendor: type[Sender], vendor_template: str, status: str) -> str | None:
    if not vendor_template and status != TemplateApprovalStatus.APPROVED:
        return None
    if problem := vendor.vendor_template_problem(vendor_template):
        return problem
    if hidden := next(filter(is_hidden, vendor_template), None):  # such as a zero-width space of a copied page
        return NOT_ALLOWED.format(bad=visible(hidden))
    return SHORTENED if _LOST_DIGITS.fullmatch(vendor_template) else None


def is_parameter(value: object) -> TypeGuard[str | dict[str, str]]:
    """Whether this is valid in an approval's list: our placeholder's name, or one pair of it and the vendor's name."""
    names = list(value.values()) if isinstance(value, dict) and len(value) == 1 else [value]
    return all(isinstance(name, str) and name.strip() and name.isprintable() for name in names)


def as_parameters(value: object) -> object:
    """The table `{ name = "customer_name", order = "order_code" }` as a list of pairs; other values unchanged."""
    return [{ours: theirs} for ours, theirs in value.items()] if isinstance(value, dict) else value


def _shape_problem(parameters: object) -> str | None:
    example = N_('write a list such as ["name", {"order": "order_code"}].')
    if not isinstance(parameters, list | tuple):
        return N_("The parameters are not a list: {example_text}").format(example_text=example)
    wrong = [place for place, value in enumerate(parameters, 1) if not is_parameter(value)]
    return (
        N_("The parameter in place {wrong} is wrong: {example_text}").format(wrong=wrong[0], example_text=example)
        if wrong
        else None
    )


def _order_problem(body: Body, parameters: Sequence[str | Mapping[str, str]]) -> str | None:
    """Whether these are the body's placeholders, each once, whatever the vendor supports."""
    order = [] if _shape_problem(parameters) else parameter_order(parameters, body)
    return _shape_problem(parameters) or limits_problem(body, parameters=[ours for ours, _ in order])


def _parameters_problem(body: Body, vendor: type[Sender], parameters: Sequence[str | Mapping[str, str]]) -> str | None:
    if wrong := _shape_problem(parameters):
        return wrong
    order = parameter_order(parameters, body)
    renamed = [f"{ours} = {theirs}" for ours, theirs in order if ours != theirs]
    if renamed and not vendor.names_parameters:
        return N_("{vendor} identifies parameters by order only and does not accept names ({renamed}).").format(
            vendor=vendor.name, renamed=", ".join(renamed)
        )
    problem = limits_problem(
        body,
        max_parameters=vendor.max_parameters,
        max_length=vendor.max_length,
        max_value_length=vendor.max_value_length,
        parameters=[ours for ours, _ in order] or None,
    )
    if problem is None and vendor.names_parameters and len({theirs for _, theirs in order}) < len(order):
        return PARAMETER_TWICE
    return problem


def _names_problem(vendor: type[Sender], text: str, order: Order) -> str | None:
    """A vendor that identifies parameters by name would not find any of ours in its text."""
    names = unknown_names(text, order)
    sent = ", ".join(theirs for _, theirs in order)
    return (
        N_(
            "{vendor} identifies parameters by name: its text has {names}, and the approval sends {sent}. "
            "Give the names of its text in the parameters."
        ).format(vendor=vendor.name, names=", ".join(map(visible, names)), sent=sent)
        if names
        else None
    )


# --- the text that an approval covers ---------------------------------------------------------


def registered_body(approval: TemplateApproval, current: Body, *, renewed: bool = False) -> Body:
    """The text that the vendor has registered, as a template body. Raises TemplateError.

    This is the body of the approval's template version. If there is no version yet, or if the approval is `renewed`
    (the vendor's text or its parameters changed, or staff confirm that the vendor has the current text), it is the
    approval's own `text` if it has one, else the template's current body.
    """
    if approval.version is not None and not renewed:
        return parsed(approval.version)
    return _translated(approval, current) if approval.text else current


def _translated(approval: TemplateApproval, current: Body) -> Body:
    """The body parsed from the vendor's text. If no parameters are given, the current body's parameters are used, in
    its order; they are kept if the vendor's text has another order.
    """
    known = [current, *([parsed(approval.version)] if approval.version else [])]
    reading = read_vendor_text(approval.text, _order(approval, known), known=[body.source for body in known])
    names = [ours for ours, _ in _order(approval, known)]
    body = parse_body(reading.body(names))
    if list(body.names) != names:
        approval.parameters = approval.parameters or names
    kinds = {placeholder.name: placeholder for each in reversed(known) for placeholder in each.placeholders}
    return parse_body(body.source, {name: kinds[name] for name in body.names if name in kinds})


def _order(approval: TemplateApproval, known: Sequence[Body]) -> tuple[tuple[str, str], ...]:
    """The parameters as given, else those of the first body whose number of placeholders the vendor's text has."""
    orders = [parameter_order(approval.parameters, body) for body in known]
    return next((order for order in orders if is_readable(approval.text, order)), orders[0])


def parsed(version: TemplateVersion) -> Body:
    return parse_body(version.body, parse_kinds(version.placeholders))


def bind(approval: TemplateApproval, body: Body) -> None:
    """Set the approval's version to the template version with this text, and create it if it does not exist.

    The template must be stored. A draft gets a version only once it is approved or has its own text.
    """
    if approval.version is None and not approval.text and approval.status != TemplateApprovalStatus.APPROVED:
        return
    text = compared(body.source)
    same = (version for version in _versions(approval) if compared(version.body) == text)
    approval.version = next(same, None) or approval.template.add_version(body.source, body.kinds)


def _versions(approval: TemplateApproval) -> Iterator[TemplateVersion]:
    """The versions that may have the text. The most likely one comes first, because the others need a query."""
    yield from filter(None, (approval.template.current_version, approval.version))
    yield from approval.template.versions.order_by("-number")


def compared(body: str) -> str:
    """A body in the form that matching compares: bodies with equal forms have the same text."""
    return normalise(body)[0]


def is_of_other_text(approval: TemplateApproval, body: str) -> bool:
    """Whether the vendor has registered another text than this body.

    In that case the body's parameters do not apply to the approval, because their order depends on the text.
    """
    return approval.version is not None and compared(approval.version.body) != compared(body)


def confirm(approval: TemplateApproval, *, by: str, how: ConfirmedHow) -> None:
    """Record who confirmed that the vendor has registered this text, and when."""
    approval.confirmed_at, approval.confirmed_by, approval.confirmed_how = timezone.now(), by, how
    approval.needs_confirmation = False


LONG_AGO = timedelta(days=365)
"""Approvals that have not been confirmed for this long are listed, because vendors may end approvals without notice."""


def unconfirmed_days(approval: TemplateApproval) -> int | None:
    """Days since an approved text was confirmed; None within the limit; -1 if no confirmation is known.

    An approval counts as confirmed when it was approved.
    """
    if approval.status != TemplateApprovalStatus.APPROVED:
        return None
    last = max(filter(None, (approval.approved_at, approval.confirmed_at)), default=None)
    if last is None:
        return -1
    age = timezone.now() - last
    return age.days if age >= LONG_AGO else None


def unconfirmed_for_long() -> Q:
    """The approvals for which `unconfirmed_days` returns a number."""
    horizon = timezone.now() - LONG_AGO
    is_old = {name: Q(**{name: None}) | Q(**{f"{name}__lte": horizon}) for name in ("approved_at", "confirmed_at")}
    return Q(status=TemplateApprovalStatus.APPROVED) & is_old["approved_at"] & is_old["confirmed_at"]


def vendor_text(approval: TemplateApproval) -> str:
    """The registered text in the vendor's notation; before approval, the text that would be submitted."""
    version = approval.version or approval.template.current_version
    if approval.text or version is None:
        return approval.text
    body = parsed(version)
    order = parameter_order(approval.parameters, body)
    return write_vendor_text(body, order, named=approval.provider.adapter_class.names_parameters)


ID_OF_OTHER_TEXT = N_(
    "The id {vendor_template} is approved for another text, of template {template}. End that approval first."
)


def same_id(approval: TemplateApproval, body: Body) -> TemplateApproval | None:
    """Another approval with the same vendor's id for a different text: one of the two is wrong."""
    text = at_vendor(approval, body)
    return next((other for other, found in _of_same_id(approval) if found != text), None)


def same_text(approval: TemplateApproval, body: Body) -> TemplateApproval | None:
    """An approval of another template with the same vendor's id and text: messages with it match both."""
    text = at_vendor(approval, body)
    others = ((each, found) for each, found in _of_same_id(approval) if each.template_id != approval.template_id)
    return next((other for other, found in others if found == text), None)


def _of_same_id(approval: TemplateApproval) -> Iterator[tuple[TemplateApproval, AtVendor]]:
    """The other approvals with this id, each with its text."""
    if not approval.vendor_template or approval.status != TemplateApprovalStatus.APPROVED:
        return
    others = TemplateApproval.objects.filter(
        provider=approval.provider, vendor_template=approval.vendor_template, status=TemplateApprovalStatus.APPROVED
    )
    for other in others.exclude(pk=approval.pk).select_related("template", "version"):
        if text := _stored_at_vendor(other):
            yield other, text


def ids_of_other_texts(
    imported: Iterable[tuple[str, TemplateApproval, Body]], *, changing: Collection[int | None]
) -> Iterator[tuple[TemplateApproval, str]]:
    """`same_id` for many approvals that are not stored yet, each with its template's name, among themselves too.

    `changing`: the keys of the stored ones that do not stay as they are.
    """
    told = [(name, row, at_vendor(row, body)) for name, row, body in imported if _sent_id(row)]
    texts: dict[Hashable, list[tuple[str, AtVendor]]] = defaultdict(list)
    for name, row, text in told:
        texts[_sent_id(row)].append((name, text))
    for row in _approved_with_id() if told else ():
        if row.pk not in changing and (key := _sent_id(row)) in texts and (stored := _stored_at_vendor(row)):
            texts[key].append((row.template.name, stored))
    for _, row, text in told:
        if other := next((name for name, found in texts[_sent_id(row)] if found != text), None):
            yield row, ID_OF_OTHER_TEXT.format(vendor_template=row.vendor_template, template=other)


def _sent_id(row: TemplateApproval) -> Hashable:
    """The id that messages with it are sent with, and where; None for an approval that is not used."""
    is_used = row.vendor_template and row.status == TemplateApprovalStatus.APPROVED
    return (row.provider_id, row.vendor_template) if is_used else None


def _approved_with_id() -> QuerySet[TemplateApproval]:
    rows = TemplateApproval.objects.filter(status=TemplateApprovalStatus.APPROVED).exclude(vendor_template="")
    return rows.select_related("template", "version", "provider").defer("provider__credentials")


AtVendor = tuple[tuple[str, ...], list[str | int | None]]
"""A registered text: its literals, and the parameters between them by the vendor's names or places."""


def at_vendor(approval: TemplateApproval, body: Body) -> AtVendor:
    """The registered text, independent of the names of our placeholders."""
    order = enumerate(parameter_order(approval.parameters, body))
    is_named = approval.provider.adapter_class.names_parameters
    theirs = {ours: name if is_named else place for place, (ours, name) in order}
    return literals(body), [theirs.get(name) for name in body.names]


def _stored_at_vendor(approval: TemplateApproval) -> AtVendor | None:
    """None for a text that is invalid by the present rules: no message is matched with it."""
    try:
        return at_vendor(approval, parsed(approval.version))
    except TemplateError:
        return None


def literals(body: Body) -> tuple[str, ...]:
    """The text before, between and behind the placeholders, as matching compares it."""
    return form_of(body)[0].literals


def is_in_use(template: int) -> bool:
    """Whether a message or an attempt refers to a version of this template, which then can't be deleted."""
    return any(model.objects.filter(template_version__template=template).exists() for model in (Message, Attempt))
