"""The block list: numbers whose owners do not want messages."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from sms.domain.phone import masked


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
