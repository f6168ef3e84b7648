"""Callbacks of vendors, and the delivery reports in them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from providers.base import MessageState
from sms.domain.lifecycle import ReportState

from .message import Attempt, Message
from .provider import Provider


class Callback(models.Model):
    """A vendor's call as it was received. It is stored before it is parsed; equal calls are one row with a count."""

    provider = models.ForeignKey(Provider, models.CASCADE, related_name="callbacks")
    attempt = models.ForeignKey(Attempt, models.SET_NULL, null=True, related_name="callbacks")
    address_digest = models.CharField(max_length=64, help_text=_("SHA-256 of the token in the URL."))
    body_digest = models.CharField(
        max_length=64, help_text=_("A keyed digest of method, query, content type and body.")
    )
    method = models.CharField(max_length=8)
    query = models.BinaryField(default=bytes)
    content_type = models.CharField(max_length=200, blank=True, default="")
    content_encoding = models.CharField(max_length=40, blank=True, default="", db_default="")
    headers = models.TextField(blank=True, default="", db_default="", help_text=_("Those that the vendor signs."))
    body = models.BinaryField(null=True)
    source = models.GenericIPAddressField(null=True)
    count = models.PositiveIntegerField(default=1)
    note = models.CharField(max_length=200, blank=True, default="", help_text=_("Why it could not be read."))
    received_at = models.DateTimeField()
    last_received_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(fields=("address_digest", "body_digest"), name="one_row_per_equal_callback"),
        ]
        indexes = [
            models.Index(fields=("address_digest", "received_at"), name="callback_flood"),
            models.Index(fields=("id",), condition=models.Q(read_at=None), name="callback_unread"),
        ]

    def __str__(self) -> str:
        return f"callback {self.pk}"


class DeliveryReport(models.Model):
    """One delivery report about one attempt, whether it was applied or not."""

    provider = models.ForeignKey(Provider, models.CASCADE, related_name="reports")
    callback = models.ForeignKey(Callback, models.SET_NULL, null=True, related_name="reports")
    attempt = models.ForeignKey(Attempt, models.CASCADE, null=True, related_name="reports")
    message = models.ForeignKey(Message, models.CASCADE, null=True, related_name="reports")
    status = models.CharField(max_length=11, choices=[(s.value, _(s.value)) for s in ReportState])
    state = models.CharField(
        max_length=11,
        blank=True,
        default="",
        db_default="",
        choices=[(s.value, _(s.value)) for s in MessageState],
        help_text=_("The vendor's state, which may say more than the status."),
    )
    is_final = models.BooleanField(default=False, db_default=False, help_text=_("The vendor sends no other report."))
    left = models.BooleanField(null=True, help_text=_("No: the message certainly was never on its way."))
    failure = models.CharField(max_length=10, blank=True, default="", db_default="")
    part = models.PositiveSmallIntegerField(null=True, help_text=_("The part of a long message that it is about."))
    parts = models.PositiveSmallIntegerField(null=True, help_text=_("How many parts the message has."))
    price = models.CharField(max_length=40, blank=True, default="", db_default="")
    vendor_at = models.DateTimeField(_("vendor's time"), null=True)
    reference = models.CharField(max_length=128, blank=True, default="")
    vendor_message_id = models.CharField(max_length=128, blank=True, default="")
    code = models.CharField(max_length=64, blank=True, default="")
    detail = models.TextField(blank=True, default="")
    applied = models.BooleanField(default=False)
    reason = models.CharField(max_length=200, blank=True, default="", help_text=_("Why it was not applied."))
    is_waiting = models.BooleanField(default=False, help_text=_("It names an id that no attempt has yet."))
    is_poll = models.BooleanField(default=False)
    received_at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        verbose_name = _("delivery report")
        indexes = [
            models.Index(
                fields=("vendor_message_id", "provider"), condition=models.Q(is_waiting=True), name="report_waiting"
            ),
            models.Index(fields=("id",), condition=models.Q(is_waiting=True), name="report_waiting_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.status} {self.attempt_id or self.vendor_message_id}"
