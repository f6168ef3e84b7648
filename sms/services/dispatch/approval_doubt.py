"""Approvals in doubt: a vendor refused a message in a way that contradicts the approval that staff stated.

As with an open circuit breaker, no message is sent with such an approval, except for one probe at a time over all
dispatchers. A probe that the vendor accepts ends the doubt. Messages are matched as before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from django.db import IntegrityError
from django.db.models import Q

from providers.base import ApprovalKind, ProviderError
from providers.marking import N_
from sms.domain.breaker import next_interval
from sms.domain.routing import Candidate
from sms.models import Alert, ApprovalDoubt, SenderApproval, TemplateApproval
from sms.models.approval_doubt import statement_of
from sms.services.configuration.snapshot import Account
from sms.services.database.transactions import worker_transaction
from sms.services.monitoring import alerts
from sms.services.queue import outbox
from sms.services.queue.attempts import doubted_approval
from sms.services.queue.jobs import Send

log = structlog.get_logger(__name__)

Refusal = tuple[Send, ProviderError]
ALERTS = "doubt:"


@dataclass(frozen=True, slots=True)
class Doubt:
    """An approval in doubt, as claiming needs it."""

    id: int
    title: str
    probe_at: datetime | None = None
    probe_until: datetime | None = None

    def is_probe_free(self, now: datetime) -> bool:
        """Whether a probe is due that no dispatcher has claimed."""
        is_due = self.probe_at is not None and self.probe_at <= now
        return is_due and (self.probe_until is None or self.probe_until <= now)


@dataclass(frozen=True, slots=True)
class Doubts:
    """The doubts at one moment, by template approval, and by provider and sender name."""

    templates: Mapping[int, Doubt] = field(default_factory=dict)
    senders: Mapping[tuple[int, str], Doubt] = field(default_factory=dict)

    def of(self, candidate: Candidate, sender: str) -> tuple[Doubt, ...]:
        """The doubts because of which this candidate may not be called."""
        if not self.templates and not self.senders:
            return ()
        found = (self.templates.get(candidate.approval or 0), self.senders.get((candidate.provider, sender)))
        return tuple(doubt for doubt in found if doubt is not None)

    def with_refusal(self, job: Send, kind: ApprovalKind | None) -> Doubts:
        """These doubts, and the one that this refusal begins."""
        doubt = Doubt(0, "")
        if kind is ApprovalKind.SENDER:
            return Doubts(self.templates, {**self.senders, (job.account.id, job.message.sender): doubt})
        if kind is ApprovalKind.TEMPLATE and job.approval is not None:
            return Doubts({**self.templates, job.approval: doubt}, self.senders)
        return self


NONE = Doubts()


def read_doubts() -> Doubts:
    """Read the doubts in force, with one query. Called only if the queue's state says that there are any."""
    templates: dict[int, Doubt] = {}
    senders: dict[tuple[int, str], Doubt] = {}
    for row in ApprovalDoubt.in_force():
        doubt = Doubt(
            row.pk,
            N_("{title_text}, which is in doubt ({code})").format(title_text=row.title, code=row.code),
            row.probe_at,
            row.probe_until,
        )
        if row.template_approval_id is not None:
            templates[row.template_approval_id] = doubt
        else:
            senders[row.provider_id, row.owner.name] = doubt
    return Doubts(templates, senders)


def take_probe(doubts: Sequence[Doubt], account: Account, *, now: datetime) -> bool:
    """Claim the next probe of all these doubts. If True, no other dispatcher makes one until the lease ends."""
    until = now + timedelta(seconds=outbox.lease_seconds(account.timeout))
    is_free = Q(probe_at__lte=now) & (Q(probe_until=None) | Q(probe_until__lte=now))
    taken: list[int] = []
    for doubt in doubts:
        if not ApprovalDoubt.objects.filter(is_free, pk=doubt.id).update(probe_until=until):
            give_probes_back(taken)
            return False
        taken.append(doubt.id)
    return True


def give_probes_back(doubts: Iterable[int]) -> None:
    """Release claimed probes that were not made, so that the next one need not wait for the end of their lease."""
    if ids := list(doubts):
        ApprovalDoubt.objects.filter(pk__in=ids).update(probe_until=None)


# --- outcomes of settled calls -----------------------------------------------------------------


def record_outcomes(account: Account, calls: Sequence[tuple[Send, ProviderError | None]]) -> None:
    """Begin, postpone and end doubts by the outcomes of a provider's calls. None stands for an accepted message."""
    ended: set[int] = set()
    failed_probes: dict[int, ProviderError] = {}
    refusals: dict[tuple[ApprovalKind, int | str | None], Refusal] = {}
    for job, error in calls:
        if error is None:
            ended.update(job.doubts)
            continue
        failed_probes |= dict.fromkeys(job.doubts, error)
        if (kind := kind_of(job, error)) is not None:
            refusals[kind, job.approval if kind is ApprovalKind.TEMPLATE else job.message.sender] = job, error
    _postpone(failed_probes)
    for (kind, _), (job, error) in refusals.items():
        _begin(job, kind, error)
    if ended:
        end(ended)


def kind_of(job: Send, error: ProviderError) -> ApprovalKind | None:
    """Which approval this failed call contradicts, if it does."""
    values = (value for _, value in job.sms.parameters)
    return doubted_approval(job.account.adapter, error.failure, error.code, values)


