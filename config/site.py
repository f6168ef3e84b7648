"""The admin site: the theme's, with the product's own pages beside the lists.

Not in sms/admin: Django reads the site while it imports that package. So the site imports from the package only when
a request is handled.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite


class SmsAdminSite(UnfoldAdminSite):
    index_title = _("Dashboard")
    enable_nav_sidebar = True

    def get_urls(self) -> list[URLPattern]:
        """Without `view_on_site`: no row has a page outside the admin, and the view fails on invalid ids."""
        return [pattern for pattern in super().get_urls() if getattr(pattern, "name", "") != "view_on_site"]

    def extra_urls(self) -> list[URLPattern]:
        """The pages under /admin/tools/."""
        from sms.admin.access.invitation import InvitationView
        from sms.admin.access.second_factor import enrol
        from sms.admin.urls import urls

        # Outside `admin_view`: these pages are needed before any other page can be opened.
        invitation = path("invitation/<uidb64>/<token>/", InvitationView.as_view(), name="invitation")
        return [path("second-factor/", enrol, name="second_factor"), invitation, *urls(self)]

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether the user is staff, and has entered a code at this log-in if two-factor authentication is required."""
        from sms.services.access.second_factor import is_required

        is_staff = super().has_permission(request)
        return is_staff and (request.user.is_verified() or not is_required(request.user))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Redirect staff who must set up two-factor authentication to its page."""
        from sms.admin.access.login import LoginForm
        from sms.admin.access.second_factor import ask_for_second_factor
        from sms.services.access.login_protection import remember_browser
        from sms.services.access.second_factor import has_app

        self.login_form = LoginForm
        must_verify = UnfoldAdminSite.has_permission(self, request) and not self.has_permission(request)
        if must_verify and request.method == "GET" and not has_app(request.user):
            return redirect("admin:second_factor")
        response = super().login(request, extra_context)
        if request.method == "POST" and request.user.is_authenticated:
            remember_browser(request, response)
            ask_for_second_factor(request)
        return response

    def admin_view(self, view: Callable[..., HttpResponse], cacheable: bool = False) -> Callable[..., HttpResponse]:
        from sms.admin.access.password_again import asks_password

        inner = super().admin_view(asks_password(_with_vendors(view)), cacheable)

        @wraps(inner)
        def with_reader(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            from sms.admin.common.privacy import reader

            # Not reset afterwards: a TemplateResponse is rendered after its view has returned.
            reader.set(request)
            return inner(request, *args, **kwargs)

        return with_reader

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """All pages get the list of all applications, and few show it: sorting it took a fifth of a page's time."""
        if app_label:
            return super().get_app_list(request, app_label)
        return SimpleLazyObject(lambda: UnfoldAdminSite.get_app_list(self, request))

    def each_context(self, request: Any) -> dict[str, Any]:
        context = super().each_context(request)
        context["theme"] = None  # the user chooses: light, dark or system
        return context


def _with_vendors(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The vendors that staff have described are known, as they were stored a second ago."""

    @wraps(view)
    def prepared(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        from sms.services.configuration import snapshot

        snapshot.current()
        return view(request, *args, **kwargs)

    return prepared
