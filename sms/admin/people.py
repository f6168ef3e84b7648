"""Staff and roles, on the desk's theme."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.utils.translation import gettext_lazy as _
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from .base import DeskAdmin
from .filters import listed, yes_no

admin.site.unregister([Group, User])


def _roles() -> list[tuple[str, str]]:
    return [(str(pk), name) for pk, name in Group.objects.values_list("pk", "name")]


@admin.register(User)
class UserAdmin(DjangoUserAdmin, DeskAdmin):
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


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, DeskAdmin):
    search_fields = ("name__startswith",)
