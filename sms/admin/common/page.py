"""Helpers of the admin's own pages: the permission check and the theme's context."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

View = Callable[..., HttpResponse]


def require_permission(permission: str) -> Callable[[View], View]:
    """Respond with 403 to users without this permission."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.has_perm(permission):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def page(request: HttpRequest, template: str, title: Any, **context: Any) -> TemplateResponse:
    """`template`: with its folder, if it is in another one than the common one."""
    request.current_app = admin.site.name
    name = template if "/" in template else f"sms/{template}"
    return TemplateResponse(request, f"{name}.html", {**admin.site.each_context(request), "title": title, **context})
