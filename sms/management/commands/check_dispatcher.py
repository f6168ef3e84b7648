"""`manage.py check_dispatcher`: checks that a dispatcher of this machine is alive, for a container's health check."""

from __future__ import annotations

import platform
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from sms.services.monitoring.status import ALIVE, is_dispatcher_alive


class Command(BaseCommand):
    help = "Exits 0 if a dispatcher of this machine has updated its heartbeat within a minute, else 1."
    requires_system_checks: list[str] = []  # it runs every half minute, and the dispatcher has checked at its start

    def handle(self, **_: Any) -> None:
        host = platform.node()
        try:
            alive = is_dispatcher_alive(host=host[:100])
        except Error as error:
            raise CommandError(f"The database can't be queried ({type(error).__name__}).") from None
        if not alive:
            seconds = ALIVE.total_seconds()
            raise CommandError(f"No dispatcher of {host} has updated its heartbeat for {seconds:g} seconds.")
