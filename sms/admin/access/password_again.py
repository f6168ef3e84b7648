"""Sensitive changes ask for the password again, if it was entered more than 15 minutes ago.

The site applies this to every view by the name of its URL, so that no page and no bulk action is left out. The
submitted form is kept in the page that asks, and is carried out after the correct password.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from sms.admin.common.page import page
from sms.services.access import staff_session

# Credentials, vendors, routes, roles, the second factor, retention.
SENSITIVE = re.compile(
    r"(sms_(provider|vendordescription|route|destination|apiclient|partner|inboundgateway)|auth_(user|group))_\w+|second_factor|tools_retention"
)
PAGE = "tools_password_again"
"""Ask if it is due, then return to the page."""
PASSWORD, SUBMITTED = "_password_again", "_submitted"

View = Callable[..., HttpResponse]


def asks_password(view: View) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if _is_sensitive(request) and staff_session.needs_password(request):
            if _is_dialog(request):
                return HttpResponse(headers={"HX-Redirect": _address(request)})
            if not _is_right(request):
                return _ask(request)
            staff_session.confirm_password(request)
            request.POST = _submitted(request)
        return view(request, *args, **kwargs)

    return guarded


def show(request: HttpRequest) -> HttpResponse:
    """Return to the page of the dialog after the password."""
    target = request.GET.get("next", "")
    is_own = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return HttpResponseRedirect(target if is_own else reverse("admin:index"))


def _is_sensitive(request: HttpRequest) -> bool:
    name = request.resolver_match.url_name or ""
    return name == PAGE or bool(SENSITIVE.fullmatch(name) and (request.method == "POST" or _is_dialog(request)))


def _is_dialog(request: HttpRequest) -> bool:
    return "HX-Request" in request.headers


def _address(request: HttpRequest) -> str:
    """The URL to which a dialog sends the browser: the page that asks, which returns to the dialog's page."""
    return f"{reverse(f'admin:{PAGE}')}?{urlencode({'next': request.headers.get('HX-Current-URL', '')})}"


def _is_right(request: HttpRequest) -> bool:
    password = request.POST.get(PASSWORD)
    if not password:
        return False
    return authenticate(request, username=request.user.get_username(), password=password) == request.user


def _ask(request: HttpRequest) -> HttpResponse:
    submitted = request.POST.get(SUBMITTED) or base64.b64encode(request.POST.urlencode().encode()).decode()
    return page(
        request, "password_again", _("Your password again"), submitted=submitted, is_wrong=PASSWORD in request.POST
    )


def _submitted(request: HttpRequest) -> QueryDict:
    """The form that was sent before the question."""
    try:
        return QueryDict(base64.b64decode(request.POST.get(SUBMITTED, ""), validate=True))
    except ValueError:
        return QueryDict()
