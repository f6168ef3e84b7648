"""Vendors that are described in TOML: the list, and the form with its problems and the effect of a change."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from providers.registry import FAULTS, SENDERS, is_taken
from sms.admin.common.history import REASON, HistoriedAdmin
from sms.models import Provider, VendorDescription
from sms.services.configuration import snapshot
from sms.services.configuration.vendor_descriptions import accounts_of
from sms.services.vendors.effect import DescriptionEffect, effect_of
from sms.translation import translated


class DescriptionField(forms.CharField):
    r"""Unlike other fields it keeps escapes such as `\u00a0` as they are typed: TOML has escapes of its own."""

    def __init__(self, **facts: Any) -> None:
        widget = UnfoldAdminTextareaWidget(attrs={"rows": 30, "spellcheck": "false", "class": "admin-source"})
        super().__init__(**{"strip": False, "widget": widget, "label": _("Description")} | facts)

    def to_python(self, value: Any) -> str:
        return super().to_python(value).replace("\r\n", "\n")


class DescriptionForm(forms.ModelForm):
    text = DescriptionField(help_text=VendorDescription._meta.get_field("text").help_text)
    effect: DescriptionEffect | None = None
    """What a valid text would change, until it is confirmed."""
    confirmed: Sequence[str] = ()
    """The statements that were confirmed with it."""

    def full_clean(self) -> None:
        super().full_clean()
        before = self.initial.get("text", "")
        if not self.is_bound or self.errors or self.instance.text == before:
            return
        effect = effect_of(self.instance.slug, before, self.instance.text)
        if self.data.get("confirm") == effect.key:
            self.confirmed = effect.statements
        elif effect.accounts or effect.statements or self.is_stale:
            self.effect = effect
            self.add_error(None, self._why(effect))

    @property
    def stored(self) -> str:
        """Identifies the stored text. The page sends back the one that it was opened with."""
        return sha256(self.initial.get("text", "").encode()).hexdigest()

    @property
    def is_stale(self) -> bool:
        return self.data.get("seen", self.stored) != self.stored

    def _why(self, effect: DescriptionEffect) -> Any:
        if self.is_stale:
            return _(
                "Somebody else has changed it in the meantime. Confirm what you change in that text, and save again."
            )
        if effect.statements:
            return _("If a statement below is wrong, messages are sent twice. Confirm them, and save again.")
        return _("Accounts use this description. Confirm the change below, and save again.")


@admin.register(VendorDescription)
class VendorDescriptionAdmin(HistoriedAdmin):
    form = DescriptionForm
    list_display = ("slug", "vendor_name", "state", "account_count", "updated_at")
    search_fields = ("slug__startswith",)
    fieldsets = ((None, {"fields": ("text",)}),)
    change_form_template = "sms/vendor_description_form.html"
    change_form_before_template = None  # its form says itself what else has changed

    def get_queryset(self, request: HttpRequest) -> QuerySet[VendorDescription]:
        accounts = Provider.objects.filter(vendor=OuterRef("slug")).order_by().values("vendor")
        return super().get_queryset(request).annotate(accounts=Subquery(accounts.annotate(n=Count("pk")).values("n")))

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **more: Any) -> HttpResponse:
        row = more.get("obj")
        fault = FAULTS.get(row.slug) if row else None
        words = [translated(fault.problem), translated(fault.advice)] if fault else []
        return super().render_change_form(request, {**context, "fault": " ".join(words)}, **more)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[list[Any], dict[Any, Any], set[str], list]:
        """Without its description an account could not be called, unless an adapter in code has taken its place."""
        accounts = accounts_of(*(row.slug for row in objs if not is_taken(row.slug)))
        if not accounts:
            return super().get_deleted_objects(objs, request)
        words = _("Providers use it: %(accounts)s. Delete them first.")
        return [], {}, set(), [words % {"accounts": ", ".join(accounts)}]

    def save_model(self, request: HttpRequest, obj: VendorDescription, form: Any, change: bool) -> None:
        if form.confirmed:
            words = _("Confirmed that messages may be sent again after this: %(statements)s.")
            confirmed = words % {"statements": "; ".join(form.confirmed)}
            form.cleaned_data[REASON] = f"{form.cleaned_data.get(REASON) or _('Added.')} {confirmed}"
        super().save_model(request, obj, form, change)
        transaction.on_commit(snapshot.latest)  # so that the next page of this process knows the vendor

    @display(description=_("vendor"))
    def vendor_name(self, row: VendorDescription) -> str:
        return SENDERS[row.slug].name if row.slug in SENDERS else "—"

    @display(description=_("state"), label={_("can be used"): "success", _("can't be used"): "danger"})
    def state(self, row: VendorDescription) -> str:
        return _("can't be used") if row.slug in FAULTS else _("can be used")

    @display(description=_("providers"))
    def account_count(self, row: Any) -> int:
        return row.accounts or 0
