"""The state of an approval that its vendor contradicts, which workers write."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from providers.marking import N_

from .approval import ApprovalStatus
from .provider import Provider
from .sender import SenderApproval, SenderName
from .template import MessageTemplate, TemplateApproval


class ApprovalDoubt(models.Model):
    """An approval in doubt: the vendor answered that it does not know this template or sender name.

    A row of its own, as `ProviderState` is, so that saving a form ends no probe; it exists while the doubt lasts.
    `vendor_key` and `confirmed_at` are the approval's as they were at the beginning: the doubt is about what staff had
    stated then, and ends when they state something else, or state the same again.
    """

    provider = models.ForeignKey(Provider, models.CASCADE, related_name="approval_doubts")
    template_approval = models.OneToOneField(TemplateApproval, models.CASCADE, null=True, related_name="doubt")
    sender_approval = models.OneToOneField(SenderApproval, models.CASCADE, null=True, related_name="doubt")
    vendor_key = models.CharField(
        max_length=128, blank=True, help_text=_("The vendor's id of the template, or its name.")
    )
    confirmed_at = models.DateTimeField(null=True)
    code = models.CharField(max_length=64, help_text=_("The vendor's code."))
    detail = models.TextField(blank=True)
    begun_at = models.DateTimeField()
    probe_at = models.DateTimeField(help_text=_("When the next probe may go."))
    probe_interval = models.PositiveIntegerField(help_text=_("Seconds to the probe after this one."))
    probe_until = models.DateTimeField(null=True, help_text=_("A probe is under way until then."))

    class Meta:
        ordering = ("begun_at", "id")
        permissions = [("end_doubt", "Can end the doubt about an approval")]
        constraints = [
            models.CheckConstraint(
                condition=Q(template_approval__isnull=False, sender_approval__isnull=True)
                | Q(template_approval__isnull=True, sender_approval__isnull=False),
                name="doubt_about_one_approval",
            ),
        ]
        verbose_name = _("approval in doubt")
        verbose_name_plural = _("approvals in doubt")

    def __str__(self) -> str:
        return f"{self.title} ({self.code})"

    @classmethod
    def in_force(cls, **about: object) -> list[ApprovalDoubt]:
        """Those about what staff state now."""
        stored = (
            cls.objects.filter(**about)
            .select_related("template_approval__template", "sender_approval__sender", "provider")
            .defer("provider__credentials")
        )
        return [doubt for doubt in stored if doubt.is_in_force]

    @property
    def approval(self) -> TemplateApproval | SenderApproval:
        found = self.template_approval or self.sender_approval
        assert found is not None, "the check constraint requires one of the two"
        return found

    @property
    def is_in_force(self) -> bool:
        is_approved = self.approval.status == ApprovalStatus.APPROVED
        return is_approved and (self.vendor_key, self.confirmed_at) == statement_of(self.approval)

    @property
    def owner(self) -> MessageTemplate | SenderName:
        """The template or the sender name that the approval is of."""
        if self.template_approval is not None:
            return self.template_approval.template
        assert self.sender_approval is not None, "the check constraint requires one of the two"
        return self.sender_approval.sender

    @property
    def title(self) -> str:
        """What is in doubt, for staff."""
        of_template = N_("the approval of template {name} at {provider}")
        words = of_template if self.template_approval is not None else N_("the approval of sender {name} at {provider}")
        return words.format(name=self.owner.name, provider=self.provider.slug)

    @property
    def alert_key(self) -> str:
        kind = "sender" if self.template_approval_id is None else "template"
        return f"doubt:{kind}:{self.template_approval_id or self.sender_approval_id}"


def statement_of(approval: TemplateApproval | SenderApproval) -> tuple[str, object]:
    """What staff state by an approval: the vendor's id or name, and when they last said so."""
    if isinstance(approval, TemplateApproval):
        return approval.vendor_template, approval.confirmed_at
    return approval.vendor_name, None