def _postpone(probes: Mapping[int, ProviderError]) -> None:
    """Schedule the next probes after failed ones, each after a longer interval."""
    if not probes:
        return
    with worker_transaction() as now:
        for doubt in ApprovalDoubt.objects.filter(pk__in=probes):
            ApprovalDoubt.objects.filter(pk=doubt.pk).update(
                probe_at=now + timedelta(seconds=doubt.probe_interval),
                probe_interval=next_interval(doubt.probe_interval),
                probe_until=None,
            )


def _begin(job: Send, kind: ApprovalKind, error: ProviderError) -> None:
    """Put the approval in doubt, unless it is. A doubt about an earlier statement of staff is replaced."""
    approval = _approval_of(job, kind)
    if approval is None:
        return  # deleted since
    about = {f"{kind}_approval": approval}
    try:
        with worker_transaction() as now:
            values = _values(job, approval, error, now)
            doubt, is_new = ApprovalDoubt.objects.get_or_create(**about, defaults=values)
            if not is_new and not doubt.is_in_force:
                ApprovalDoubt.objects.filter(pk=doubt.pk).update(**values)
            if is_new:
                _open_alert(doubt, error)
    except IntegrityError:
        log.warning("doubt.approval_gone", provider=job.account.slug, kind=kind)


def _approval_of(job: Send, kind: ApprovalKind) -> TemplateApproval | SenderApproval | None:
    if kind is ApprovalKind.TEMPLATE:
        return TemplateApproval.objects.filter(pk=job.approval).first()
    return SenderApproval.objects.filter(provider=job.account.id, sender__name=job.message.sender).first()


def _values(
    job: Send, approval: TemplateApproval | SenderApproval, error: ProviderError, now: datetime
) -> dict[str, object]:
    vendor_key, confirmed_at = statement_of(approval)
    interval = next_interval(0)
    return {
        "provider_id": job.account.id,
        "vendor_key": vendor_key,
        "confirmed_at": confirmed_at,
        "code": error.code[:64],
        "detail": error.detail,
        "begun_at": now,
        "probe_at": now + timedelta(seconds=interval),
        "probe_interval": next_interval(interval),
        "probe_until": None,
    }


def _open_alert(doubt: ApprovalDoubt, error: ProviderError) -> None:
    log.warning("doubt.begun", about=doubt.title, code=doubt.code)
    alerts.open_alert(
        doubt.alert_key,
        severity="critical",
        title=_title(doubt),
        advice=f"{error.detail} {_advice(doubt)}",
        provider_id=doubt.provider_id,
    )


def _advice(doubt: ApprovalDoubt) -> str:
    begin = N_("Messages with it go to the next provider, or wait; one now and then is sent as a probe.")
    known_as = f" (ID {doubt.vendor_key})" if doubt.vendor_key else ""
    check = _CHECK_TEMPLATE if doubt.template_approval_id else _CHECK_SENDER
    return f"{begin} {check.format(known_as=known_as)}"


_CHECK_TEMPLATE = N_(
    "Look at the vendor whether this template{known_as} is still approved. If it is, end the doubt. If the vendor has "
    "it under another id, add the approval here, and end the old one."
)
_CHECK_SENDER = N_(
    "Look at the vendor whether this sender name{known_as} is still approved. If it is, end the doubt. If the vendor "
    "has it under another name, state it in the approval here, and end the old one."
)


def _title(doubt: ApprovalDoubt) -> str:
    text = _TEMPLATE_IN_DOUBT if doubt.template_approval_id else _SENDER_IN_DOUBT
    return text.format(name=doubt.owner.name, provider=doubt.provider.slug, code=doubt.code)


_TEMPLATE_IN_DOUBT = N_("The approval of template {name} at {provider} is in doubt: {code}")
_SENDER_IN_DOUBT = N_("The approval of sender {name} at {provider} is in doubt: {code}")


# --- the end of a doubt ---------------------------------------------------------------------------


def end(doubts: Iterable[int]) -> list[ApprovalDoubt]:
    """End these doubts and close their alerts, so that the approvals are used again. Returns the doubts that ended."""
    ended = []
    with worker_transaction() as now:
        for doubt in ApprovalDoubt.objects.filter(pk__in=list(doubts)).select_related("provider"):
            if ApprovalDoubt.objects.filter(pk=doubt.pk).delete()[0]:
                alerts.close_alert(doubt.alert_key)
                log.info("doubt.ended", about=doubt.title, code=doubt.code)
                ended.append(doubt)
        for provider in {doubt.provider_id for doubt in ended}:
            outbox.wake_waiting(provider, now=now)
    return ended


def end_outdated() -> None:
    """End the doubts about earlier statements of staff, and close the alerts of approvals that were deleted."""
    stored = ApprovalDoubt.objects.select_related("template_approval", "sender_approval")
    outdated = [doubt.pk for doubt in stored if not doubt.is_in_force]
    if outdated:
        end(outdated)
    _close_orphaned_alerts()


def _close_orphaned_alerts() -> None:
    open_now = Alert.objects.filter(key__startswith=ALERTS, closed_at=None).values_list("key", flat=True)
    if keys := set(open_now):
        for key in keys - {doubt.alert_key for doubt in ApprovalDoubt.objects.all()}:
            alerts.close_alert(key)
