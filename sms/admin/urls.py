"""The admin's own pages, under /admin/tools/."""

from __future__ import annotations

from django.contrib.admin import AdminSite
from django.urls import URLPattern, path

from sms.admin.access import (
    audit,
    block_list_import,
    integration_guide,
    password_again,
    personal_data,
    preferences,
    retention,
)
from sms.admin.messages import bulk, dry_run, saved_views, search_page, unmatched
from sms.admin.monitoring import codes, delivery, glossary, setup_checklist
from sms.admin.providers import health, route_lookup, vendor_dry_run
from sms.admin.templates import csv_import, preview, submissions, vendor_import


def urls(site: AdminSite) -> list[URLPattern]:
    pages = (
        ("set-up", setup_checklist.show, "tools_setup"),
        ("akinon", integration_guide.show, "tools_integration_guide"),
        ("password", password_again.show, password_again.PAGE),
        ("preferences", preferences.show, "tools_preferences"),
        ("words", glossary.show, "tools_glossary"),
        ("codes", codes.show, "tools_codes"),
        ("deliveries", delivery.show, "tools_deliveries"),
        ("providers", health.show, "tools_providers"),
        ("test-a-text", dry_run.show, "tools_dry_run"),
        ("search", search_page.show, "tools_search"),
        ("saved-views", saved_views.act, "tools_saved_views"),
        ("bulk", bulk.show, "tools_bulk"),
        ("unmatched-texts", unmatched.show, "tools_unmatched"),
        ("vendor-dry-run", vendor_dry_run.show, "tools_vendor_dry_run"),
        ("who-would-carry", route_lookup.show, "tools_route_lookup"),
        ("block-list", block_list_import.act, "tools_block"),
        ("forget-number", personal_data.act, "tools_forget"),
        ("audit", audit.show, "tools_audit"),
        ("retention", retention.show, retention.PAGE),
        ("template-import", csv_import.show, "tools_template_import"),
        ("vendor-texts", vendor_import.show, "tools_vendor_texts"),
        ("what-to-submit", submissions.show, "tools_submissions"),
        ("template-preview", preview.show, "tools_template_preview"),
    )
    actions = (("providers/<int:provider_id>/<str:name>", health.act, "tools_provider_action"),)
    return [path(f"tools/{at}/", site.admin_view(view), name=name) for at, view, name in (*pages, *actions)]
