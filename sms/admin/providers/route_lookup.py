"""Looks up the route of a number for each client and kind of message, in the same snapshot that accepting uses."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from sms.admin.common.page import page, require_permission
from sms.domain.phone import PhoneError
from sms.domain.typed_phone import read_start
from sms.models import ProviderState
from sms.services.configuration import snapshot


@require_permission("sms.view_route")
def show(request: HttpRequest) -> HttpResponse:
    """The number comes by POST, so that it is not part of a URL."""
    number, problem = request.POST.get("number", ""), ""
    rows = []
    try:
        number = read_start(number) if request.method == "POST" else ""
        rows = _rows(number) if number else []
    except PhoneError as error:
        problem = str(error)
    return page(request, "route_lookup", _("Route for a number"), number=number, rows=rows, problem=problem)


def _rows(number: str) -> list[dict[str, Any]]:
    now = snapshot.current()
    open_breakers = set(ProviderState.objects.filter(breaker="open").values_list("pk", flat=True))
    return [
        {
            "client": client.username,
            "kind": kind,
            "closed": now.destination(to=number, client=client.id, is_otp=is_otp).problem,
            **_row(now, now.route(to=number, client=client.id, is_otp=is_otp), open_breakers),
        }
        for client in now.clients.values()
        if client.enabled
        for kind, is_otp in (("OTP", True), (_("others"), False))
    ]


def _row(now: snapshot.Snapshot, route: Any, open_breakers: set[int]) -> dict[str, Any]:
    if route is None:
        return {"prefix": "", "steps": []}
    accounts = [now.accounts[provider] for provider in route.providers if provider in now.accounts]
    return {"prefix": route.prefix, "steps": [(a.slug, _why_not(a, open_breakers)) for a in accounts]}


def _why_not(account: snapshot.Account, open_breakers: set[int]) -> str:
    if not account.facts.enabled:
        return str(_("disabled"))
    if account.paused:
        return str(_("paused: messages wait or use the next provider"))
    if account.problem:
        return account.problem
    return str(_("suspended (circuit open)")) if account.id in open_breakers else ""
