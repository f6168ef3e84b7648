"""Rejected calls. They have no message, but staff can find them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from .client import ApiClient

REFUSALS_DAYS = 7
"""Days after which a rejected call is deleted."""


class RefusedRequest(models.Model):
    """A call of an authenticated client that was answered with 4xx. Only the masked text is stored, never the text."""

    client = models.ForeignKey(ApiClient, models.CASCADE, related_name="refused_requests")
    request_id = models.CharField(max_length=128, db_index=True)
    http_status = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=32)
    field = models.CharField(max_length=64, blank=True, default="")
    sender = models.CharField(max_length=64, blank=True, default="")
    to = models.CharField(max_length=32, blank=True, default="")
    is_otp = models.BooleanField(default=False)
    shape = models.TextField(blank=True, default="", help_text=_("The text with its digits masked."))
    nearest = models.TextField(blank=True, default="", help_text=_("The nearest template and the first difference."))
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        verbose_name = _("rejected request")
        permissions = [("see_shapes", "Can see the shapes of refused texts, digits masked")]
        indexes = [
            models.Index(fields=("to", "-id"), name="refused_to_number"),
            models.Index(fields=("created_at",), name="refused_age"),
            models.Index(fields=("code", "-id"), name="refused_code"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.request_id}"


class RefusalCount(models.Model):
    """How many calls of a client were rejected in one minute. After 600 they are only counted."""

    client = models.ForeignKey(ApiClient, models.CASCADE, related_name="refusal_counts")
    minute = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("client", "minute"), name="one_refusal_count_per_minute")]
        verbose_name = _("rejection count")

    def __str__(self) -> str:
        return f"{self.client_id} {self.minute:%Y-%m-%d %H:%M} {self.count}"
