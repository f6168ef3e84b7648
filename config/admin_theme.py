"""The theme of the admin: names, colours, files and the menu (django-unfold's `UNFOLD` setting)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from django.templatetags.static import static
from django.urls import reverse
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

_TEAL = {
    "50": "#f0fdfa",
    "100": "#ccfbf1",
    "200": "#99f6e4",
    "300": "#5eead4",
    "400": "#2dd4bf",
    "500": "#14b8a6",
    "600": "#0f766e",  # its contrast with white is 5.5:1, so text and buttons pass WCAG AA
    "700": "#115e59",
    "800": "#134e4a",
    "900": "#0f3d3a",
    "950": "#042f2e",
}


_address_of = lazy(cache(reverse), str)
"""As `reverse_lazy`, and once: each page of the admin reads the addresses of its menu about 150 times."""
Permission = str | Callable[[Any], bool] | None


def _page(title: Any, icon: str, name: str, permission: Permission = None, **more: Any) -> dict[str, Any]:
    """An item of the menu. `permission` is a callable or its path; None means all staff."""
    item = {"title": title, "icon": icon, "link": _address_of(f"admin:{name}"), **more}
    return {**item, "permission": permission} if permission else item


def _may(permission: str) -> Callable[[Any], bool]:
    return lambda request: request.user.has_perm(permission)


def _list(title: Any, icon: str, model: str, **more: Any) -> dict[str, Any]:
    return _page(title, icon, f"sms_{model}_changelist", _may(f"sms.view_{model}"), **more)


NAVIGATION = [
    {
        "title": _("Operate"),
        "items": [
            _page(_("Set-up"), "rocket_launch", "tools_setup", "sms.admin.navigation.shows_setup_first"),
            _page(_("Dashboard"), "dashboard", "index"),
            _page(_("Search"), "search", "tools_search", _may("sms.view_message")),
            _list(_("Messages"), "sms", "message", badge="sms.admin.navigation.unresolved", badge_variant="warning"),
            _list(_("Rejected requests"), "block", "refusedrequest"),
            _page(_("Unmatched texts"), "rule", "tools_unmatched", _may("sms.see_shapes")),
            _page(_("Test a text"), "science", "tools_dry_run", _may("sms.see_shapes")),
            _list(_("Alerts"), "notifications", "alert", badge="sms.admin.navigation.open_alerts"),
            _list(_("Bulk operations"), "checklist", "bulkoperation"),
            _list(_("Approvals in doubt"), "help", "approvaldoubt"),
            _page(_("Codes by day"), "error", "tools_codes", _may("sms.view_message")),
            _page(_("Deliveries"), "bar_chart", "tools_deliveries", _may("sms.view_message")),
            _page(_("Provider health"), "monitor_heart", "tools_providers", _may("sms.view_provider")),
        ],
    },
    {
        "title": _("Received"),
        "separator": True,
        "collapsible": True,
        "items": [
            _list(_("Received messages"), "inbox", "inboundmessage"),
            _list(_("Forwards to partners"), "forward", "inboundpush"),
            _list(_("Rented numbers"), "sim_card", "rentednumber"),
            _list(_("Partners"), "handshake", "partner"),
            _list(_("Inbound gateways"), "router", "inboundgateway"),
            _list(_("Inbound webhooks"), "call_received", "inboundcall"),
        ],
    },
    {
        "title": _("Configure"),
        "separator": True,
        "items": [
            _list(_("Providers"), "cell_tower", "provider"),
            _list(_("Vendor descriptions"), "integration_instructions", "vendordescription"),
            _list(_("Routes"), "alt_route", "route"),
            _list(_("Destinations"), "public", "destination"),
            _list(_("Objectives"), "target", "objective"),
            _list(_("Templates"), "description", "messagetemplate"),
            _list(_("Sender names"), "badge", "sendername"),
            _list(_("Block list"), "do_not_disturb_on", "blockednumber"),
            _list(_("Outbound IP addresses"), "lan", "callingaddress"),
            _page(_("Set-up"), "rocket_launch", "tools_setup", "sms.admin.navigation.shows_setup_last"),
        ],
    },
    {
        "title": _("Access"),
        "separator": True,
        "items": [
            _list(_("Clients"), "key", "apiclient"),
            _page(
                _("API credentials and integration guide"),
                "handshake",
                "tools_integration_guide",
                _may("sms.view_apiclient"),
            ),
            _page(_("Staff"), "person", "auth_user_changelist", _may("auth.view_user")),
            _page(_("Roles"), "groups", "auth_group_changelist", _may("auth.view_group")),
        ],
    },
    {
        "title": _("Records"),
        "separator": True,
        "collapsible": True,
        "items": [
            _list(_("Attempts"), "send", "attempt"),
            _list(_("Delivery reports"), "mark_email_read", "deliveryreport"),
            _list(_("Callbacks"), "call_received", "callback"),
            _list(_("Share moves"), "swap_calls", "sharemove"),
            _list(_("Personal data"), "person_off", "personaldatarecord"),
            _page(_("Audit"), "fact_check", "tools_audit", _may("sms.view_accessrecord")),
            _list(_("Access records"), "policy", "accessrecord"),
            _page(_("Retention"), "auto_delete", "tools_retention", _may("sms.change_retentionperiods")),
            _list(_("Dispatchers"), "memory", "dispatcher"),
            _page(_("Status and error reference"), "menu_book", "tools_glossary"),
        ],
    },
]

UNFOLD = {
    "SITE_TITLE": "SMS Desk",
    "SITE_HEADER": "SMS Desk",
    "SITE_SUBHEADER": "sms.admin.navigation.time_zone",
    "SITE_SYMBOL": "sms",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("sms/icon.svg")}],
    "SITE_URL": None,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "6px",
    "COLORS": {"primary": _TEAL},
    "DASHBOARD_CALLBACK": "sms.admin.monitoring.dashboard.context",
    "STYLES": [lambda request: static("sms/admin.css")],
    "SCRIPTS": [lambda request: static("sms/admin.js")],
    "ACCOUNT": {
        "navigation": [
            {"title": _("Language and time zone"), "link": _address_of("admin:tools_preferences")},
            {"title": _("Two-factor authentication"), "link": _address_of("admin:second_factor")},
        ]
    },
    "SIDEBAR": {"show_search": False, "show_all_applications": False, "navigation": NAVIGATION},
}
