"""Objectives of providers, the sums by which they are judged, and moves of their shares."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sms.domain.quality.objectives import Measure

from .destination import validate_country
from .history import change_history
from .provider import Provider
from .route import Route, ShareMoves

LONGEST_SECONDS = 600
"""The longest time of a target: sums of five minutes are computed again until it has passed."""


def _percent(what: Any) -> models.FloatField:
    return models.FloatField(
        null=True, blank=True, validators=[MinValueValidator(0), MaxValueValidator(99.99)], help_text=what
    )


def _seconds() -> models.PositiveIntegerField:
    help_text = _("Seconds. Empty: as the next wider objective says.")
    limits = [MinValueValidator(1), MaxValueValidator(LONGEST_SECONDS)]
    return models.PositiveIntegerField(null=True, blank=True, validators=limits, help_text=help_text)


class Objective(models.Model):
    """What share of a provider's messages must go well. Without rows the defaults hold."""

    provider = models.ForeignKey(
        Provider,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="objectives",
        help_text=_("Empty: every provider."),
    )
    country = models.CharField(
        max_length=3,
        blank=True,
        default="",
        validators=[validate_country],
        help_text=_("ISO 3166-1 alpha-2, such as RO. Empty: every country."),
    )
    is_otp = models.BooleanField(
        _("kind"), null=True, blank=True, choices=[(None, _("both")), (True, _("OTP")), (False, _("others"))]
    )
    answer_percent = _percent(
        _(
            "Percentage of messages that the vendor answers in time, from their acceptance here. Empty: as the next "
            "wider objective says. 0: not measured."
        )
    )
    answer_seconds = _seconds()
    receipt_percent = _percent(
        _(
            "Percentage of sent messages whose final delivery report comes in time. Empty: as the next wider "
            "objective says. 0: not measured."
        )
    )
    receipt_seconds = _seconds()
    success_percent = _percent(
        _(
            "Percentage of calls that the vendor accepts, and does not report as undelivered. Empty: as the next "
            "wider objective says. 0: not measured."
        )
    )
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
        kind = {None: _("both kinds"), True: _("OTP"), False: _("others")}[self.is_otp]
        provider, country = self.provider or _("every provider"), self.country or _("every country")
        return f"{provider}, {country}, {kind}"

    def clean(self) -> None:
        names = ("answer_percent", "receipt_percent", "success_percent", "answer_seconds", "receipt_seconds")
        if all(getattr(self, name) is None for name in names):
            raise ValidationError(_("This objective sets nothing. Enter a percentage or a time."))


class ObjectivePeriod(models.Model):
    """A period with sums. The process that changes `rolled_at` writes the sums in the same transaction."""

    start = models.DateTimeField()
    seconds = models.PositiveIntegerField(help_text=_("The length."))
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
    mode = models.CharField(max_length=9, choices=ShareMoves, help_text=_("Advised moves change nothing."))
    at = models.DateTimeField()
    before = models.PositiveSmallIntegerField(help_text=_("Percent."))
    after = models.PositiveSmallIntegerField(help_text=_("Percent."))
    is_latest = models.BooleanField(default=True, help_text=_("The last one of its route, provider and mode."))
    figures = models.JSONField(
        default=dict, help_text=_("What is usual of the provider, and what its last calls show.")
    )

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(
                fields=("route", "provider", "mode"), condition=Q(is_latest=True), name="one_latest_share_move"
            ),
        ]
        verbose_name = _("share move")

    def __str__(self) -> str:
        return f"{self.route}: {self.provider} {self.before} % -> {self.after} %"
