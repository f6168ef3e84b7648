"""The states of a sender name or a template that is submitted to a vendor for approval."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ApprovalStatus(models.TextChoices):
    DRAFT = "draft", _("draft")
    PENDING = "pending", _("pending")
    APPROVED = "approved", _("approved")
    REJECTED = "rejected", _("rejected")


class TemplateApprovalStatus(models.TextChoices):
    DRAFT = "draft", _("draft")
    PENDING = "pending", _("pending")
    APPROVED = "approved", _("approved")
    REJECTED = "rejected", _("rejected")
    ENDED = "ended", _("ended")
    """The vendor no longer sends this text, or staff no longer use it."""


class ConfirmedHow(models.TextChoices):
    """How a vendor's text was confirmed."""

    ADMIN = "admin", _("in the admin")
    PROVISIONING = "provision", _("by a provisioning file")
    IMPORT = "import", _("by an import")
    UPGRADE = "upgrade", _("by the upgrade from version 0.1")
