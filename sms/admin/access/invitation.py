"""The page of an invitation's link, on which a person sets a password."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.models import User
from django.contrib.auth.views import PasswordResetConfirmView
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminPasswordWidget

from sms.admin.access.clients import IN_DIALOG, NO_STORE
from sms.services.access.invitations import invite


class PasswordForm(SetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget = UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"})


class InvitationView(PasswordResetConfirmView):
    form_class = PasswordForm
    template_name = "sms/invitation.html"
    success_url = reverse_lazy("admin:login")
    title = _("Set your password")

    def get_user(self, uidb64: str) -> User | None:
        """None also for somebody who may not log in any more."""
        person = super().get_user(uidb64)
        return person if person and person.is_active and person.is_staff else None

    def form_valid(self, form: SetPasswordForm) -> HttpResponse:
        messages.success(self.request, _("Your password is set. Log in with it."))
        LogEntry.objects.log_actions(
            self.user.pk, [self.user], CHANGE, "Password set through an invitation link.", single_object=True
        )
        return super().form_valid(form)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs) | admin.site.each_context(self.request) | {"person": self.user}
        return context if self.validlink else context | {"title": _("Invitation")}


def show_link(request: HttpRequest, person: User, **context: Any) -> HttpResponse:
    """The new link in the response itself, so that no cookie, session or log contains it."""
    is_dialog = "HX-Request" in request.headers
    context |= {"person": person, "link": request.build_absolute_uri(invite(person)), "title": _("Invitation")}
    template = "sms/invitation_dialog.html" if is_dialog else "sms/invitation_link.html"
    return TemplateResponse(request, template, context, headers=NO_STORE | (IN_DIALOG if is_dialog else {}))
