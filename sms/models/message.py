"""Messages and their attempts. The message table is the queue."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from providers.base import MessageState, Sender
from sms.domain.lifecycle import Outcome, Status

from .client import ApiClient
from .provider import Provider
from .template import TemplateVersion

NEEDS_ATTENTION = [
    Status.HELD,
    Status.UNCONFIRMED,
    Status.UNDELIVERED,
    Status.FAILED,
    Status.EXPIRED,
    Status.CANCELED,
]
"""The states that staff look for. They have few rows, which a partial index finds among millions."""


class Message(models.Model):
    """One accepted call of POST /send-sms. services/intake/insert.py stores it with one INSERT.

    `decision` is the routing decision at the time of the call, with every candidate and its reason. `provider` is the
    provider of the next attempt, or of the one that gave it its state. Attempts up to `attempts_before` were made
    before staff resent the message, and don't count for the retries after it.
    """

    id = models.UUIDField(primary_key=True)
    client = models.ForeignKey(ApiClient, models.PROTECT, related_name="messages", db_index=False)
    request_id = models.CharField(max_length=128)
    repeat_key = models.CharField(max_length=64, null=True)
    api_version = models.CharField(max_length=32, blank=True, default="")
    sender = models.CharField(max_length=64)
    to = models.CharField(max_length=16)
    raw_text = models.TextField(null=True)
    text = models.TextField(null=True)
    newline_is_undecided = models.BooleanField(
        default=False, db_default=False, help_text=_("A /n may be a new line or part of a word, and no template tells.")
    )
    is_otp = models.BooleanField(default=False)
    is_test = models.BooleanField(default=False)
    encoding = models.CharField(max_length=5)
    segments = models.PositiveSmallIntegerField()
    smoothing = models.JSONField(default=list)
    template_version = models.ForeignKey(TemplateVersion, models.PROTECT, null=True, related_name="+", db_index=False)
    parameters = models.JSONField(null=True, default=dict)
    decision = models.JSONField(default=dict)

    status = models.CharField(max_length=12, choices=[(s.value, _(s.value)) for s in Status])
    provider = models.ForeignKey(Provider, models.PROTECT, null=True, related_name="messages", db_index=False)
    pinned_provider = models.ForeignKey(Provider, models.PROTECT, null=True, related_name="+", db_index=False)
    due_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    waiting_for = models.CharField(max_length=200, blank=True, default="")
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts_made = models.PositiveSmallIntegerField(default=0)
    attempts_before = models.PositiveSmallIntegerField(default=0)
    in_doubt = models.BooleanField(default=False, help_text=_("An earlier attempt may have been sent."))
    repeats = models.UUIDField(null=True, help_text=_("The unconfirmed attempt whose reference the next call repeats."))
    crashes = models.PositiveSmallIntegerField(default=0)
    code = models.CharField(max_length=64, blank=True, default="")
    detail = models.TextField(blank=True, default="")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        permissions = [
            ("see_numbers", "Can see numbers in full"),
            ("reveal_message", "Can show a message's text, leaving a record"),
            ("resend_message", "Can send a message again"),
            ("settle_message", "Can settle an unconfirmed message, and ask the vendor"),
            ("cancel_message", "Can cancel a queued or held message, and release a held one"),
            ("send_test", "Can send a test to a number of their own"),
            ("export_messages", "Can export messages as CSV"),
        ]
        constraints = [
            models.UniqueConstraint(fields=("repeat_key",), name="message_repeat_key"),
            models.CheckConstraint(condition=Q(status__in=[s.value for s in Status]), name="message_status_is_known"),
            models.CheckConstraint(
                condition=~Q(status=Status.SENDING) | Q(lease_token__isnull=False, lease_until__isnull=False),
                name="message_sending_has_lease",
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.QUEUED) | Q(due_at__isnull=False, provider__isnull=False),
                name="message_queued_is_due",
            ),
            models.CheckConstraint(condition=~Q(status=Status.HELD, is_otp=True), name="message_otp_never_held"),
        ]
        indexes = [
            models.Index(
                fields=("provider", "is_otp", "due_at"), condition=Q(status=Status.QUEUED), name="message_queue"
            ),
            models.Index(
                fields=("provider", "is_otp", "client", "due_at"),
                condition=Q(status=Status.QUEUED),
                name="message_queue_of_client",
            ),
            models.Index(
                fields=("expires_at",), condition=Q(status__in=[Status.QUEUED, Status.HELD]), name="message_expiry"
            ),
            models.Index(fields=("lease_until",), condition=Q(status=Status.SENDING), name="message_leases"),
            models.Index(
                fields=("status", "-id"),
                condition=Q(status__in=NEEDS_ATTENTION),
                name="message_needs_a_look",
            ),
            models.Index(fields=("-id",), condition=Q(status__in=NEEDS_ATTENTION), name="message_needs_a_look_newest"),
            models.Index(fields=("code", "-id"), condition=Q(status__in=NEEDS_ATTENTION), name="message_code"),
            models.Index(fields=("-id",), condition=Q(is_test=True), name="message_tests"),
            models.Index(
                fields=("expires_at", "id"), condition=Q(is_otp=True, erased_at=None), name="message_otp_to_erase"
            ),
            models.Index(fields=("client", "-id"), name="message_of_client"),
            models.Index(fields=("to", "-id"), name="message_to_number"),
            models.Index(fields=("request_id",), name="message_request_id"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def known_adapter_class(self) -> type[Sender] | None:
        """That of its provider; None without a provider or an adapter."""
        return self.provider.known_adapter_class if self.provider else None


class Attempt(models.Model):
    """One call to one provider for one message. Stored with the claim, before the first byte is sent.

    `outcome` is the result of the call (null while it is in flight), `reported` the state of the last delivery report.
    """

    id = models.UUIDField(primary_key=True)
    message = models.ForeignKey(Message, models.CASCADE, related_name="attempts", db_index=False)
    number = models.PositiveSmallIntegerField()
    provider = models.ForeignKey(Provider, models.PROTECT, related_name="attempts", db_index=False)
    template_version = models.ForeignKey(TemplateVersion, models.PROTECT, null=True, related_name="+", db_index=False)
    lease_token = models.UUIDField()
    repeats = models.UUIDField(null=True, help_text=_("The unconfirmed attempt whose reference this call repeated."))
    outcome = models.CharField(max_length=13, null=True, choices=[(o.value, _(o.value)) for o in Outcome])
    failure = models.CharField(max_length=10, blank=True, default="")
    code = models.CharField(max_length=64, blank=True, default="")
    detail = models.TextField(blank=True, default="")
    vendor_message_id = models.CharField(max_length=128, blank=True, default="")
    http_status = models.PositiveSmallIntegerField(null=True)
    raw_request = models.TextField(null=True)
    raw_response = models.TextField(null=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    reported = models.CharField(max_length=11, blank=True, default="")
    poll_at = models.DateTimeField(null=True)
    polls = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("message", "number")
        constraints = [
            models.UniqueConstraint(fields=("message", "number"), name="one_number_per_attempt"),
        ]
        indexes = [
            models.Index(
                fields=("vendor_message_id", "provider"), condition=~Q(vendor_message_id=""), name="attempt_vendor_id"
            ),
            models.Index(fields=("poll_at",), condition=Q(poll_at__isnull=False), name="attempt_polls"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class AttemptPart(models.Model):
    """One part of an attempt's message, where the vendor reports on each part of a long message by itself.

    It has the part's own id where the vendor gives one, else it is stored with the part's first report.
    """

    attempt = models.ForeignKey(Attempt, models.CASCADE, related_name="parts", db_index=False)
    number = models.PositiveSmallIntegerField()
    count = models.PositiveSmallIntegerField(help_text=_("How many parts the message has."))
    vendor_message_id = models.CharField(max_length=128, blank=True, default="")
    reported = models.CharField(max_length=11, default=MessageState.UNKNOWN.value)
    is_final = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("attempt", "number"), name="one_number_per_part")]
        indexes = [
            models.Index(fields=("vendor_message_id",), condition=~Q(vendor_message_id=""), name="part_vendor_id")
        ]

    def __str__(self) -> str:
        return f"part {self.number} of {self.count}"


class MessageOutcome(models.Model):
    """What the client reports of its message. It counts for `attempt`, the last one of then that may have arrived."""

    message = models.OneToOneField(Message, models.CASCADE, primary_key=True, related_name="client_outcome")
    attempt = models.OneToOneField(Attempt, models.CASCADE, null=True, related_name="client_outcome")
    outcome = models.CharField(max_length=12)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.outcome} {self.message_id}"


class MessageEvent(models.Model):
    """A change of a message by staff or by a rule after it was accepted: resent, settled, moved, expired, erased.

    `decision`: what was decided. It has the message's new `status` and `code`; where the provider was chosen, `from`,
    `to`, and each candidate with its reason; and in `replaced` the routing decision that it replaced.
    """

    message = models.ForeignKey(Message, models.CASCADE, related_name="events")
    at = models.DateTimeField()
    kind = models.CharField(max_length=32)
    actor = models.CharField(max_length=150, blank=True, default="", help_text=_("Empty: a rule."))
    reason = models.TextField(blank=True, default="")
    detail = models.JSONField(default=dict)
    decision = models.JSONField(null=True)

    class Meta:
        ordering = ("at", "id")
        indexes = [models.Index(fields=("-at",), condition=~Q(actor=""), name="staff_event_age")]

    def __str__(self) -> str:
        return f"{self.kind} {self.message_id}"

    @classmethod
    def add_by_rule(cls, kind: str, at: datetime, decisions: Mapping[Any, Mapping[str, Any]]) -> None:
        """Record what a rule decided about several messages. Call it in the transaction of the change."""
        cls.objects.bulk_create(
            (cls(message_id=message, at=at, kind=kind, decision=decision) for message, decision in decisions.items()),
            batch_size=500,
        )
