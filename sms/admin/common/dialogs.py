"""Actions that change something: a dialog, a form after a POST, and the page anew. Never on GET."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from sms.services.queue.errors import ActionRefused

from .base import typed

Do = Callable[..., str]


class ReasonForm(BaseDialogForm):
    """Asks why: the reason is kept."""

    reason = forms.CharField(label=_("Reason"), max_length=500, widget=UnfoldAdminTextInputWidget)

    def clean_reason(self) -> str:
        return typed(self.cleaned_data["reason"])


class ProviderField(forms.ChoiceField):
    """A provider, or the routes. Its choices are read when the dialog opens."""

    def __init__(self, **facts: Any) -> None:
        super().__init__(widget=UnfoldAdminSelectWidget, required=False, **facts)


def has_permission(permission: str) -> Callable[..., bool]:
    """A `has_…_permission` method of an admin.

    Named in full (`sms.…`) the theme's system check would look for the permission's row, which a database that is not
    migrated yet does not have.
    """

    def method(self: Any, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(permission)

    return method


def dialog_action(
    *,
    title: Any,
    button: Any,
    permission: str,
    says: Any = "",
    form: type[BaseDialogForm] = ReasonForm,
    icon: str = "",
    variant: ActionVariant = ActionVariant.DEFAULT,
    url_path: str | None = None,
) -> Callable[[Do], Any]:
    """An action of a row. The decorated method does it and returns the words that are shown afterwards."""

    def decorate(do: Do) -> Any:
        def run(admin: Any, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
            try:
                messages.success(request, do(admin, request, form, object_id))
            except ActionRefused as refused:
                messages.error(request, str(refused))
            return to_page(admin.page_of(object_id))

        run.__name__ = do.__name__
        dialog = {"title": title, "description": says, "form_class": form, "form_submit_text": button}
        return action(
            description=button, permissions=[permission], icon=icon, variant=variant, url_path=url_path, dialog=dialog
        )(run)

    return decorate


def to_page(address: str) -> HttpResponse:
    """Leave the dialog for a page: a plain redirect would be loaded into the dialog, and show nothing."""
    return HttpResponse(headers={"HX-Redirect": address})
