"""What a vendor says to a sender name or a template that was submitted to it."""

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
    """Where a statement about a vendor's text came from."""

    ADMIN = "admin", "in the admin"
    PROVISIONING = "provision", "by a provisioning file"
    IMPORT = "import", "by an import"
    UPGRADE = "upgrade", "by the upgrade from version 0.1"
