"""State that all processes share: the configuration's stamp, heartbeats, retention, alerts."""

from __future__ import annotations

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from sms.translation import translated

from .history import change_history
from .provider import Provider

LONGEST_RETENTION_DAYS = 3650


class ConfigurationStamp(models.Model):
    """One row with a number that each change of the configuration increases, so that processes notice the change."""

    number = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("configuration stamp")

    def __str__(self) -> str:
        return str(self.number)

    @classmethod
    def touch(cls) -> None:
        """Increase the number. Call it in the transaction of the change."""
        if not cls.objects.filter(pk=1).update(number=F("number") + 1):
            cls.objects.get_or_create(pk=1, defaults={"number": 1})

    @classmethod
    def current(cls) -> int:
        return cls.objects.filter(pk=1).values_list("number", flat=True).first() or 0


class Dispatcher(models.Model):
    """A worker's heartbeat."""

    id = models.UUIDField(primary_key=True)
    host = models.CharField(max_length=100)
    pid = models.PositiveIntegerField()
    slots = models.PositiveIntegerField()
    in_flight = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-seen_at",)

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}"


class RetentionWalk(models.Model):
    """How far retention has come in a table, for all workers and across their restarts."""

    table = models.CharField(max_length=40, primary_key=True)
    position = models.CharField(max_length=40, blank=True, default="", help_text=_("The last key that was checked."))
    begun_at = models.DateTimeField(help_text=_("When retention last began with the oldest row."))

    class Meta:
        ordering = ("table",)
        verbose_name = _("retention position")

    def __str__(self) -> str:
        return self.table


def _days(name: Any) -> models.PositiveSmallIntegerField:
    return models.PositiveSmallIntegerField(
        name, null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(LONGEST_RETENTION_DAYS)]
    )


class RetentionPeriods(models.Model):
    """One row with the retention periods that staff have set. Empty: the RETENTION_* setting."""

    text_days = _days(_("days of texts"))
    raw_days = _days(_("days of raw data"))
    row_days = _days(_("days of rows"))
    history = change_history()

    class Meta:
        default_permissions = ("change",)
        verbose_name = verbose_name_plural = _("retention periods")

    def __str__(self) -> str:
        return f"{self.text_days}, {self.raw_days}, {self.row_days}"


class Alert(models.Model):
    """A condition that staff must know of. It is opened once, says what to do, and is closed when it has ended."""

    key = models.CharField(max_length=100, help_text=_("The condition: at most one open alert per key."))
    severity = models.CharField(max_length=8, choices=[("warning", _("warning")), ("critical", _("critical"))])
    title = models.CharField(max_length=200)
    advice = models.TextField(blank=True, default="")
    provider = models.ForeignKey(Provider, models.CASCADE, null=True, related_name="alerts")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.CharField(max_length=150, blank=True, default="", db_default="")
    silenced_until = models.DateTimeField(null=True, help_text=_("Until then no notice of this condition is sent."))
    silenced_by = models.CharField(max_length=150, blank=True, default="", db_default="")

    class Meta:
        ordering = ("-id",)
        permissions = [
            ("close_alert", "Can close an alert that does not close by itself"),
            ("acknowledge_alert", "Can acknowledge and silence an alert"),
        ]
        constraints = [
            models.UniqueConstraint(fields=("key",), condition=Q(closed_at=None), name="one_open_alert_per_key"),
        ]

    def __str__(self) -> str:
        """In the language of the page that shows it."""
        return translated(self.title)


class AlertNotice(models.Model):
    """The notice of a change of an alert on one channel. It is tried until it is delivered or given up."""

    class Change(models.TextChoices):
        OPENED = "opened", _("opened")
        CLOSED = "closed", _("closed")

    class Channel(models.TextChoices):
        EMAIL = "email", _("e-mail")
        WEBHOOK = "webhook", _("webhook")

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="notices")
    change = models.CharField(max_length=6, choices=Change)
    channel = models.CharField(max_length=7, choices=Channel)
    due_at = models.DateTimeField(
        null=True, help_text=_("When it is tried next. Empty: it was delivered, or given up.")
    )
    told_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    last_error = models.TextField(blank=True, default="")

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(fields=("alert", "change", "channel"), name="one_notice_per_change"),
        ]
        indexes = [models.Index(fields=("due_at",), condition=Q(due_at__isnull=False), name="notice_due")]

    def __str__(self) -> str:
        return f"{self.change} {self.alert_id} by {self.channel}"


class BulkOperation(models.Model):
    """One action on all messages that a filter found when staff started it.

    `done`, `skipped` and `failed` count messages, `reasons` says why messages were skipped. `position` is the id of the
    last message that was handled: the counters, the position and the messages of a batch change in one transaction.
    """

    class Kind(models.TextChoices):
        MOVE = "move", _("move")
        RESEND = "resend", _("resend")
        CANCEL = "cancel", _("cancel")
        RESOLVE = "resolve", _("resolve")

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        FINISHED = "finished", _("finished")
        STOPPED = "stopped", _("stopped")

    kind = models.CharField(max_length=7, choices=Kind)
    filters = models.JSONField(default=dict, help_text=_("The filters of the list of messages."))
    provider = models.ForeignKey(
        Provider, models.PROTECT, null=True, related_name="+", help_text=_("Where the messages are to go.")
    )
    went_out = models.BooleanField(null=True, help_text=_("What unconfirmed messages are resolved as."))
    reason = models.TextField()
    actor = models.CharField(max_length=150)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    expected = models.PositiveIntegerField(help_text=_("How many messages the filter found."))
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
        verbose_name = _("bulk operation")
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
