"""Partners, and the numbers of ours that they rent."""

from __future__ import annotations

from datetime import datetime

from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from providers.base import Forwarder
from providers.registry import FORWARDERS
from sms.domain.phone import masked

from .encrypted import CredentialsAccount
from .history import change_history


def partner_choices() -> list[tuple[str, str]]:
    """The choices. They are a function, so that a new partner needs no migration."""
    return [(slug, adapter.name) for slug, adapter in sorted(FORWARDERS.items())]


class Partner(CredentialsAccount):
    """A system that rents numbers of ours and gets the SMS that they receive."""

    adapters = FORWARDERS

    slug = models.SlugField(max_length=64, unique=True, help_text=_("A short name of ours, such as renter-1."))
    vendor = models.CharField(_("kind"), max_length=32, choices=partner_choices)
    url = models.CharField(_("address"), max_length=300, help_text=_("The full URL, as the partner gave it."))
    options = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    history = change_history(without=("credentials", "credentials_origin"))

    class Meta:
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.slug

    @property
    def adapter_class(self) -> type[Forwarder]:
        return FORWARDERS[self.vendor]

    @property
    def address(self) -> str:
        return self.url

    def adapter(self) -> Forwarder:
        """The partner's adapter, with its address, credentials and options."""
        return self.adapter_class(base_url=self.url, credentials=self.usable_credentials, options=self.options)


class RentedNumber(models.Model):
    """One of our numbers, and the operation by which a partner rents it now."""

    phone = models.CharField(
        max_length=16,
        unique=True,
        validators=[RegexValidator(r"\A\+[0-9]{7,15}\Z", _("A number in E.164 form, such as +994501234567."))],
        help_text=_("In E.164 form, such as +994501234567."),
    )
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="numbers")
    operation_id = models.PositiveBigIntegerField(
        _("operation"), validators=[MinValueValidator(1)], help_text=_("Our id of this rental; the partner sees it.")
    )
    active = models.BooleanField(default=True, help_text=_("Off: received SMS are stored, not pushed."))
    valid_from = models.DateTimeField(_("from"), null=True, blank=True, help_text=_("Empty: from now on."))
    valid_until = models.DateTimeField(_("until"), null=True, blank=True, help_text=_("Empty: until it is turned off."))
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    history = change_history()

    class Meta:
        ordering = ("phone",)
        verbose_name = _("rented number")
        constraints = [
            models.UniqueConstraint(fields=("partner", "operation_id"), name="one_number_per_operation"),
            models.CheckConstraint(condition=Q(operation_id__gte=1), name="operation_id_from_1"),
            models.CheckConstraint(
                condition=Q(valid_from=None) | Q(valid_until=None) | Q(valid_until__gt=models.F("valid_from")),
                name="rented_number_ends_after_it_begins",
                violation_error_message="It ends before it begins.",
            ),
        ]

    def __str__(self) -> str:
        return f"{masked(self.phone)}, operation {self.operation_id}"

    def is_active_at(self, moment: datetime) -> bool:
        """Whether the operation is active at this time."""
        begun = self.valid_from is None or self.valid_from <= moment
        over = self.valid_until is not None and self.valid_until <= moment
        return self.active and begun and not over
