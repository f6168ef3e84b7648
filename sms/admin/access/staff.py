"""Staff and roles, with the admin's theme."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest
from django.urls import URLPattern, reverse
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_static.admin import StaticDevice
from django_otp.plugins.otp_totp.admin import TOTPDevice
from unfold.forms import AdminPasswordChangeForm, BaseDialogForm, UserChangeForm, UserCreationForm

from sms.admin.common.base import BaseAdmin
from sms.admin.common.dialogs import dialog_action, has_permission
from sms.admin.common.filters import listed, yes_no
from sms.admin.common.row_ids import guarded
from sms.services.access import second_factor
from sms.services.queue.errors import ActionRefused

admin.site.unregister([Group, User, StaticDevice, TOTPDevice])  # a device's page would show its secret


def _roles() -> list[tuple[str, str]]:
    return [(str(pk), name) for pk, name in Group.objects.values_list("pk", "name")]


@admin.register(User)
class UserAdmin(DjangoUserAdmin, BaseAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "is_active", "is_superuser", "last_login")
    list_filter = (
        listed(_("role"), "groups", _roles),
        yes_no(_("active"), "is_active"),
        yes_no(_("superuser"), "is_superuser"),
    )
    search_fields = ("username__startswith", "email__startswith")
    actions_detail = ("remove_second_factor",)
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
        may = super().has_delete_permission(request, obj)
        return may and (request.user.is_superuser or not (isinstance(obj, User) and obj.is_superuser))

    def page_of(self, object_id: str) -> str:
        return reverse("admin:auth_user_change", args=(object_id,))

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
