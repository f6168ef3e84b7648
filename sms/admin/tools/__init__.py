"""The desk's own pages, under /admin/tools/."""

from __future__ import annotations

from django.contrib.admin import AdminSite
from django.urls import URLPattern, path

from . import akinon, health, legend, setup


def urls(site: AdminSite) -> list[URLPattern]:
    pages = (
        ("set-up", setup.show, "tools_setup"),
        ("akinon", akinon.show, "tools_akinon"),
        ("words", legend.show, "tools_words"),
        ("providers", health.show, "tools_providers"),
    )
    actions = (("providers/<int:provider_id>/<str:name>", health.act, "tools_provider_action"),)
    return [path(f"tools/{at}/", site.admin_view(view), name=name) for at, view, name in (*pages, *actions)]
