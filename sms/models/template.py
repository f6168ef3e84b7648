"""Message templates, all versions of their texts, and the approvals of these texts by providers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sms.domain.matching.placeholders import same_kinds

from .approval import ConfirmedHow, TemplateApprovalStatus
from .provider import Provider

_BATCH_SIZE = 500
"""Rows per statement."""


class MessageTemplate(models.Model):
    """A text with named placeholders. Each change of the text adds a version; messages and approvals name versions."""

    name = models.SlugField(max_length=64, unique=True)
    body = models.TextField(help_text=_("Placeholders are {name}; {{ and }} are literal braces."))
    placeholders = models.JSONField(
        default=dict,
        blank=True,
        help_text=_(
            'Kinds by placeholder: {"code": "digits"} or {"code": {"kind": "digits", "max_length": 8}}. '
            "The kinds are any, digits, code, number, amount, date, time, name, phone, email, link and text."
        ),
    )
    # RESTRICT, not PROTECT: deleting a template deletes its versions, unless a message refers to one.
    current_version = models.ForeignKey("TemplateVersion", models.RESTRICT, null=True, editable=False, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name",)
        verbose_name = _("template")

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, author: Any = None, **kwargs: Any) -> None:
        """Save, and add a version if the text changed."""
        with transaction.atomic():
            super().save(*args, **kwargs)
            if not self._is_current_version():
                _add_versions([self], author)

    @classmethod
    def save_all(cls, templates: Iterable[MessageTemplate], *, author: Any) -> None:
        """As `save`, for many in a few statements. It sends no signals: touch the configuration's stamp afterwards."""
        templates = list(templates)
        now = timezone.now()
        with transaction.atomic():
            stored = [each for each in templates if each.pk is not None]
            cls.objects.bulk_create([each for each in templates if each.pk is None], batch_size=_BATCH_SIZE)
            for each in stored:
                each.updated_at = now
            cls.objects.bulk_update(stored, ["body", "placeholders", "updated_at"], batch_size=_BATCH_SIZE)
            _add_versions([each for each in templates if not each._is_current_version()], author)

    def add_version(self, body: str, placeholders: dict[str, Any]) -> TemplateVersion:
        """Add a text that a vendor has registered. The current version stays."""
        last = self.versions.aggregate(last=models.Max("number"))["last"] or 0
        return self.versions.create(number=last + 1, body=body, placeholders=placeholders)

    def _is_current_version(self) -> bool:
        now = self.current_version
        return now is not None and now.body == self.body and same_kinds(now.placeholders, self.placeholders)


def _add_versions(templates: Sequence[MessageTemplate], author: Any) -> None:
    """Add these templates' texts as new versions, and make them the current ones."""
    before = TemplateVersion.objects.filter(template__in=templates).order_by().values_list("template")
    last = dict(before.annotate(last=models.Max("number")))
    versions = TemplateVersion.objects.bulk_create(
        [
            TemplateVersion(
                template=each,
                number=last.get(each.pk, 0) + 1,
                body=each.body,
                placeholders=each.placeholders,
                author=author,
            )
            for each in templates
        ],
        batch_size=_BATCH_SIZE,
    )
    for template, version in zip(templates, versions, strict=True):
        template.current_version = version
    MessageTemplate.objects.bulk_update(templates, ["current_version"], batch_size=_BATCH_SIZE)
    _move_approvals({version.template_id: version for version in versions})


def _move_approvals(versions: Mapping[int, TemplateVersion]) -> None:
    """Move approvals of the same text to the new version: vendors don't know the kinds of placeholders.

    An approval of another text keeps its version.
    """
    approvals = TemplateApproval.objects.filter(template__in=versions, version__isnull=False).select_related("version")
    moved = [each for each in approvals if each.version.body == versions[each.template_id].body]
    for approval in moved:
        approval.version = versions[approval.template_id]
    TemplateApproval.objects.bulk_update(moved, ["version"], batch_size=_BATCH_SIZE)


class TemplateVersion(models.Model):
    """One text of a template, as edited or as a vendor has registered it. It is never changed."""

    template = models.ForeignKey(MessageTemplate, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    body = models.TextField()
    placeholders = models.JSONField(default=dict)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("template", "-number")
        constraints = [models.UniqueConstraint(fields=("template", "number"), name="one_number_per_template_version")]
        verbose_name = _("template version")

    def __str__(self) -> str:
        return f"{self.template_id} version {self.number}"


class TemplateApproval(models.Model):
    """One text that one vendor has registered, under the vendor's own id, for one version of a template.

    Matching uses `version`, and nothing else, as the text that this vendor will send. An edit of the template makes
    a new version and changes no approval, so the registered text stays in use. Several approvals of one template at
    one provider stand side by side, for example an old id and a new one.
    """

    template = models.ForeignKey(MessageTemplate, models.CASCADE, related_name="approvals")
    provider = models.ForeignKey(Provider, models.CASCADE, related_name="template_approvals")
    version = models.ForeignKey(TemplateVersion, models.CASCADE, null=True, editable=False, related_name="approvals")
    vendor_template = models.CharField(
        max_length=128, blank=True, help_text=_("The vendor's id or code of the template.")
    )
    text = models.TextField(
        blank=True,
        default="",
        db_default="",
        help_text=_(
            "The text as the vendor has registered it, in the vendor's notation, such as “Hello %1”. Empty: the "
            "template's text as it was when this was first set to approved."
        ),
    )
    parameters = models.JSONField(
        default=list,
        blank=True,
        help_text=_(
            'Our placeholders in the vendor\'s order: ["name", {"order": "order_code"}] where the vendor\'s name '
            "differs. Empty: the text's order, the same names."
        ),
    )
    status = models.CharField(max_length=16, choices=TemplateApprovalStatus, default=TemplateApprovalStatus.DRAFT)
    note = models.CharField(max_length=200, blank=True)
    approved_at = models.DateTimeField(
        null=True, editable=False, help_text=_("Empty: approved before this was recorded.")
    )
    confirmed_at = models.DateTimeField(null=True, editable=False)
    confirmed_by = models.CharField(max_length=150, blank=True, default="", db_default="", editable=False)
    confirmed_how = models.CharField(
        max_length=16, blank=True, default="", db_default="", choices=ConfirmedHow, editable=False
    )
    needs_confirmation = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text=_("The template's text changed after this approval, before approvals kept the vendor's text."),
    )

    class Meta:
        ordering = ("provider", "id")
        constraints = [
            models.UniqueConstraint(
                fields=("template", "provider", "vendor_template"), name="one_approval_per_vendor_template"
            ),
            models.CheckConstraint(
                condition=~models.Q(status=TemplateApprovalStatus.APPROVED) | models.Q(version__isnull=False),
                name="approved_template_has_version",
            ),
        ]
        verbose_name = _("template approval")

    def __str__(self) -> str:
        return f"{self.vendor_template or 'without an id'}, {self.status}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.bind()
        super().save(*args, **kwargs)

    def bind(self) -> None:
        """When this is first set to approved, record the version of the template and the time."""
        self.vendor_template = self.vendor_template.strip()  # "1432 " is no other id
        if self.status == TemplateApprovalStatus.APPROVED:
            self.version = self.version or self.template.current_version
            self.approved_at = self.approved_at or timezone.now()
