"""The word that senders and templates share for what a vendor has approved."""

from django.db import models


class ApprovalStatus(models.TextChoices):
    DRAFT = "draft", "draft"
    PENDING = "pending", "pending"
    APPROVED = "approved", "approved"
    REJECTED = "rejected", "rejected"
