"""Received messages and their forwards. Staff can forward a message manually if its forward is missing or failed."""

from __future__ import annotations

import re
import uuid
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.forms import BaseDialogForm

from sms.admin.common import labels, privacy
from sms.admin.common.base import ReadOnlyAdmin, ReadOnlyInline
from sms.admin.common.dialogs import dialog_action, has_permission
from sms.admin.common.filters import PeriodFilter, listed
from sms.admin.common.phone_numbers import TypedNumbers
from sms.domain.masking import masked_words
from sms.domain.matching.folding import plain_text
from sms.domain.text import visible
from sms.models import InboundCall, InboundGateway, InboundMessage, InboundPush, InboundPushAttempt, PushStatus
from sms.models.inbound import FIELDS
from sms.services.inbound import forward
from sms.services.queue.errors import ActionRefused
from sms.translation import translated

from .partners import PartnerFilter

PUSH = "sms.push_again"
MAX_RESPONSE_LENGTH = 500


def _gateway_slugs() -> list[tuple[str, str]]:
    return [(str(pk), slug) for pk, slug in InboundGateway.objects.values_list("pk", "slug")]


GatewayFilter = listed(_("gateway"), "gateway", _gateway_slugs)


@admin.register(InboundMessage)
class InboundMessageAdmin(TypedNumbers, ReadOnlyAdmin):
    list_display = ("shown_to", "shown_sender", "gateway", "shown_push", "not_pushed", "count", "received_at")
    list_filter = (
        PeriodFilter,
        GatewayFilter,
        listed(_("forward"), "push", lambda: PushStatus.choices, "push__status"),
    )
    search_fields = ("to__exact",)
    number_search = ("to",)
    search_help_text = _("The whole number, with its country code")
    fields = (
        ("shown_to", "shown_sender"),
        "shown_text",
        ("gateway", "gateway_message_id", "same_id"),
        ("shown_push", "not_pushed"),
        "count",
        ("received_at", "erased_at"),
    )
    readonly_fields = ("shown_to", "shown_sender", "shown_text", "shown_push", "same_id")
    actions_detail = ("push_now",)
    has_push_again_permission = has_permission(PUSH)

    def get_queryset(self, request: HttpRequest) -> QuerySet[InboundMessage]:
        return super().get_queryset(request).select_related("gateway", "push")

    def page_of(self, object_id: str) -> str:
        return reverse("admin:sms_inboundmessage_change", args=(object_id,))

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        allowed = super().get_actions_detail(request, object_id)
        return [] if InboundPush.objects.filter(message=str(object_id)).exists() else allowed

    @display(description=_("to"))
    def shown_to(self, message: InboundMessage) -> str:
        return privacy.gateway_number(message.to)

    @display(description=_("from"))
    def shown_sender(self, message: InboundMessage) -> str:
        return privacy.gateway_number(message.sender)

    @display(description=_("text"))
    def shown_text(self, message: InboundMessage) -> str:
        """The text with its words masked: most texts to rented numbers contain one-time passwords, also of letters."""
        if message.text is None:
            return str(_("The text is erased."))
        return visible(privacy.shape(masked_words(message.text))) or str(_("The text is hidden."))

    @display(description=_("other messages with this id"))
    def same_id(self, message: InboundMessage) -> int:
        """A gateway may use an id twice, for example after its counter was reset."""
        if not message.gateway_message_id:
            return 0
        same = InboundMessage.objects.filter(gateway=message.gateway_id, gateway_message_id=message.gateway_message_id)
        return same.exclude(pk=message.pk).count()

    @display(description=_("forward"), label=labels.PUSH)
    def shown_push(self, message: InboundMessage) -> str:
        push = getattr(message, "push", None)
        return push.status if push else ""

    @dialog_action(
        title=_("Forward this message to the partner?"),
        description=_("It was not forwarded on receipt. It is sent to the partner that rents the number now."),
        button=_("Forward now"),
        permission="push_again",
        icon="forward",
    )
    def push_now(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> str:
        message = InboundMessage.objects.filter(pk=_id(object_id)).first()
        if message is None:
            raise ActionRefused(_("This message does not exist."))
        forward.push_by_hand(message.pk)
        self.log_change(request, message, f"Forwarded manually: {form.cleaned_data['reason']}")
        return str(_("The message is queued for the partner."))


class PushAttemptInline(ReadOnlyInline):
    model = InboundPushAttempt
    verbose_name_plural = _("Attempts")
    fields = ("number", "outcome", "code", "shown_detail", "shown_answer", "started", "finished")
    ordering = ("number",)

    @display(description=_("started"))
    def started(self, attempt: InboundPushAttempt) -> str:
        return _to_the_second(attempt.started_at)

    @display(description=_("finished"))
    def finished(self, attempt: InboundPushAttempt) -> str:
        return _to_the_second(attempt.finished_at)

    @display(description=_("answer"))
    def shown_answer(self, attempt: InboundPushAttempt) -> str:
        """The raw response. Text and key are masked in it, but it may contain the number."""
        return visible((attempt.raw_response or "")[:MAX_RESPONSE_LENGTH]) if privacy.sees_numbers() else ""

    @display(description=_("detail"))
    def shown_detail(self, attempt: InboundPushAttempt) -> str:
        return visible(translated(attempt.detail))


@admin.register(InboundPush)
class InboundPushAdmin(TypedNumbers, ReadOnlyAdmin):
    list_display = ("shown_status", "partner_slug", "shown_to", "operation_id", "tries", "code", "due_at", "created_at")
    list_filter = (listed(_("status"), "status", lambda: PushStatus.choices), PartnerFilter, PeriodFilter)
    search_fields = ("message__to__exact",)
    number_search = ("message__to",)
    search_help_text = _("The whole number, with its country code")
    fields = (
        ("shown_status", "code"),
        "shown_detail",
        ("partner_slug", "operation_id"),
        ("shown_to", "tries"),
        "due_at",
        ("created_at", "updated_at"),
    )
    readonly_fields = ("shown_detail", "shown_status", "partner_slug", "shown_to")
    inlines = (PushAttemptInline,)
    actions_detail = ("push_again",)
    shown_detail = labels.translated_field("detail")

    has_push_again_permission = has_permission(PUSH)

    def get_queryset(self, request: HttpRequest) -> QuerySet[InboundPush]:
        joined = super().get_queryset(request).select_related("partner", "message")
        return joined.defer("partner__credentials", "message__text")

    def page_of(self, object_id: str) -> str:
        return reverse("admin:sms_inboundpush_change", args=(object_id,))

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        over = InboundPush.objects.filter(pk=str(object_id), status__in=[PushStatus.FAILED, PushStatus.REFUSED])
        return super().get_actions_detail(request, object_id) if over.exists() else []

    @display(description=_("status"), label=labels.PUSH)
    def shown_status(self, push: InboundPush) -> str:
        return push.status

    @display(description=_("partner"))
    def partner_slug(self, push: InboundPush) -> str:
        return push.partner.slug

    @display(description=_("to"))
    def shown_to(self, push: InboundPush) -> str:
        return privacy.gateway_number(push.message.to)

    @dialog_action(
        title=_("Forward this message again?"),
        description=_("The same request is sent to the partner, with a new set of attempts."),
        button=_("Forward again"),
        permission="push_again",
        icon="forward",
    )
    def push_again(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> str:
        push = InboundPush.objects.filter(pk=_id(object_id)).first()
        if push is None:
            raise ActionRefused(_("There is no such forward."))
        forward.push_again(push.pk)
        self.log_change(request, push, f"Forwarded again: {form.cleaned_data['reason']}")
        return str(_("The message is queued for the partner."))


def _to_the_second(moment: datetime | None) -> str:
    """With seconds, because the partner's protocol depends on them."""
    return localtime(moment).strftime("%Y-%m-%d %H:%M:%S") if moment else ""


def _id(object_id: str) -> uuid.UUID:
    """The id in a URL. Raises ActionRefused if it is not valid."""
    try:
        return uuid.UUID(object_id)
    except ValueError as error:
        raise ActionRefused(_("There is no such row.")) from error


@admin.register(InboundCall)
class InboundCallAdmin(ReadOnlyAdmin):
    list_display = ("gateway", "method", "source", "shown_note", "received_at", "read_at")
    list_filter = (GatewayFilter,)
    fields = (
        ("gateway", "method", "source"),
        ("received_at", "read_at", "shown_note"),
        ("content_type", "content_encoding"),
        "shown_query",
        "shown_body",
    )
    readonly_fields = ("shown_note", "shown_query", "shown_body")

    shown_note = labels.translated_field("note")

    def get_queryset(self, request: HttpRequest) -> QuerySet[InboundCall]:
        return super().get_queryset(request).select_related("gateway")

    @display(description=_("query (masked)"))
    def shown_query(self, call: InboundCall) -> str:
        return _masked(call.query, call.gateway)

    @display(description=_("body (masked)"))
    def shown_body(self, call: InboundCall) -> str:
        return _masked(call.body, call.gateway)


def _masked(raw: bytes | memoryview | None, gateway: InboundGateway) -> str:
    """The names of the fields stay, so that staff see where the text is."""
    text = "" if raw is None else bytes(raw).decode("utf-8", "backslashreplace")
    names = {plain_text(word) for name in FIELDS for word in re.findall(r"\w+", gateway.field(name))}
    return visible(privacy.shape(masked_words(text, names)))
