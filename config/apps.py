"""Django's admin with our own site in it, loaded by those processes that show it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.contrib.admin import autodiscover
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.core import checks


class DeskConfig(SimpleAdminConfig):
    """The desk is found with the addresses (config/urls.py), not in every dispatcher and command: 16 MB, 0.2 s of CPU.

    Django's checks of a desk are registered here in place of its own, which would find none.
    """

    default_site = "config.site.DeskSite"

    def ready(self) -> None:
        checks.register(check_dependencies, checks.Tags.admin)
        checks.register(check_desk, checks.Tags.admin)


def check_desk(app_configs: Sequence[AppConfig] | None, **more: Any) -> list[checks.CheckMessage]:
    """Django's checks of a desk, once it is there to be checked."""
    autodiscover()
    return check_admin_app(app_configs=app_configs, **more)
