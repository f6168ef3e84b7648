"""What a vendor would send with the approval entered in a form: its text, the ordered parameters and the result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sms.domain.matching.templates import Body, TemplateError
from sms.domain.matching.vendor_text import of_body, write_vendor_text
from sms.models import TemplateApproval
from sms.services.configuration.snapshot import parameter_order

from .approvals import approval_problems, registered_body


@dataclass(frozen=True, slots=True)
class DraftApproval:
    """An approval that is not stored yet. `renewed`: it is for the current text, or for its own new text."""

    row: TemplateApproval
    renewed: bool


@dataclass(frozen=True, slots=True)
class SentParameter:
    place: int
    theirs: str
    ours: str
    value: str


@dataclass(frozen=True, slots=True)
class VendorSends:
    """`text`: the vendor's text, in its own notation; `result`: the text that the recipient would see."""

    provider: str
    vendor_template: str
    text: str = ""
    parameters: tuple[SentParameter, ...] = ()
    result: str = ""
    is_other_text: bool = False
    """Whether the approval is for another text than the one in the editor."""
    problems: tuple[str, ...] = ()


def vendor_sends(draft: DraftApproval, current: Body, samples: Mapping[str, str]) -> VendorSends:
    """Rendered from the vendor's text, as before each call."""
    row = draft.row
    slug, vendor = row.provider.slug, row.provider.adapter_class
    try:
        body = registered_body(row, current, renewed=draft.renewed)
    except TemplateError as error:
        return VendorSends(slug, row.vendor_template, row.text, problems=(str(error),))
    problems = approval_problems(row, body)
    order = parameter_order(row.parameters, body)
    if sorted(ours for ours, _theirs in order) != sorted(body.names):
        return VendorSends(slug, row.vendor_template, row.text, problems=tuple(words for _field, words in problems))
    values = [samples.get(ours) or ours for ours, _theirs in order]
    return VendorSends(
        slug,
        row.vendor_template,
        row.text or write_vendor_text(body, order, named=vendor.names_parameters),
        tuple(
            SentParameter(place, theirs if vendor.names_parameters else "", ours, value)
            for place, ((ours, theirs), value) in enumerate(zip(order, values, strict=True), 1)
        ),
        of_body(body, order).render(values),
        is_other_text=body.source != current.source,
        problems=tuple(words for _field, words in problems),
    )
