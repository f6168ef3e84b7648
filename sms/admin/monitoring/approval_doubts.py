"""The list of approvals in doubt, and the action that ends a doubt."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.forms import BaseDialogForm

from sms.admin.common import labels
from sms.admin.common.base import ReadOnlyAdmin
from sms.admin.common.dialogs import dialog_action, has_permission
from sms.admin.common.filters import ProviderFilter
from sms.models import ApprovalDoubt
from sms.services.staff import provider_actions
from sms.translation import translated


@admin.register(ApprovalDoubt)
class ApprovalDoubtAdmin(ReadOnlyAdmin):
    list_display = ("about", "vendor_key", "code", "shown_detail", "begun_at", "probe_at")
    list_filter = (ProviderFilter,)
    fields = ("about", "vendor_key", ("code", "shown_detail"), ("begun_at", "probe_at", "probe_until"))
    readonly_fields = (
        "shown_detail",
        "about",
    )
    actions_detail = ("end",)

    shown_detail = labels.translated_field("detail")

    has_end_doubt_permission = has_permission("sms.end_doubt")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApprovalDoubt]:
        about = ("template_approval__template", "sender_approval__sender", "provider")
        return super().get_queryset(request).select_related(*about).defer("provider__credentials")

    def page_of(self, object_id: str) -> str:
        """The list: an ended doubt has no page."""
        return reverse("admin:sms_approvaldoubt_changelist")

    @dialog_action(
        title=_("End this doubt?"),
        description=_(
            "Messages are sent with this approval again, waiting ones at once. If the vendor rejects "
            "it again, it is in doubt again."
        ),
        button=_("End the doubt"),
        permission="end_doubt",
        icon="check",
    )
    def end(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> str:
        """Store the reason in the history of the template or the sender name."""
        doubt = provider_actions.end_doubt(int(object_id), actor=request.user.get_username())
        words = f"Ended the doubt about {doubt.title} ({doubt.code}): {form.cleaned_data['reason']}"
        self.log_change(request, doubt.owner, words)
        if hasattr(doubt.owner, "history"):  # the audit page leaves out the log entries of such a row
            self.log_change(request, doubt, words)
        return str(_("The doubt is ended."))

    @display(description=_("about"))
    def about(self, doubt: ApprovalDoubt) -> str:
        return translated(doubt.title)
