"""The actions of staff on a message. Each has a permission, and stores its reason in the history."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.dataclasses import UnfoldAction
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminRadioSelectWidget

from sms.admin.common import privacy
from sms.admin.common.dialogs import ProviderField, ReasonForm, dialog_action, has_permission
from sms.admin.common.filters import provider_choices
from sms.domain.lifecycle import Status
from sms.models import Message, MessageEvent
from sms.services.access import access_records
from sms.services.database import clock
from sms.services.queue.errors import ActionRefused
from sms.services.staff import message_actions, status_query


class ResendForm(ReasonForm):
    """`attempts`: as many as the message had when the dialog was opened, so that two dialogs resend it once."""

    provider = ProviderField(label=_("Provider"))
    attempts = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        made = Message.objects.filter(pk=self.object_id).values_list("attempts_made", flat=True)
        self.fields["attempts"].initial = made.first()
        self.fields["provider"].choices = [("", _("Use routing rules")), *provider_choices()]
        self.order_fields(["provider", "reason"])


class MoveForm(ReasonForm):
    provider = ProviderField(label=_("Provider"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["provider"].choices = [("", _("Choose a provider")), *provider_choices()]
        self.fields["provider"].required = True
        self.order_fields(["provider", "reason"])


class SettleForm(ReasonForm):
    went_out = forms.ChoiceField(
        label=_("Was it sent?"),
        choices=[("yes", _("Sent")), ("no", _("Not sent"))],
        widget=UnfoldAdminRadioSelectWidget,
    )
    field_order = ("went_out", "reason")


class MessageActions:
    """The actions of a message's page."""

    actions_detail = ("resend", "move", "settle", "cancel", "ask", "reveal")

    has_resend_message_permission = has_permission("sms.resend_message")
    has_settle_message_permission = has_permission("sms.settle_message")
    has_cancel_message_permission = has_permission("sms.cancel_message")
    has_reveal_message_permission = has_permission(privacy.REVEAL)

    def page_of(self, object_id: str) -> str:
        return reverse("admin:sms_message_change", args=(object_id,))

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[UnfoldAction]:
        """Only the actions that the message's status allows."""
        possible = {f"sms_message_{name}" for name in possible_actions(object_id)}
        allowed = super().get_actions_detail(request, object_id)  # type: ignore[misc]
        return [action for action in allowed if action.action_name in possible]

    @dialog_action(
        title=_("Resend this message?"),
        description=_(
            "Makes a new attempt with the same text. If an earlier one was sent, the recipient gets the message twice."
        ),
        button=_("Resend"),
        permission="resend_message",
        form=ResendForm,
        icon="refresh",
        variant=ActionVariant.PRIMARY,
    )
    def resend(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> str:
        chosen = form.cleaned_data["provider"]
        message_actions.resend(
            as_id(object_id),
            actor=request.user.get_username(),
            reason=form.cleaned_data["reason"],
            provider_id=int(chosen) if chosen else None,
            seen_attempts=form.cleaned_data["attempts"],
        )
        return str(_("The message is queued again."))

    @dialog_action(
        title=_("Move this message?"),
        description=_("It is sent by the chosen provider alone. A message that may have been sent is not moved."),
        button=_("Move"),
        permission="resend_message",
        form=MoveForm,
        icon="move_down",
    )
    def move(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> str:
        message_actions.move(
            as_id(object_id),
            provider_id=int(form.cleaned_data["provider"]),
            actor=request.user.get_username(),
            reason=form.cleaned_data["reason"],
        )
        return str(_("The message is moved."))

    @dialog_action(
        title=_("Resolve this message?"),
        description=_("Say whether it was sent, and how you know: from the vendor or from the recipient."),
        button=_("Resolve"),
        permission="settle_message",
        form=SettleForm,
        icon="gavel",
        variant=ActionVariant.PRIMARY,
    )
    def settle(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> str:
        message_actions.settle_unconfirmed(
            as_id(object_id),
            went_out=form.cleaned_data["went_out"] == "yes",
            actor=request.user.get_username(),
            reason=form.cleaned_data["reason"],
        )
        return str(_("The message is resolved."))

    @dialog_action(
        title=_("Cancel this message?"),
        description=_("It is removed from the queue and will not be sent."),
        button=_("Cancel message"),
        permission="cancel_message",
        icon="cancel",
        variant=ActionVariant.DANGER,
    )
    def cancel(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> str:
        message_actions.cancel(as_id(object_id), actor=request.user.get_username(), reason=form.cleaned_data["reason"])
        return str(_("The message is canceled."))

    @dialog_action(
        title=_("Check the status with the vendor?"),
        description=_("A dispatcher sends the query within seconds; the timeline shows the answer."),
        button=_("Check status with vendor"),
        permission="settle_message",
        form=BaseDialogForm,
        icon="contact_support",
    )
    def ask(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> str:
        status_query.request_query(as_id(object_id), actor=request.user.get_username())
        return str(_("The status query is queued."))

    @dialog_action(
        title=_("Show the number and the text?"),
        description=_("They are shown to you for 15 minutes. Your name and reason are kept with the message."),
        button=_("Show text"),
        permission="reveal_message",
        icon="visibility",
    )
    def reveal(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> str:
        message = Message.objects.filter(pk=as_id(object_id)).only("is_otp", "text").first()
        if message is None or message.is_otp:
            raise ActionRefused(_("The text of a one-time password is shown to nobody."))
        MessageEvent.objects.create(
            message=message,
            at=clock.now(),
            kind="revealed",
            actor=request.user.get_username(),
            reason=form.cleaned_data["reason"],
        )
        actor, reason = request.user.get_username(), form.cleaned_data["reason"]
        subject = f"message {message.pk}"
        access_records.record(access_records.Kind.REVEALED, actor=actor, subject=subject, reason=reason)
        privacy.remember_reveal(request, message.pk)
        return str(_("The number and the text are shown for 15 minutes."))


def as_id(object_id: str) -> uuid.UUID:
    """The message's id from a URL. Raises ActionRefused if it is not valid."""
    try:
        return uuid.UUID(object_id)
    except ValueError as error:
        raise ActionRefused(_("This message does not exist.")) from error


def possible_actions(object_id: Any) -> set[str]:
    """The names of the actions that this message's status allows."""
    try:
        message = Message.objects.only("status", "is_otp", "text").get(pk=as_id(str(object_id)))
    except (Message.DoesNotExist, ActionRefused):
        return set()
    has_text = message.text is not None and not message.is_otp
    state = Status(message.status)
    checks = {
        "resend": has_text and state in message_actions.RESENDABLE,
        "move": state in message_actions.MOVABLE,
        "settle": state is Status.UNCONFIRMED,
        "cancel": state in message_actions.CANCELABLE,
        "ask": status_query.can_query(status_query.latest_attempt(message.pk)),
        "reveal": has_text and not privacy.is_revealed(message),
    }
    return {name for name, possible in checks.items() if possible}
