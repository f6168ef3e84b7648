"""Staff and roles, with the admin's theme."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.models import Group, User
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, reverse
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_static.admin import StaticDevice
from django_otp.plugins.otp_totp.admin import TOTPDevice
from unfold.decorators import action
from unfold.forms import AdminPasswordChangeForm, BaseDialogForm, UserChangeForm

from sms.admin.access.invitation import show_link
from sms.admin.common.base import BaseAdmin
from sms.admin.common.dialogs import ReasonForm, dialog_action, has_permission, to_page
from sms.admin.common.filters import listed, yes_no
from sms.admin.common.row_ids import guarded
from sms.services.access import second_factor
from sms.services.queue.errors import ActionRefused

admin.site.unregister([Group, User, StaticDevice, TOTPDevice])  # a device's page would show its secret


def _roles() -> list[tuple[str, str]]:
    return [(str(pk), name) for pk, name in Group.objects.values_list("pk", "name")]


class AddForm(forms.ModelForm):
    """Without a password, which the person sets. User names that differ only in case are refused."""

    clean_username = UserCreationForm.clean_username


@admin.register(User)
class UserAdmin(DjangoUserAdmin, BaseAdmin):
    form = UserChangeForm
    add_form = AddForm
    add_form_template = None  # Django's says that a password follows
    filter_horizontal = ("user_permissions",)
    add_fieldsets = ((None, {"fields": ("username", "email", "groups")}),)
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "is_active", "is_superuser", "last_login")
    list_filter = (
        listed(_("role"), "groups", _roles),
        yes_no(_("active"), "is_active"),
        yes_no(_("superuser"), "is_superuser"),
    )
    search_fields = ("username__startswith", "email__startswith")
    actions_detail = ("invite", "remove_second_factor")
    has_remove_factor_permission = has_permission("auth.change_user")

    def get_urls(self) -> list[URLPattern]:
        return guarded(super().get_urls(), self)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Only superusers can make superusers or grant single permissions."""
        own = super().get_readonly_fields(request, obj)
        return own if request.user.is_superuser else (*own, "is_superuser", "user_permissions")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may = super().has_change_permission(request, obj)
        return may and (request.user.is_superuser or not (isinstance(obj, User) and obj.is_superuser))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """People are deactivated: with their rows, their names would go from the history and the audit page."""
        return False

    def page_of(self, object_id: str) -> str:
        return reverse("admin:auth_user_change", args=(object_id,))

    def save_model(self, request: HttpRequest, obj: User, form: forms.ModelForm, change: bool) -> None:
        if not change:
            obj.is_staff = True
        super().save_model(request, obj, form, change)

    def response_add(self, request: HttpRequest, obj: User, post_url_continue: str | None = None) -> HttpResponse:
        return show_link(request, obj, **self.admin_site.each_context(request), opts=self.opts)

    @action(
        description=_("New invitation link"),
        icon="forward_to_inbox",
        permissions=["remove_factor"],
        dialog={
            "title": _("Create a link through which this person sets a new password?"),
            "description": _("The password, the sessions and any earlier link of this person end now."),
            "form_class": ReasonForm,
            "form_submit_text": _("Create link"),
        },
    )
    def invite(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        person = User.objects.filter(pk=object_id).first()
        if person is None or not self.has_change_permission(request, person):
            messages.error(request, _("You can't change this person."))
            return to_page(self.page_of(object_id))
        if not (person.is_active and person.is_staff):
            messages.error(request, _("This person is not active staff."))
            return to_page(self.page_of(object_id))
        self.log_change(request, person, f"Invited: {form.cleaned_data['reason']}")
        return show_link(request, person, **self.admin_site.each_context(request))

    @dialog_action(
        title=_("Turn off two-factor authentication for this person?"),
        description=_("For a lost phone. The next log-in asks only for the password; then it can be set up again."),
        button=_("Turn off two-factor authentication"),
        permission="remove_factor",
        icon="phonelink_erase",
    )
    def remove_second_factor(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> str:
        person = User.objects.filter(pk=object_id).first()
        if person is None or not self.has_change_permission(request, person):
            raise ActionRefused(_("You can't change this person."))
        removed = second_factor.turn_off(person)
        self.log_change(request, person, f"Two-factor authentication turned off: {form.cleaned_data['reason']}")
        return str(
            _("Two-factor authentication is off.") if removed else _("This person has no two-factor authentication.")
        )


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, BaseAdmin):
    search_fields = ("name__startswith",)
