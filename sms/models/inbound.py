"""SMS that our numbers received: the gateway's call, the message, and its push to a partner."""

from __future__ import annotations

import ipaddress
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .calling import InboundAddress
from .history import change_history
from .partner import Partner, RentedNumber

FIELDS = ("from", "to", "text", "id")
"""The fields of a gateway's call; `id` is optional."""
REPEAT_SECONDS = 10
"""A common modem app sends each message twice, about five seconds apart."""


def validate_fields(value: Any) -> None:
    """Raises ValidationError unless this maps our field names to the gateway's."""
    if not isinstance(value, dict) or not all(isinstance(name, str) and name.strip() for name in value.values()):
        raise ValidationError(_('Write a table such as {"from": "sender", "text": "message"}.'))
    unknown = [name for name in value if name not in FIELDS]
    if unknown:
        raise ValidationError(
            _("Unknown: %(unknown)s. Known are %(fields)s.")
            % {"unknown": ", ".join(unknown), "fields": ", ".join(FIELDS)}
        )
    unprintable = [name for name, theirs in value.items() if not theirs.isprintable()]
    if unprintable:
        raise ValidationError(
            _("%(unprintable)s: the gateway's name contains a control character; remove it.")
            % {"unprintable": ", ".join(unprintable)}
        )


def validate_networks(value: Any) -> None:
    """Raises ValidationError unless this is a list of IP addresses or networks."""
    if not isinstance(value, list) or not all(isinstance(network, str) for network in value):
        raise ValidationError(_('Write a list such as ["203.0.113.7", "203.0.113.8/29"].'))
    for network in value:
        try:
            ipaddress.ip_network(network, strict=False)
        except ValueError as error:
            raise ValidationError(
                _("%(network)s is neither an address nor a network.") % {"network": network}
            ) from error


class InboundGateway(InboundAddress):
    """A modem or a gateway of ours that calls us with the SMS that our numbers receive."""

    slug = models.SlugField(max_length=64, unique=True, help_text=_("A short name of ours, such as modem-1."))
    fields = models.JSONField(
        default=dict,
        blank=True,
        validators=[validate_fields],
        help_text=_('The gateway\'s own field names where they differ: {"from": "sender", "text": "payload.message"}.'),
    )
    repeat_seconds = models.PositiveSmallIntegerField(
        default=REPEAT_SECONDS,
        db_default=REPEAT_SECONDS,
        blank=True,
        validators=[MaxValueValidator(3600)],
        help_text=_("Without an id, an equal message within this many seconds of the first is a repeat. 0: never."),
    )
    calls_per_minute = models.PositiveIntegerField(
        default=600,
        db_default=600,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("In each web process. More are answered with 429."),
    )
    networks = models.JSONField(
        default=list,
        db_default=[],
        blank=True,
        validators=[validate_networks],
        help_text=_(
            "Addresses or networks that it calls from, such as 203.0.113.8/29. None: it may call from anywhere."
        ),
    )
    created_at = models.DateTimeField(auto_now_add=True)
    history = change_history()

    class Meta:
        ordering = ("slug",)
        verbose_name = _("inbound gateway")

    def __str__(self) -> str:
        return self.slug

    def field(self, name: str) -> str:
        """The gateway's name for one of FIELDS."""
        return self.fields.get(name, name)


class InboundCall(models.Model):
    """A gateway's call as it was received. It is stored before it is parsed."""

    gateway = models.ForeignKey(InboundGateway, models.PROTECT, related_name="calls")
    method = models.CharField(max_length=8)
    query = models.BinaryField(default=bytes)
    content_type = models.CharField(max_length=200, blank=True, default="")
    content_encoding = models.CharField(max_length=40, blank=True, default="", db_default="")
    body = models.BinaryField(null=True)
    source = models.GenericIPAddressField(null=True)
    note = models.CharField(max_length=200, blank=True, default="", help_text=_("Why no message was read from it."))
    received_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        verbose_name = _("inbound webhook")
        indexes = [
            models.Index(fields=("id",), condition=Q(read_at=None), name="inbound_call_unread"),
            models.Index(fields=("received_at",), name="inbound_call_age"),
        ]

    def __str__(self) -> str:
        return f"inbound webhook {self.pk}"


