"""The desk's own site: the theme's, with our pages beside the lists.

Not in sms/admin: Django asks for the site while that package is being imported, so what the site needs of it is
imported when a request comes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from unfold.sites import UnfoldAdminSite


class DeskSite(UnfoldAdminSite):
    index_title = "Dashboard"
    enable_nav_sidebar = True

    def extra_urls(self) -> list[URLPattern]:
        """The pages under /admin/tools/."""
        from sms.admin.tools import urls

        return urls(self)

    def admin_view(self, view: Callable[..., HttpResponse], cacheable: bool = False) -> Callable[..., HttpResponse]:
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def with_reader(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            from sms.admin.privacy import reader

            # Left in place afterwards: a page is rendered after its view has returned.
            reader.set(request)
            return inner(request, *args, **kwargs)

        return with_reader

    def each_context(self, request: Any) -> dict[str, Any]:
        context = super().each_context(request)
        context["theme"] = None  # the reader's own choice: light, dark, or as the system says
        return context
