"""Actions of staff on many messages, which a worker performs in batches."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from .provider import Provider


class BulkOperation(models.Model):
    """One action on all messages that a filter found when staff started it.

    `done`, `skipped` and `failed` count messages, `reasons` says why messages were skipped. `position` is the id of the
    last message that was handled: the counters, the position and the messages of a batch change in one transaction.
    """

    class Kind(models.TextChoices):
        MOVE = "move", "move"
        RESEND = "resend", "resend"
        CANCEL = "cancel", "cancel"
        RESOLVE = "resolve", "resolve"

    class State(models.TextChoices):
        WAITING = "waiting", "waiting"
        RUNNING = "running", "running"
        FINISHED = "finished", "finished"
        STOPPED = "stopped", "stopped"

    kind = models.CharField(max_length=7, choices=Kind)
    filters = models.JSONField(default=dict, help_text="The filters of the list of messages.")
    provider = models.ForeignKey(
        Provider, models.PROTECT, null=True, related_name="+", help_text="Where the messages are to go."
    )
    went_out = models.BooleanField(null=True, help_text="What unconfirmed messages are resolved as.")
    reason = models.TextField()
    actor = models.CharField(max_length=150)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    expected = models.PositiveIntegerField(help_text="How many messages the filter found.")
    done = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    reasons = models.JSONField(default=dict)
    position = models.UUIDField(null=True)
    passes = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        verbose_name = "bulk operation"
        indexes = [
            models.Index(
                fields=("id",), condition=Q(state__in=["waiting", "running"]), name="bulk_operation_unfinished"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def is_unfinished(self) -> bool:
        return self.state in (self.State.WAITING, self.State.RUNNING)

    @property
    def handled(self) -> int:
        return self.done + self.skipped + self.failed
