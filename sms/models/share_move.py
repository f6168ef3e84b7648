"""Share moves, and what is usual of a provider: by it they are judged."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from .provider import Provider
from .route import Route, ShareMoves


class UsualFigures(models.Model):
    """A provider's figures of its last days (`sms.domain.quality.decline.Usual`), which workers compute."""

    provider = models.OneToOneField(Provider, models.CASCADE, primary_key=True, related_name="usual")
    computed_at = models.DateTimeField()
    calls = models.PositiveIntegerField()
    log_seconds = models.FloatField()
    spread = models.FloatField()
    failures = models.FloatField()
    receipt_seconds = models.PositiveIntegerField(null=True)
    missing = models.FloatField()

    def __str__(self) -> str:
        return f"{self.provider_id} {self.calls}"


class ShareMove(models.Model):
    """A change of the share of a route's messages that a provider keeps, made or advised."""

    route = models.ForeignKey(Route, models.CASCADE, related_name="share_moves_made")
    provider = models.ForeignKey(Provider, models.CASCADE, related_name="+")
    mode = models.CharField(max_length=9, choices=ShareMoves, help_text="Advised moves change nothing.")
    at = models.DateTimeField()
    before = models.PositiveSmallIntegerField(help_text="Percent.")
    after = models.PositiveSmallIntegerField(help_text="Percent.")
    is_latest = models.BooleanField(default=True, help_text="The last one of its route, provider and mode.")
    figures = models.JSONField(default=dict, help_text="What is usual of the provider, and what its last calls show.")

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(
                fields=("route", "provider", "mode"), condition=Q(is_latest=True), name="one_latest_share_move"
            ),
        ]
        verbose_name = "share move"

    def __str__(self) -> str:
        return f"{self.route}: {self.provider} {self.before} % -> {self.after} %"
