"""Whether a vendor can ever carry a template: asked when a template or an approval is saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from providers.base import Carries, Sender
from sms.domain.templates import Body, limits_problem
from sms.models import ApprovalStatus


def approval_problem(
    body: Body,
    adapter: type[Sender],
    *,
    vendor_template: str,
    parameters: Sequence[str | Mapping[str, str]],
    status: str,
) -> str | None:
    """Why this approval can't be, in words for staff; None if it can.

    What can never fit is refused in every status; the vendor's own id is needed only once it has approved.
    """
    if adapter.carries == Carries.TEXT:
        return f"{adapter.name} carries any text: it needs no approved templates."
    ours = [name if isinstance(name, str) else next(iter(name), "") for name in parameters]
    problem = limits_problem(
        body,
        max_parameters=adapter.max_parameters,
        max_length=adapter.max_length,
        parameters=ours or None,
    )
    if problem or status != ApprovalStatus.APPROVED:
        return problem
    return adapter.vendor_template_problem(vendor_template)
