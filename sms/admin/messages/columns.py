"""The columns of the list of messages, and the action that shows texts in it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from sms.admin.common import labels, privacy
from sms.admin.common.dialogs import ReasonForm, to_page
from sms.domain.destinations import locate
from sms.models import Message
from sms.services.access import access_records

PREVIEW = 60
"""The characters of a text that the list shows."""


def two_lines(first: Any, second: Any) -> SafeString:
    """A fact with the one that belongs to it below."""
    return format_html('<span class="admin-two"><span>{}</span> <small>{}</small></span>', first or "—", second or "")


class MessageColumns:
    actions_list = ("show_texts",)

    @display(description=_("status"), label=labels.STATUS)
    def shown_status(self, message: Message) -> str:
        return message.status

    @display(description=_("to"))
    def shown_to(self, message: Message) -> SafeString:
        return two_lines(privacy.number(message.to, message), locate(message.to).country)

    @display(description=_("sender"))
    def shown_sender(self, message: Message) -> SafeString:
        return two_lines(message.sender, message.request_id)

    @display(description=_("template and text"))
    def shown_text(self, message: Message) -> SafeString:
        template = message.template_version.template.name if message.template_version else ""
        return two_lines(template, Truncator(privacy.preview(message)).chars(PREVIEW))

    @display(description=_("provider and code"))
    def shown_provider(self, message: Message) -> SafeString:
        return two_lines(message.provider.slug if message.provider else "", message.code)

    @display(description=_("kind"), label=True)
    def kind(self, message: Message) -> str:
        return "test" if message.is_test else "OTP" if message.is_otp else ""

    @action(
        description=_("Show texts"),
        permissions=["reveal_message"],
        icon="visibility",
        dialog={
            "title": _("Show the texts in the list?"),
            "description": _(
                "The start of each text is shown to you for 15 minutes, those of one-time passwords never. Your name "
                "and the reason are recorded."
            ),
            "form_class": ReasonForm,
            "form_submit_text": _("Show texts"),
        },
    )
    def show_texts(self, request: HttpRequest, form: ReasonForm) -> HttpResponse:
        actor, reason = request.user.get_username(), form.cleaned_data["reason"]
        subject = "texts in the list of messages"
        access_records.record(access_records.Kind.REVEALED, actor=actor, subject=subject, reason=reason)
        privacy.remember_texts(request)
        messages.success(request, _("The texts are shown for 15 minutes."))
        return to_page(reverse("admin:sms_message_changelist"))
