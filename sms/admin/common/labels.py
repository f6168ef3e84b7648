"""The colour of each status, the same on all pages."""

from __future__ import annotations

from sms.domain.lifecycle import Outcome, ReportState, Status
from sms.models import ApprovalStatus, PushStatus

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
