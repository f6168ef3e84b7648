"""Responds with 404 to an id that is not valid, on every page of a row."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.db.models import BigAutoField, Field
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils.translation import gettext as _

LARGEST = 2**63 - 1


def guarded(patterns: list[URLPattern], model_admin: Any) -> list[URLPattern]:
    """Add the check of the id to the URL patterns of a model's pages."""
    for pattern in patterns:
        _guard(pattern, model_admin)
    return patterns


def _guard(pattern: URLPattern, model_admin: Any) -> None:
    """Check the id only for logged-in users; others get the log-in page whatever the id is."""
    view, key = pattern.callback, model_admin.model._meta.pk

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        ids = [*args, *(kwargs[name] for name in ("object_id", "id") if name in kwargs)]
        if ids and not _can_all_be(key, ids) and model_admin.admin_site.has_permission(request):
            raise Http404(_("There is no such row."))
        return view(request, *args, **kwargs)

    pattern.callback = checked


def _can_all_be(key: Field, ids: list[str]) -> bool:
    """The first id is the row's; a second one is that of a history entry."""
    return can_be(key, ids[0]) and all(can_be(BigAutoField(), version) for version in ids[1:])


def can_be(key: Field, written: str) -> bool:
    """Whether the text is a valid key of this field in a URL."""
    text = unquote(written)
    try:
        value = key.to_python(text)
    except (ValidationError, ValueError, OverflowError):
        return False
    return not isinstance(value, int) or (str(value) == text and 1 <= value <= LARGEST)
