"""What staff have chosen for themselves, and records of what they exported, looked up, revealed or erased."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

ACCESS_RECORD_DAYS = 365


class StaffPreferences(models.Model):
    """What a person has chosen for the admin. Empty: the browser's language, the installation's time zone.

    `saved_views` maps names to filters of the list of messages, as the query of its URL.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="preferences")
    language = models.CharField(_("language"), max_length=8, blank=True, default="")
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True, default="")
    saved_views = models.JSONField(_("saved views"), blank=True, default=dict, db_default={})

    class Meta:
        verbose_name = _("preferences of staff")
        verbose_name_plural = _("preferences of staff")

    def __str__(self) -> str:
        return f"{self.user_id}: {self.language} {self.time_zone}"


class AccessRecord(models.Model):
    """Who did it, when and why. A number is kept as a keyed digest only: who knows the number can find its records."""

    class Kind(models.TextChoices):
        EXPORTED = "exported", _("exported")
        SEARCHED = "searched", _("searched by number")
        REVEALED = "revealed", _("text shown")

    kind = models.CharField(max_length=8, choices=Kind)
    actor = models.CharField(max_length=150)
    subject = models.CharField(max_length=200, help_text=_("The file, the list or the message."))
    detail = models.CharField(max_length=500, blank=True, default="", help_text=_("Of an export: its filters."))
    digest = models.CharField(
        max_length=64, blank=True, default="", help_text=_("Of the number that was searched for.")
    )
    reason = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        verbose_name = _("access record")
        indexes = [models.Index(fields=("created_at",), name="access_record_age")]

    def __str__(self) -> str:
        return f"{self.kind} by {self.actor}"


class PersonalDataRecord(models.Model):
    """A number that was forgotten or exported. `digest` is keyed: who knows the number can find its record."""

    class Kind(models.TextChoices):
        FORGOTTEN = "forgotten", _("forgotten")
        EXPORTED = "exported", _("exported")

    kind = models.CharField(max_length=9, choices=Kind)
    digest = models.CharField(max_length=64)
    reason = models.TextField(blank=True, default="")
    actor = models.CharField(max_length=150)
    rows = models.JSONField(default=dict, help_text=_("How many rows of each table it concerned."))
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        verbose_name = _("personal data record")
        permissions = [("forget_number", "Can forget a number: erase what is kept of it")]

    def __str__(self) -> str:
        return f"{self.kind} {self.digest[:8]}"
