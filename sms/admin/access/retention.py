"""The page that shows and changes the retention periods."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from sms.admin.common.base import typed
from sms.admin.common.page import page, require_permission
from sms.models import RetentionPeriods
from sms.services.configuration.retention_periods import Periods, of_environment, with_defaults
from sms.services.configuration.stored_periods import StoredPeriods
from sms.services.staff.retention_effect import effect_of

PAGE = "tools_retention"
FIELDS = {"text_days": "text", "raw_days": "raw", "row_days": "row"}


class RetentionForm(forms.ModelForm):
    change_reason = forms.CharField(
        label=_("Reason for the change"), max_length=500, help_text=_("Stored in the history.")
    )

    class Meta:
        model = RetentionPeriods
        fields = tuple(FIELDS)
        labels = {
            "text_days": _("Days after which texts and parameters are erased"),
            "raw_days": _("Days after which raw requests, responses and callbacks are erased"),
            "row_days": _("Days after which messages and reports are deleted"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, short in FIELDS.items():
            self.fields[name].widget.attrs["placeholder"] = getattr(of_environment(), short)

    def clean_change_reason(self) -> str:
        return typed(self.cleaned_data["change_reason"])

    def clean(self) -> dict[str, Any]:
        periods = self.periods()
        for name, days in (("text_days", periods.text), ("raw_days", periods.raw)):
            if not self.errors and days > periods.row:
                self.add_error(
                    name, _("This is longer than the message itself is kept (%(days)d days).") % {"days": periods.row}
                )
        return self.cleaned_data

    def periods(self) -> Periods:
        return with_defaults(StoredPeriods(**{name: self.cleaned_data.get(name) for name in FIELDS}))


@require_permission("sms.change_retentionperiods")
def show(request: HttpRequest) -> HttpResponse:
    """A valid form first shows what the change would erase. It is saved if `confirm` holds the periods then shown."""
    stored = RetentionPeriods.objects.first() or RetentionPeriods(pk=1)
    form = RetentionForm(request.POST or None, instance=stored)
    effect, shown = None, ""
    if request.method == "POST" and form.is_valid():
        periods = form.periods()
        shown = f"{periods.text},{periods.raw},{periods.row}"
        if request.POST.get("confirm") == shown:
            return _save(request, form)
        effect = effect_of(periods)
    history = RetentionPeriods.history.select_related("history_user")[:20]
    return page(request, "retention", _("Retention"), form=form, effect=effect, shown=shown, history=history)


def _save(request: HttpRequest, form: RetentionForm) -> HttpResponse:
    form.instance._change_reason = form.cleaned_data["change_reason"]
    form.save()
    messages.success(request, _("The retention periods are saved."))
    return redirect(f"admin:{PAGE}")
