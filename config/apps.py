"""The app config of Django's admin with the product's site, loaded only by processes that serve it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.contrib.admin import autodiscover
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.core import checks


class SmsAdminConfig(SimpleAdminConfig):
    """Loads the admin with the URLs (config/urls.py), not in dispatchers and commands.

    That saves 16 MB and 0.2 s of CPU.

    Registers Django's checks of the admin itself, because Django's registration would find no admin site.
    """

    default_site = "config.site.SmsAdminSite"

    def ready(self) -> None:
        checks.register(check_dependencies, checks.Tags.admin)
        checks.register(check_sms_admin, checks.Tags.admin)


def check_sms_admin(app_configs: Sequence[AppConfig] | None, **more: Any) -> list[checks.CheckMessage]:
    """Load the admin, then run Django's checks of it."""
    autodiscover()
    return check_admin_app(app_configs=app_configs, **more)
