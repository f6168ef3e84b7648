"""The health page: the state and last error of each provider, and its actions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from sms.admin.common.base import EscapedCharField
from sms.admin.common.bulk_links import offer_to_move
from sms.admin.common.page import page, require_permission
from sms.models import Provider
from sms.services.monitoring import provider_health
from sms.services.objectives import budgets
from sms.services.queue.errors import ActionRefused
from sms.services.staff import provider_actions
from sms.translation import translated

PERMISSION = {
    "test": "sms.test_provider",
    "probe": "sms.test_provider",
    "pause": "sms.pause_provider",
    "resume": "sms.pause_provider",
}


@require_permission("sms.view_provider")
def show(request: HttpRequest) -> HttpResponse:
    may = {name: request.user.has_perm(permission) for name, permission in PERMISSION.items()}
    may["send_test"] = request.user.has_perm("sms.send_test") and request.user.has_perm("sms.see_shapes")
    # Everyone who knows a callback URL can send reports: only those who register it see it.
    see_addresses = request.user.has_perm("sms.change_provider")
    found = budgets.budgets()
    cards = [(card, found.get(card.id, [])) for card in provider_health.provider_cards()]
    return page(request, "health", _("Providers"), cards=cards, may=may, see_addresses=see_addresses)


class ReasonForm(forms.Form):
    reason = EscapedCharField(max_length=500)


def act(request: HttpRequest, provider_id: int, name: str) -> HttpResponse:
    """Test, probe, pause or resume a provider. Accepts only POST; each action has its permission."""
    if name not in PERMISSION:
        raise Http404
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    return require_permission(PERMISSION[name])(_do)(request, provider_id, name)


def _do(request: HttpRequest, provider_id: int, name: str) -> HttpResponse:
    actor = request.user.get_username()
    form = ReasonForm(request.POST)
    try:
        if name == "test":
            messages.success(request, _test_result(provider_id, actor))
        elif name == "probe":
            messages.success(request, _probe_result(provider_id, actor))
        elif form.is_valid():
            do: Any = provider_actions.pause if name == "pause" else provider_actions.resume
            do(provider_id, actor=actor, reason=form.cleaned_data["reason"])
            messages.success(request, _("Done."))
            if name == "pause":
                offer_to_move(request, Provider.objects.filter(pk=provider_id).defer("credentials"))
        else:
            messages.error(request, _("Enter a reason. It is stored in the history."))
    except (ActionRefused, Provider.DoesNotExist) as refused:
        messages.error(request, translated(refused))
    return redirect("admin:tools_providers")


def _test_result(provider_id: int, actor: str) -> str:
    return _("The vendor answered: %(answer)s") % {
        "answer": translated(provider_actions.test_connection(provider_id, actor=actor))
    }


def _probe_result(provider_id: int, actor: str) -> str:
    if provider_actions.probe_now(provider_id, actor=actor):
        return str(_("A dispatcher makes the probe within seconds. If it is accepted, sending resumes."))
    return str(_("This vendor has no harmless call, and no message waits: the next message will be the probe."))
