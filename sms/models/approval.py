"""The states of a sender name or a template that is submitted to a vendor for approval."""

from django.db import models


class ApprovalStatus(models.TextChoices):
    DRAFT = "draft", "draft"
    PENDING = "pending", "pending"
    APPROVED = "approved", "approved"
    REJECTED = "rejected", "rejected"


class TemplateApprovalStatus(models.TextChoices):
    DRAFT = "draft", "draft"
    PENDING = "pending", "pending"
    APPROVED = "approved", "approved"
    REJECTED = "rejected", "rejected"
    ENDED = "ended", "ended"
    """The vendor no longer sends this text, or staff no longer use it."""


class ConfirmedHow(models.TextChoices):
    """How a vendor's text was confirmed."""

    ADMIN = "admin", "in the admin"
    PROVISIONING = "provision", "by a provisioning file"
    IMPORT = "import", "by an import"
    UPGRADE = "upgrade", "by the upgrade from version 0.1"
