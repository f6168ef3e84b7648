"""Routes: which providers send messages to which numbers."""

from __future__ import annotations

from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .client import ApiClient
from .history import change_history
from .provider import Provider


class ShareMoves(models.TextChoices):
    OFF = "off", _("off")
    ADVISE = "advise", _("advise")
    AUTOMATIC = "automatic", _("automatic")


class Route(models.Model):
    """A route. Of several that match, the longest prefix wins, then one with a client, then one with a kind."""

    prefix = models.CharField(
        max_length=16,
        validators=[
            RegexValidator(r"\A\+[0-9]{0,15}\Z", _("A plus sign and digits, such as +994; + alone is the rest."))
        ],
        help_text=_(
            "The start of the number, such as +994. A + alone matches every number that no other route matches."
        ),
    )
    client = models.ForeignKey(
        ApiClient, models.CASCADE, null=True, blank=True, related_name="routes", help_text=_("Empty: every client.")
    )
    is_otp = models.BooleanField(
        _("kind"), null=True, blank=True, choices=[(None, _("both")), (True, _("OTP")), (False, _("others"))]
    )
    enabled = models.BooleanField(default=True)
    providers = models.ManyToManyField(Provider, through="RouteProvider", related_name="routes")
    otp_ttl = models.PositiveIntegerField(
        _("OTP time to live"), default=300, validators=[MinValueValidator(1)], help_text=_("Seconds.")
    )
    ttl = models.PositiveIntegerField(
        _("time to live"), default=86400, validators=[MinValueValidator(1)], help_text=_("Seconds, for other messages.")
    )
    resend_unconfirmed_otp = models.BooleanField(
        default=False,
        help_text=_("An unconfirmed OTP may be sent once more by the next provider. It may arrive twice."),
    )
    share_moves = models.CharField(
        max_length=9,
        choices=ShareMoves,
        default=ShareMoves.ADVISE,
        db_default=ShareMoves.ADVISE,
        help_text=_(
            "When a provider becomes slow, silent or unsuccessful. Advise: an alert opens. Automatic: new messages go "
            "to the next provider, and come back."
        ),
    )
    history = change_history()

    class Meta:
        ordering = ("prefix", "client", "is_otp")
        constraints = [
            models.UniqueConstraint(
                fields=("prefix",), condition=Q(client=None, is_otp=None), name="one_route_per_prefix"
            ),
            models.UniqueConstraint(
                fields=("prefix", "client"), condition=Q(is_otp=None), name="one_route_per_prefix_client"
            ),
            models.UniqueConstraint(
                fields=("prefix", "is_otp"), condition=Q(client=None), name="one_route_per_prefix_kind"
            ),
            models.UniqueConstraint(fields=("prefix", "client", "is_otp"), name="one_route_per_prefix_client_kind"),
        ]

    def __str__(self) -> str:
        kind = {None: "", True: ", OTP", False: ", others"}[self.is_otp]
        client = f", {self.client}" if self.client_id else ""
        return f"{self.prefix}{client}{kind}"


class RouteProvider(models.Model):
    """A provider's position in a route: 1 is tried first."""

    route = models.ForeignKey(Route, models.CASCADE, related_name="steps")
    provider = models.ForeignKey(Provider, models.CASCADE, related_name="route_steps")
    position = models.PositiveSmallIntegerField(default=1)
    history = change_history()

    class Meta:
        ordering = ("route", "position")
        constraints = [
            models.UniqueConstraint(fields=("route", "provider"), name="one_place_per_route_provider"),
        ]

    def __str__(self) -> str:
        return f"{self.position}. {self.provider_id}"
