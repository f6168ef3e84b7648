"""The admin site: the theme's, with the product's own pages beside the lists.

Not in sms/admin: Django asks for the site while that package is being imported, so what the site needs of it is
imported when a request comes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from unfold.sites import UnfoldAdminSite


class SmsAdminSite(UnfoldAdminSite):
    index_title = "Dashboard"
    enable_nav_sidebar = True

    def get_urls(self) -> list[URLPattern]:
        """Without the shortcut to a row's page of the website: no row has one, and it takes ids that it can't read."""
        return [pattern for pattern in super().get_urls() if getattr(pattern, "name", "") != "view_on_site"]

    def extra_urls(self) -> list[URLPattern]:
        """The pages under /admin/tools/."""
        from sms.admin.access.second_factor import enrol
        from sms.admin.urls import urls

        # Outside `admin_view`: with REQUIRE_2FA nobody passes that door before this page was used.
        return [path("second-factor/", enrol, name="second_factor"), *urls(self)]

    def has_permission(self, request: HttpRequest) -> bool:
        """Staff, and with REQUIRE_2FA only those whose second factor was checked at this log-in."""
        is_staff = super().has_permission(request)
        return is_staff and (not settings.REQUIRE_2FA or request.user.is_verified())

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Staff who logged in but have no second factor yet are led to set one up."""
        from sms.admin.access.login import LoginForm

        self.login_form = LoginForm
        waits = UnfoldAdminSite.has_permission(self, request) and not self.has_permission(request)
        if waits and request.method == "GET":
            return redirect("admin:second_factor")
        return super().login(request, extra_context)

    def admin_view(self, view: Callable[..., HttpResponse], cacheable: bool = False) -> Callable[..., HttpResponse]:
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def with_reader(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            from sms.admin.common.privacy import reader

            # Left in place afterwards: a page is rendered after its view has returned.
            reader.set(request)
            return inner(request, *args, **kwargs)

        return with_reader

    def each_context(self, request: Any) -> dict[str, Any]:
        context = super().each_context(request)
        context["theme"] = None  # the reader's own choice: light, dark, or as the system says
        return context
