"""Providers, which are accounts at vendors: their configuration, and their state."""

from __future__ import annotations

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from providers.base import Sender
from providers.registry import SENDERS, is_described, sender_class

from .calling import InboundAddress
from .encrypted import CredentialsAccount
from .history import change_history


def vendor_choices() -> list[tuple[str, str]]:
    """The choices. They are a function, so that a new vendor needs no migration."""
    return [(slug, adapter.name) for slug, adapter in sorted(SENDERS.items())]


class Provider(CredentialsAccount, InboundAddress):
    """One account at one vendor."""

    adapters = SENDERS

    slug = models.SlugField(max_length=64, unique=True, help_text=_("A short name of ours, such as main-az."))
    vendor = models.CharField(max_length=32, choices=vendor_choices)
    base_url = models.CharField(
        _("address"), max_length=300, blank=True, help_text=_("Empty: the vendor's default address.")
    )
    enabled = models.BooleanField(default=True, help_text=_("Off: no message is routed here."))
    paused = models.BooleanField(
        default=False, help_text=_("On: messages routed here wait, or go to the next provider.")
    )
    timeout = models.PositiveSmallIntegerField(
        default=15,
        validators=[MinValueValidator(1), MaxValueValidator(120)],
        help_text=_(
            "Seconds from the first byte of the request to the end of the response. Connecting may take 5 more."
        ),
    )
    max_in_flight = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)], help_text=_("Calls at a time, over all dispatchers.")
    )
    rate_limit = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)], help_text=_("Calls a second, over all dispatchers.")
    )
    low_balance = models.PositiveIntegerField(
        _("balance that is low"),
        null=True,
        blank=True,
        help_text=_(
            "An alert is opened while the vendor says that the account has less. Only for vendors that say it."
        ),
    )
    reports_per_minute = models.PositiveIntegerField(
        default=60_000,
        db_default=60_000,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Calls of the vendor to our callback address, in each web process. More are answered with 429."),
    )
    shown_sender = models.CharField(
        _("sender shown"),
        max_length=64,
        blank=True,
        default="",
        db_default="",
        help_text=_(
            "The sender name that recipients see of this account where a call names none. Messages with other "
            "sender names are not routed here. Empty: all are."
        ),
    )
    credentials_changed_at = models.DateTimeField(null=True, blank=True, editable=False)
    options = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    history = change_history(without=("credentials", "credentials_origin"))

    class Meta:
        ordering = ("slug",)
        permissions = [
            ("pause_provider", "Can pause and resume a provider"),
            ("test_provider", "Can test a provider's connection"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(timeout__gte=1, timeout__lte=120), name="provider_timeout_1_120"),
        ]

    def __str__(self) -> str:
        return self.slug

    def save(self, *args: Any, **kwargs: Any) -> None:
        super().save(*args, **kwargs)
        ProviderState.objects.get_or_create(provider=self)

    @property
    def adapter_class(self) -> type[Sender]:
        """That of the vendor; one that is never called where none can be used."""
        return sender_class(self.vendor)

    @property
    def known_adapter_class(self) -> type[Sender] | None:
        """None if there is no adapter of this name that can be used."""
        return SENDERS.get(self.vendor)

    @property
    def address(self) -> str:
        return self.base_url

    @property
    def default_address(self) -> str:
        return self.known_adapter_class.default_base_url if self.known_adapter_class else ""

    @property
    def default_can_change(self) -> bool:
        return is_described(self.vendor)

    def adapter(self) -> Sender:
        """The vendor's adapter, with this account's address, credentials and options."""
        address = self.base_url or self.default_address
        return self.adapter_class(base_url=address, credentials=self.usable_credentials, options=self.options)


class Breaker(models.TextChoices):
    CLOSED = "closed", _("closed")
    OPEN = "open", _("open")


class ProviderState(models.Model):
    """The state of a provider, which workers write.

    It has its own table, so that saving a provider's form in the admin never changes it.
    """

    provider = models.OneToOneField(Provider, models.CASCADE, primary_key=True, related_name="state")
    breaker = models.CharField(max_length=8, choices=Breaker, default=Breaker.CLOSED)
    breaker_failure = models.CharField(max_length=16, blank=True, help_text=_("The class of failure that opened it."))
    breaker_code = models.CharField(max_length=64, blank=True)
    breaker_detail = models.TextField(blank=True)
    opened_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True, help_text=_("When the circuit breaker last closed."))
    probe_at = models.DateTimeField(null=True, help_text=_("When the next probe is due. Empty: staff must act first."))
    probe_interval = models.PositiveIntegerField(default=0, help_text=_("Seconds to the probe after the next."))
    probe_until = models.DateTimeField(null=True, help_text=_("A probe is in flight until then at the latest."))
    bad_calls = models.PositiveIntegerField(default=0, help_text=_("Unavailable or unconfirmed calls in a row."))
    tokens = models.FloatField(default=0, help_text=_("Calls left in the token bucket of the rate limit."))
    tokens_at = models.DateTimeField(null=True)
    retry_at = models.DateTimeField(null=True, help_text=_("The vendor asked for no calls until then."))
    next_poll_at = models.DateTimeField(null=True, help_text=_("No status query before then: the vendor takes few."))
    balance = models.CharField(max_length=40, blank=True, default="", db_default="")
    balance_at = models.DateTimeField(null=True, help_text=_("When the vendor said the balance."))
    balance_asked_at = models.DateTimeField(null=True)
    last_error_at = models.DateTimeField(null=True)
    last_error_code = models.CharField(max_length=64, blank=True)
    last_error_detail = models.TextField(blank=True)
    last_success_at = models.DateTimeField(null=True)
    last_test_at = models.DateTimeField(null=True)
    last_test_accepted = models.BooleanField(null=True)
    last_test_detail = models.TextField(blank=True)
    first_report_at = models.DateTimeField(null=True)
    last_report_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.provider_id}: {self.breaker}"
