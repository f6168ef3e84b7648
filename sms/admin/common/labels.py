"""The colour of each status, the same on all pages, and stored texts in the reader's language."""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import Model
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from sms.domain.lifecycle import Outcome, ReportState, Status
from sms.models import ApprovalStatus, PushStatus
from sms.translation import translated

STATUS = {
    Status.QUEUED.value: "info",
    Status.HELD.value: "warning",
    Status.SENDING.value: "info",
    Status.UNCONFIRMED.value: "warning",
    Status.SUBMITTED.value: "primary",
    Status.SENT.value: "primary",
    Status.DELIVERED.value: "success",
    Status.UNDELIVERED.value: "danger",
    Status.FAILED.value: "danger",
    Status.EXPIRED.value: "danger",
    Status.CANCELED.value: "",
}

OUTCOME = {
    Outcome.ACCEPTED.value: "success",
    Outcome.REFUSED.value: "danger",
    Outcome.MISCONFIGURED.value: "danger",
    Outcome.UNAVAILABLE.value: "warning",
    Outcome.UNCONFIRMED.value: "warning",
}

REPORT = {
    ReportState.SENT.value: "primary",
    ReportState.DELIVERED.value: "success",
    ReportState.UNDELIVERED.value: "danger",
    ReportState.UNKNOWN.value: "",
}

PUSH = {
    PushStatus.WAITING.value: "info",
    PushStatus.PUSHING.value: "info",
    PushStatus.DELIVERED.value: "success",
    PushStatus.REFUSED.value: "warning",
    PushStatus.FAILED.value: "danger",
}

APPROVAL = {
    ApprovalStatus.DRAFT.value: "",
    ApprovalStatus.PENDING.value: "warning",
    ApprovalStatus.APPROVED.value: "success",
    ApprovalStatus.REJECTED.value: "danger",
}

SEVERITY = {"warning": "warning", "critical": "danger"}


def translated_field(name: str) -> Callable[..., str]:
    """A column with a stored English text, in the reader's language."""

    @display(description=_(name), ordering=name)
    def shown(_admin: object, row: Model) -> str:
        return translated(getattr(row, name))

    return shown
