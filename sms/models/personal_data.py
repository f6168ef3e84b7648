"""The record of requests about a person's data: that it was erased or handed out, without the number itself."""

from __future__ import annotations

from django.db import models


class PersonalDataRecord(models.Model):
    """One number that was forgotten or exported. `digest` is keyed: who knows the number can find its record."""

    class Kind(models.TextChoices):
        FORGOTTEN = "forgotten", "forgotten"
        EXPORTED = "exported", "exported"

    kind = models.CharField(max_length=9, choices=Kind)
    digest = models.CharField(max_length=64)
    reason = models.TextField(blank=True, default="")
    actor = models.CharField(max_length=150)
    rows = models.JSONField(default=dict, help_text="How many rows of each table it concerned.")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        verbose_name = "personal data record"
        permissions = [("forget_number", "Can forget a number: erase what is kept of it")]

    def __str__(self) -> str:
        return f"{self.kind} {self.digest[:8]}"
