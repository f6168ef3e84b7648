"""The set-up page: the steps that are missing before messages can be sent, with links."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from sms.admin.common.page import page, require_permission
from sms.services.monitoring import setup_checklist

PAGES = {
    "providers": "sms_provider_changelist",
    "provider": "sms_provider_change",
    "health": "tools_providers",
    "addresses": "sms_callingaddress_changelist",
    "clients": "sms_apiclient_changelist",
    "dispatchers": "sms_dispatcher_changelist",
    "senders": "sms_sendername_changelist",
    "templates": "sms_messagetemplate_changelist",
    "doubts": "sms_approvaldoubt_changelist",
    "routes": "sms_route_changelist",
    "destinations": "sms_destination_changelist",
    "test": "tools_dry_run",
}


@require_permission("sms.view_provider")
def show(request: HttpRequest) -> HttpResponse:
    setup_checklist.status.reset_cache()
    sections = setup_checklist.sections()
    steps = [(section, [(step, address(step)) for step in section.steps]) for section in sections]
    done = sum(step.done is True for section in sections for step in section.steps)
    total = sum(step.done is not None for section in sections for step in section.steps)
    is_green = all(section.is_green for section in sections)
    facts = {"sections": steps, "done": done, "total": total, "is_green": is_green}
    see_addresses = request.user.has_perm("sms.change_provider")
    return page(request, "setup_checklist", _("Set-up"), **facts, see_addresses=see_addresses)


def address(step: setup_checklist.Step) -> str:
    """The URL of the page that completes the step."""
    if not step.target:
        return ""
    name = f"admin:{PAGES[step.target]}"
    return reverse(name, args=(step.target_id,)) if step.target == "provider" else reverse(name)
