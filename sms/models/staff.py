"""What staff choose for themselves."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class StaffPreferences(models.Model):
    """What a person has chosen for the admin. Empty: the browser's language, the installation's time zone.

    `saved_views` maps names to filters of the list of messages, as the query of its URL.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="preferences")
    language = models.CharField(_("language"), max_length=8, blank=True, default="")
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True, default="")
    saved_views = models.JSONField(_("saved views"), blank=True, default=dict)

    class Meta:
        verbose_name = _("preferences of staff")
        verbose_name_plural = _("preferences of staff")

    def __str__(self) -> str:
        return f"{self.user_id}: {self.language} {self.time_zone}"
