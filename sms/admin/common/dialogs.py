"""Actions that change data: a dialog with a form, a POST, then the reloaded page. A GET changes nothing."""

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
from sms.translation import translated

from .base import EscapedCharField

Handler = Callable[..., str]


class ReasonForm(BaseDialogForm):
    """Asks for the reason, which is stored."""

    reason = EscapedCharField(label=_("Reason"), max_length=500, widget=UnfoldAdminTextInputWidget)


class ProviderField(forms.ChoiceField):
    """A provider, or the routing rules. Its choices are read when the dialog opens."""

    def __init__(self, **facts: Any) -> None:
        super().__init__(widget=UnfoldAdminSelectWidget, required=False, **facts)


def has_permission(permission: str) -> Callable[..., bool]:
    """A `has_…_permission` method of a model admin.

    With the full name (`sms.…`) in `permissions`, the theme's system check would query the permission's row, which
    does not exist before the migrations have run.
    """

    def method(self: Any, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(permission)

    return method


def dialog_action(
    *,
    title: Any,
    button: Any,
    permission: str,
    description: Any = "",
    form: type[BaseDialogForm] = ReasonForm,
    icon: str = "",
    variant: ActionVariant = ActionVariant.DEFAULT,
    url_path: str | None = None,
) -> Callable[[Handler], Any]:
    """An action of a row. The decorated method performs it and returns the message to show."""

    def decorate(handler: Handler) -> Any:
        def run(admin: Any, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
            try:
                messages.success(request, handler(admin, request, form, object_id))
            except ActionRefused as refused:
                messages.error(request, translated(refused))
            return to_page(admin.page_of(object_id))

        run.__name__ = handler.__name__
        dialog = {"title": title, "description": description, "form_class": form, "form_submit_text": button}
        return action(
            description=button, permissions=[permission], icon=icon, variant=variant, url_path=url_path, dialog=dialog
        )(run)

    return decorate


def to_page(address: str) -> HttpResponse:
    """Close the dialog and open a page. htmx would load a plain redirect into the dialog."""
    return HttpResponse(headers={"HX-Redirect": address})