class InboundMessage(models.Model):
    """One SMS that a number of ours received. `to` is in E.164 form if it can be parsed, else as received."""

    id = models.UUIDField(primary_key=True)
    gateway = models.ForeignKey(InboundGateway, models.PROTECT, related_name="messages", db_index=False)
    call = models.ForeignKey(InboundCall, models.SET_NULL, null=True, related_name="messages")
    gateway_message_id = models.CharField(max_length=128, blank=True, default="", help_text=_("The gateway's own id."))
    sender = models.CharField(_("from"), max_length=200)
    to = models.CharField(max_length=64)
    text = models.TextField(null=True)
    count = models.PositiveIntegerField(_("times"), default=1, help_text=_("How often the gateway sent it."))
    not_pushed = models.CharField(max_length=200, blank=True, default="", help_text=_("Why it was not pushed."))
    received_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        verbose_name = _("received message")
        indexes = [
            models.Index(fields=("gateway", "gateway_message_id", "received_at"), name="inbound_equal_id"),
            models.Index(fields=("gateway", "-received_at"), name="inbound_equal"),
            models.Index(fields=("to", "-id"), name="inbound_to"),
            models.Index(fields=("received_at",), condition=Q(erased_at=None), name="inbound_to_erase"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class PushStatus(models.TextChoices):
    WAITING = "waiting", _("waiting")
    PUSHING = "pushing", _("pushing")
    DELIVERED = "delivered", _("delivered")
    REFUSED = "refused", _("refused")
    FAILED = "failed", _("failed")


class InboundPush(models.Model):
    """The forwarding of one received message to one partner. This table is the queue of pushes.

    In `pushing`, `due_at` is the end of the lease: a push whose worker died is due again then.
    """

    id = models.UUIDField(primary_key=True)
    message = models.OneToOneField(InboundMessage, models.CASCADE, related_name="push")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="pushes", db_index=False)
    number = models.ForeignKey(RentedNumber, models.SET_NULL, null=True, related_name="pushes")
    operation_id = models.PositiveBigIntegerField(_("operation"))
    status = models.CharField(max_length=9, choices=PushStatus, default=PushStatus.WAITING)
    due_at = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    tries_before = models.PositiveSmallIntegerField(default=0, help_text=_("Tries before staff pushed it again."))
    code = models.CharField(max_length=64, blank=True, default="")
    detail = models.TextField(blank=True, default="")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        verbose_name = _("forward to a partner")
        verbose_name_plural = _("forwards to partners")
        permissions = [("push_again", "Can push a received message again, or by hand")]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=PushStatus.values), name="push_status_is_known"),
            models.CheckConstraint(
                condition=~Q(status__in=[PushStatus.WAITING, PushStatus.PUSHING]) | Q(due_at__isnull=False),
                name="push_waiting_is_due",
            ),
        ]
        indexes = [
            models.Index(
                fields=("partner", "due_at"),
                condition=Q(status__in=[PushStatus.WAITING, PushStatus.PUSHING]),
                name="push_queue",
            ),
            models.Index(fields=("partner", "-id"), name="push_of_partner"),
            models.Index(fields=("status", "-id"), name="push_status"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class InboundPushAttempt(models.Model):
    """One try of a push. `outcome` is empty while the call is in flight; after `again` another try follows."""

    id = models.UUIDField(primary_key=True)
    push = models.ForeignKey(InboundPush, models.CASCADE, related_name="attempts", db_index=False)
    number = models.PositiveSmallIntegerField()
    outcome = models.CharField(max_length=9, blank=True, default="")
    code = models.CharField(max_length=64, blank=True, default="")
    detail = models.TextField(blank=True, default="")
    http_status = models.PositiveSmallIntegerField(null=True)
    raw_request = models.TextField(null=True)
    raw_response = models.TextField(null=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("push", "number")
        verbose_name = _("forward attempt")
        constraints = [models.UniqueConstraint(fields=("push", "number"), name="one_number_per_push_attempt")]

    def __str__(self) -> str:
        return str(self.id)
