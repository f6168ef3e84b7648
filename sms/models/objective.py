"""Objectives of providers, and the sums by which they are judged."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from sms.domain.quality.objectives import Measure

from .destination import validate_country
from .history import change_history
from .provider import Provider

LONGEST_SECONDS = 600
"""The longest time of a target: sums of five minutes are computed again until it has passed."""


def _percent(what: str) -> models.FloatField:
    help_text = f"{what} Empty: as the next wider objective says. 0: not measured."
    return models.FloatField(
        null=True, blank=True, validators=[MinValueValidator(0), MaxValueValidator(99.99)], help_text=help_text
    )


def _seconds() -> models.PositiveIntegerField:
    help_text = "Seconds. Empty: as the next wider objective says."
    limits = [MinValueValidator(1), MaxValueValidator(LONGEST_SECONDS)]
    return models.PositiveIntegerField(null=True, blank=True, validators=limits, help_text=help_text)


class Objective(models.Model):
    """What share of a provider's messages must go well. Without rows the defaults hold."""

    provider = models.ForeignKey(
        Provider, models.CASCADE, null=True, blank=True, related_name="objectives", help_text="Empty: every provider."
    )
    country = models.CharField(
        max_length=3,
        blank=True,
        default="",
        validators=[validate_country],
        help_text="ISO 3166-1 alpha-2, such as RO. Empty: every country.",
    )
    is_otp = models.BooleanField(
        "kind", null=True, blank=True, choices=[(None, "both"), (True, "OTP"), (False, "others")]
    )
    answer_percent = _percent("Percentage of messages that the vendor answers in time, from their acceptance here.")
    answer_seconds = _seconds()
    receipt_percent = _percent("Percentage of sent messages whose final delivery report comes in time.")
    receipt_seconds = _seconds()
    success_percent = _percent("Percentage of calls that the vendor accepts, and does not report as undelivered.")
    history = change_history()

    class Meta:
        ordering = ("provider__slug", "country", "is_otp")
        constraints = [
            models.UniqueConstraint(
                fields=("country",), condition=Q(provider=None, is_otp=None), name="one_objective_per_country"
            ),
            models.UniqueConstraint(
                fields=("provider", "country"), condition=Q(is_otp=None), name="one_objective_per_provider"
            ),
            models.UniqueConstraint(
                fields=("country", "is_otp"), condition=Q(provider=None), name="one_objective_per_kind"
            ),
            models.UniqueConstraint(fields=("provider", "country", "is_otp"), name="one_objective_per_provider_kind"),
        ]

    def __str__(self) -> str:
        kind = {None: "both kinds", True: "OTP", False: "others"}[self.is_otp]
        return f"{self.provider or 'every provider'}, {self.country or 'every country'}, {kind}"

    def clean(self) -> None:
        names = ("answer_percent", "receipt_percent", "success_percent", "answer_seconds", "receipt_seconds")
        if all(getattr(self, name) is None for name in names):
            raise ValidationError("This objective sets nothing. Enter a percentage or a time.")


class ObjectivePeriod(models.Model):
    """A period with sums. The process that changes `rolled_at` writes the sums in the same transaction."""

    start = models.DateTimeField()
    seconds = models.PositiveIntegerField(help_text="The length.")
    rolled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-start", "seconds")
        constraints = [models.UniqueConstraint(fields=("seconds", "start"), name="one_objective_period")]

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d %H:%M} {self.seconds} s"


class ObjectiveSum(models.Model):
    """How many messages of a period were measured, and how many reached the target of then.

    A message counts for the answer in the period in which it was accepted; a call for receipt and success in the
    period in which it began.
    """

    period = models.ForeignKey(ObjectivePeriod, models.CASCADE, related_name="sums")
    provider = models.ForeignKey(Provider, models.CASCADE, related_name="+", db_index=False)
    country = models.CharField(max_length=3)
    is_otp = models.BooleanField()
    measure = models.CharField(max_length=7, choices=[(each.value, each.value) for each in Measure])
    total = models.PositiveIntegerField()
    good = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.period_id} {self.measure} {self.good} of {self.total}"
