"""Hourly sums, which workers write: the dashboard reads them instead of counting the message table."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

OTP_SHAPES_DAYS = 7
"""After so many days a row of masked one-time passwords is deleted."""


class RollupHour(models.Model):
    """One hour with sums. The process that changes `rolled_at` writes the sums in the same transaction."""

    hour = models.DateTimeField(primary_key=True)
    rolled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-hour",)

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}:00"


class HourlyCount(models.Model):
    """How many messages accepted in this hour are in this state now. `provider` is null if none was tried.

    `code` is set only for the states of NEEDS_ATTENTION.
    """

    hour = models.ForeignKey(RollupHour, models.CASCADE, related_name="counts")
    provider = models.ForeignKey("sms.Provider", models.CASCADE, null=True, related_name="+")
    status = models.CharField(max_length=12)
    code = models.CharField(max_length=64, blank=True, default="")
    count = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.hour_id} {self.status} {self.count}"


class HourlySpeed(models.Model):
    """How long messages of this hour took from our answer to the vendor's acceptance, in milliseconds."""

    hour = models.ForeignKey(RollupHour, models.CASCADE, related_name="speeds")
    provider = models.ForeignKey("sms.Provider", models.CASCADE, related_name="+")
    taken = models.PositiveIntegerField()
    p50 = models.PositiveIntegerField()
    p95 = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.hour_id} {self.provider_id} {self.p95} ms"


class HourlyNewline(models.Model):
    """How many messages of this hour and client hold a `/n` of which nothing tells whether it is a new line."""

    hour = models.ForeignKey(RollupHour, models.CASCADE, related_name="newlines")
    client = models.ForeignKey("sms.ApiClient", models.CASCADE, related_name="+")
    count = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.hour_id} {self.client_id} {self.count}"


class HourlyMatch(models.Model):
    """How many messages of this hour matched a template."""

    hour = models.ForeignKey(RollupHour, models.CASCADE, related_name="matches")
    template = models.ForeignKey("sms.MessageTemplate", models.CASCADE, related_name="+")
    count = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.hour_id} {self.template_id} {self.count}"


class HourlyDelivery(models.Model):
    """How many messages accepted in this hour have this fate now (`sms.domain.quality.delivery.Fate`).

    `template` is null for free text. `code` is set for undelivered messages only.
    """

    hour = models.ForeignKey(RollupHour, models.CASCADE, related_name="deliveries")
    provider = models.ForeignKey("sms.Provider", models.CASCADE, null=True, related_name="+", db_index=False)
    client = models.ForeignKey("sms.ApiClient", models.CASCADE, related_name="+", db_index=False)
    template = models.ForeignKey("sms.MessageTemplate", models.CASCADE, null=True, related_name="+", db_index=False)
    sender = models.CharField(max_length=64)
    country = models.CharField(max_length=3)
    fate = models.CharField(max_length=11)
    code = models.CharField(max_length=64, blank=True, default="")
    count = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.hour_id} {self.fate} {self.count}"


class HourlyReceipt(models.Model):
    """How many accepted calls, of a sample of this hour, got their final delivery report within so many seconds.

    `within` is one of `sms.services.analytics.arrivals.EDGES`; null if no report has come.
    """

    hour = models.ForeignKey(RollupHour, models.CASCADE, related_name="receipts")
    provider = models.ForeignKey("sms.Provider", models.CASCADE, related_name="+", db_index=False)
    within = models.PositiveIntegerField(null=True)
    count = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.hour_id} {self.provider_id} {self.within} {self.count}"


class HourlyOtpShape(models.Model):
    """A masked text (`sms.domain.masking`) and its count in one hour. No value can be read from it."""

    hour = models.DateTimeField()
    digest = models.CharField(max_length=64)
    """SHA-256 of the shape: an index over whole texts would be too wide."""
    shape = models.TextField()
    count = models.PositiveIntegerField()

    class Meta:
        ordering = ("-hour", "id")
        constraints = [models.UniqueConstraint(fields=("hour", "digest"), name="one_otp_shape_per_hour")]
        verbose_name = _("masked one-time password")

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}:00 {self.count}"
