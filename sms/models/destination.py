"""Where messages may go: countries, what has gone to them today, and the block list."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from sms.domain.destinations import NUMBER_TYPES, is_country
from sms.domain.phone import masked

from .history import change_history


def validate_country(value: str) -> None:
    """Raises ValidationError for what is no country that has phone numbers."""
    if not is_country(value):
        raise ValidationError(
            _("%(value)s is no country; write two capital letters such as RO, or 001 for numbers of no country.")
            % {"value": value}
        )


def validate_number_types(value: Any) -> None:
    """Raises ValidationError for what is no list of number types."""
    if value is None:
        return
    unknown = [repr(name) for name in value if name not in NUMBER_TYPES] if isinstance(value, list) else [repr(value)]
    if unknown or not value:
        raise ValidationError(
            _("%(value)s is no type; known are %(number_types)s.")
            % {"value": ", ".join(unknown) or "An empty list", "number_types": ", ".join(NUMBER_TYPES)}
        )


class DestinationMode(models.TextChoices):
    ALLOW = "allow", _("allow")
    MONITOR = "monitor", _("monitor: sent, and alerted")
    BLOCK = "block", _("block")


class Destination(models.Model):
    """What holds for one country. One without a row is open if a route names it by its own prefix."""

    country = models.CharField(
        max_length=3,
        unique=True,
        validators=[validate_country],
        help_text=_("ISO 3166-1 alpha-2, such as RO. 001: numbers of no country, such as +870."),
    )
    mode = models.CharField(max_length=7, choices=DestinationMode, default=DestinationMode.ALLOW)
    number_types = models.JSONField(
        null=True,
        blank=True,
        validators=[validate_number_types],
        help_text=_(
            'Such as ["mobile", "fixed_line_or_mobile"]. Empty: all but premium_rate, shared_cost, satellite and '
            "personal_number."
        ),
    )
    daily_limit = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Messages a UTC day to the country, over all clients. Empty: no limit."),
    )
    created_at = models.DateTimeField(auto_now_add=True)
    history = change_history()

    class Meta:
        ordering = ("country",)

    def __str__(self) -> str:
        return self.country


class DestinationAllowance(models.Model):
    """What was granted to a country's messages today. Processes take tokens from here in blocks.

    `country` is followed by `:` and a client's id where only that client's messages count.
    """

    country = models.CharField(max_length=24, primary_key=True)
    day = models.PositiveIntegerField(default=0)
    used = models.PositiveIntegerField(default=0)
    granted = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.country}: {self.used} on day {self.day}"


class BlockedNumber(models.Model):
    """One number of the block list (opt-out): a call with it is rejected with `recipient_blocked`."""

    phone = models.CharField(
        max_length=16,
        unique=True,
        validators=[RegexValidator(r"\A\+[0-9]{7,15}\Z", _("A plus sign and digits, such as +994501234567."))],
        help_text=_("In E.164 form, such as +994501234567."),
    )
    reason = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("phone",)
        verbose_name = _("blocked number")

    def __str__(self) -> str:
        """Masked, because the admin's log keeps this text forever and shows it to all staff."""
        return masked(self.phone)
