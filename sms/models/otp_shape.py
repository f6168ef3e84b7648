"""How often one-time passwords of which form were accepted, by the hour: their texts are erased, these stay."""

from __future__ import annotations

from django.db import models

OTP_SHAPES_DAYS = 7
"""After so many days a row is deleted."""


class HourlyOtpShape(models.Model):
    """A masked text (`sms.domain.matching.masking`) and its count in one hour. No value can be read from it."""

    hour = models.DateTimeField()
    digest = models.CharField(max_length=64)
    """SHA-256 of the shape: an index over whole texts would be too wide."""
    shape = models.TextField()
    count = models.PositiveIntegerField()

    class Meta:
        ordering = ("-hour", "id")
        constraints = [models.UniqueConstraint(fields=("hour", "digest"), name="one_otp_shape_per_hour")]
        verbose_name = "masked one-time password"

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}:00 {self.count}"
