"""Sender names, and their approvals by providers."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from sms.domain.look_alikes import problem_of

from .approval import ApprovalStatus
from .history import change_history
from .provider import Provider


class SenderName(models.Model):
    """A name that recipients see as the sender: `from` of POST /send-sms."""

    name = models.CharField(
        max_length=64, unique=True, help_text=_("Exactly as Akinon sends it, letter case included.")
    )
    created_at = models.DateTimeField(auto_now_add=True)
    history = change_history()

    class Meta:
        ordering = ("name",)
        verbose_name = _("sender name")

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """A name that is new must not look like another one. Those that exist already stay as they are."""
        names = dict(SenderName.objects.values_list("pk", "name"))
        if names.get(self.pk) == self.name:
            return
        others = [name for key, name in names.items() if key != self.pk]
        if problem := problem_of(self.name, others):
            raise ValidationError({"name": problem})


class SenderApproval(models.Model):
    sender = models.ForeignKey(SenderName, models.CASCADE, related_name="approvals")
    provider = models.ForeignKey(Provider, models.CASCADE, related_name="sender_approvals")
    vendor_name = models.CharField(
        max_length=64, blank=True, help_text=_("The vendor's own form. Empty: the same name.")
    )
    status = models.CharField(max_length=16, choices=ApprovalStatus, default=ApprovalStatus.DRAFT)
    history = change_history()

    class Meta:
        constraints = [models.UniqueConstraint(fields=("sender", "provider"), name="one_approval_per_sender_provider")]
        verbose_name = _("sender approval")

    def __str__(self) -> str:
        return f"{self.sender_id} at {self.provider_id}: {self.status}"
