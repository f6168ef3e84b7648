"""The audit page: who changed, exported, revealed or searched what, when and why."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from sms.admin.common.csv_export import streamed
from sms.admin.common.page import page, require_permission
from sms.services.staff import audit
from sms.translation import translated

HEAD = ("time", "person", "kind", "subject", "reason", "detail")


class _Moment(forms.DateTimeInput):
    """The browser's input, which sends ISO form whatever the person's language."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")


def _time(label: Any) -> forms.DateTimeField:
    """In years that have a time in every zone: the first and the last of a datetime don't."""
    first, last = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
    limits = [MinValueValidator(first), MaxValueValidator(last)]
    return forms.DateTimeField(label=label, required=False, widget=_Moment, validators=limits)


class FilterForm(forms.Form):
    actor = forms.CharField(label=_("Person"), required=False, max_length=150)
    kind = forms.ChoiceField(label=_("Kind"), required=False)
    since = _time(_("Since"))
    before = _time(_("Before"))

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        kinds = ((kind, translated(label)) for kind, label in audit.KINDS.items())
        self.fields["kind"].choices = [("", _("all")), *kinds]


@require_permission("sms.view_accessrecord")
def show(request: HttpRequest) -> HttpResponse:
    form = FilterForm(request.GET)
    if not form.is_valid():
        return page(request, "audit", _("Audit"), form=form)
    chosen = audit.Selection(**form.cleaned_data)
    if "export" in request.GET:
        rows = ((e.at.isoformat(), e.actor, e.kind, e.subject, e.reason, e.detail) for e in audit.entries(chosen))
        return streamed(request, "audit.csv", HEAD, rows)
    entries, before = audit.read(chosen)
    return page(request, "audit", _("Audit"), form=form, entries=entries, next_query=_query(request, before))


def _query(request: HttpRequest, before: Any) -> str:
    if before is None:
        return ""
    query = request.GET.copy()
    query["before"] = before.isoformat()
    return query.urlencode()
