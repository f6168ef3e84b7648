"""The clients that may call the API."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from .destination import validate_country
from .history import change_history
from .sender import SenderName

LARGEST_INTEGER = 2_147_483_647


def digest(secret: str) -> str:
    """SHA-256 of a secret, in hex.

    The secrets are generated with 128 bits or more, so a fast digest can't be attacked by guessing. A password hash at
    every request would take a hundred times as long as the request (measured: 8 requests a second).
    """
    return hashlib.sha256(secret.encode()).hexdigest()


class NewlineEscape(models.TextChoices):
    OUTSIDE_URLS = "outside_urls", _("/n is a new line, but not inside links")
    ALWAYS = "always", _("/n is always a new line")
    OFF = "off", _("/n stays as it is")


class OnNoTemplate(models.TextChoices):
    REFUSE = "refuse", _("reject the request (422)")
    HOLD = "hold", _("hold the message until a template matches its text")


def validate_country_limits(value: Any) -> None:
    """Raises ValidationError for what is no mapping of countries to numbers of messages."""
    if not isinstance(value, dict):
        raise ValidationError(_('Write an object of countries and numbers of messages, such as {"RO": 5000}.'))
    for country, limit in value.items():
        validate_country(country)
        if type(limit) is not int or not 1 <= limit <= LARGEST_INTEGER:
            raise ValidationError(
                _("%(country)s: %(limit)s is no number of messages from 1 to %(largest_integer)s.")
                % {"country": country, "limit": f"{limit!r}", "largest_integer": f"{LARGEST_INTEGER:,}"}
            )


class ApiClient(models.Model):
    """A caller of the API, such as one Akinon shop."""

    username = models.CharField(
        max_length=64,
        unique=True,
        validators=[RegexValidator(r"\A[!-9;-~]+\Z", _("Visible ASCII characters without a colon."))],
    )
    secret_digest = models.CharField(max_length=64, editable=False)
    previous_digest = models.CharField(max_length=64, blank=True, editable=False)
    previous_valid_until = models.DateTimeField(null=True, editable=False)
    enabled = models.BooleanField(default=True)
    newline_escape = models.CharField(max_length=16, choices=NewlineEscape, default=NewlineEscape.OUTSIDE_URLS)
    all_senders = models.BooleanField(default=True, help_text=_("Off: only the sender names chosen below."))
    senders = models.ManyToManyField(SenderName, blank=True, related_name="clients")
    rate_limit = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)], help_text=_("Messages a second. Empty: no limit.")
    )
    daily_budget = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)], help_text=_("Messages a UTC day. Empty: no limit.")
    )
    read_messages = models.BooleanField(default=True, help_text=_("Off: GET /messages is rejected."))
    on_no_template = models.CharField(
        _("if no template matches"), max_length=8, choices=OnNoTemplate, default=OnNoTemplate.REFUSE
    )
    otp_per_number = models.PositiveIntegerField(
        default=5, validators=[MaxValueValidator(10_000)], help_text=_("OTPs to one number in 10 minutes. 0: no limit.")
    )
    otp_per_range = models.PositiveIntegerField(
        default=50,
        validators=[MaxValueValidator(1_000_000)],
        help_text=_("OTPs an hour to one range of 100 numbers. 0: no limit."),
    )
    slot_share = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text=_("Percent of each provider's slots that the client may use at once, at least one. Empty: all."),
    )
    country_limits = models.JSONField(
        default=dict,
        db_default={},
        blank=True,
        validators=[validate_country_limits],
        help_text=_('Messages a UTC day to a country, such as {"RO": 5000}. Others have no limit here.'),
    )
    created_at = models.DateTimeField(auto_now_add=True)
    history = change_history(without=("secret_digest", "previous_digest"), m2m_fields=[senders])

    class Meta:
        ordering = ("username",)
        verbose_name = _("client")

    def __str__(self) -> str:
        return self.username

    def set_secret(self, secret: str) -> None:
        self.secret_digest = digest(secret)

    def generate_secret(self) -> str:
        """Set a new secret of 192 bits and return it. Only its digest is stored."""
        secret = secrets.token_urlsafe(24)
        self.set_secret(secret)
        return secret

    def rotate_secret(self, *, previous_valid_until: datetime) -> str:
        """Set a new secret and return it. The old one stays valid until the given time."""
        self.previous_digest, self.previous_valid_until = self.secret_digest, previous_valid_until
        return self.generate_secret()


class ClientAllowance(models.Model):
    """A client's token bucket and daily budget. Processes take tokens in blocks, not in the transaction of a message.

    `at` is in seconds since 1970, `day` in days since then (UTC), `used` counts that day's messages. `granted` is the
    size of the last block, which the process reads from its own UPDATE.
    """

    client = models.OneToOneField(ApiClient, models.CASCADE, primary_key=True, related_name="allowance")
    tokens = models.FloatField(default=0)
    at = models.FloatField(default=0)
    day = models.PositiveIntegerField(default=0)
    used = models.PositiveIntegerField(default=0)
    granted = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.client_id}: {self.used} on day {self.day}"


class LoginSource(models.Model):
    """Log-ins for one user name from one address. `account` is a client's id, or a bucket of unknown user names."""

    account = models.CharField(max_length=24)
    source = models.CharField(max_length=45, help_text=_("An IPv4 address, or the /64 network of an IPv6 one."))
    failures = models.PositiveIntegerField(default=0)
    failures_since = models.DateTimeField(null=True)
    succeeded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("account", "source"), name="one_row_per_login_source")]
        verbose_name = _("login source")

    def __str__(self) -> str:
        return f"{self.account} from {self.source}"
