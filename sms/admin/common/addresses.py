"""Gives out a new public address of a gateway or a provider, and revokes the one before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.db import transaction
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from sms.models.calling import InboundAddress
from sms.services.database import clock
from sms.services.queue.errors import ActionRefused

from .dialogs import ReasonForm, dialog_action

LONGEST_HOURS = 24 * 365


class RenewForm(ReasonForm):
    hours = forms.IntegerField(
        label=_("Hours for which the old address stays valid, unless you revoke it earlier"),
        min_value=0,
        max_value=LONGEST_HOURS,
        initial=72,
        widget=UnfoldAdminIntegerFieldWidget,
    )


class RenewableAddress:
    """A mixin for model admins of rows with an InboundAddress."""

    actions_detail: ClassVar[Sequence[str]] = ("renew_address", "revoke_address")
    model: type[Any]

    def page_of(self, object_id: str) -> str:
        return reverse(f"admin:{self.model._meta.label_lower.replace('.', '_')}_change", args=(object_id,))

    def has_address(self, row: Any) -> bool:
        """Whether there is an address that staff register by hand."""
        return True

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        row = self.get_object(request, str(object_id))  # type: ignore[attr-defined]
        shown = super().get_actions_detail(request, object_id)  # type: ignore[misc]
        if row is None or not self.has_address(row):
            return [each for each in shown if each.method.__name__ not in RenewableAddress.actions_detail]
        return shown if is_old_valid(row) else [each for each in shown if each.method.__name__ != "revoke_address"]

    @dialog_action(
        title=_("Give out a new address?"),
        description=_("Register the new address, which this page then shows. With 0 hours the old one ends at once."),
        button=_("New address"),
        permission="change",
        form=RenewForm,
        icon="key",
    )
    def renew_address(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> str:
        until = clock.now() + timedelta(hours=form.cleaned_data["hours"])
        with transaction.atomic():
            row = self._row(request, object_id)
            if is_old_valid(row):
                raise ActionRefused(_("An older address is still valid. Revoke it first, or it would end now."))
            row.renew_address(old_valid_until=until)
            self._save(request, row, f"New address; the old one ends at {until:%Y-%m-%d %H:%M} UTC", form)
        return str(_("There is a new address. Register it before the old one ends."))

    @dialog_action(
        title=_("Revoke the old address?"),
        description=_("Calls to it are answered with 404 from now on."),
        button=_("Revoke the old address"),
        permission="change",
        icon="link_off",
    )
    def revoke_address(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> str:
        with transaction.atomic():
            row = self._row(request, object_id)
            if not is_old_valid(row):
                raise ActionRefused(_("There is no older address that is valid."))
            row.revoke_old_address()
            self._save(request, row, "Old address revoked", form)
        return str(_("The old address is revoked."))

    def _row(self, request: HttpRequest, object_id: str) -> Any:
        row = self.get_object(request, object_id)  # type: ignore[attr-defined]
        if row is None or not self.has_address(row):
            raise ActionRefused(_("There is no address to change."))
        return row

    def _save(self, request: HttpRequest, row: Model, what: str, form: BaseDialogForm) -> None:
        row._change_reason = f"{what}. {form.cleaned_data['reason']}"  # type: ignore[attr-defined]
        row.save(update_fields=["address_number", "old_address_until"])
        self.log_change(request, row, row._change_reason)  # type: ignore[attr-defined]


def is_old_valid(row: InboundAddress) -> bool:
    return row.old_address_until is not None and clock.now() < row.old_address_until
