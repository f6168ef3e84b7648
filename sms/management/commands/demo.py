"""`manage.py demo`: demonstration data and all processes, in one terminal."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from sms.management.demonstration.alone import alone
from sms.management.demonstration.calls import can_accept, register_addresses
from sms.management.demonstration.passwords import STAFF, passwords
from sms.management.demonstration.ports import HOST, free_port
from sms.management.demonstration.seed import callers, modem_url, seed
from sms.management.demonstration.supervisor import Child, Died, Stopped, Supervisor
from sms.management.demonstration.words import welcome

START_SECONDS = 60.0


class Command(BaseCommand):
    help = "Starts a demonstration: made-up data, simulated vendors, web and dispatcher. Ctrl-C stops all."
    requires_system_checks: list[str] = []  # its settings are for one machine: warnings would mislead

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="the web's port, or the next free one (8000)")
        parser.add_argument("--yes", action="store_true", help="seed the database that DATABASE_URL names")

    def handle(self, *, port: int, yes: bool, **_: Any) -> None:
        if settings.DATABASE_URL_WAS_SET and not yes:
            raise CommandError(
                "A database is named in the environment (DATABASE_URL or DB_NAME), and the demonstration would write "
                "made-up data into it. Unset it, or use --yes to continue."
            )
        url = f"http://{HOST}:{free_port(port)}"
        settings.PUBLIC_URL, settings.ALLOW_PRIVATE_PROVIDER_HOSTS = url, True  # known only now, valid for this run
        try:
            with alone(settings.ENV_FILE.parent), Supervisor(folder=settings.BASE_DIR, out=sys.stdout) as supervisor:
                self._run(supervisor, url)
        except Stopped:
            self.stdout.write("\nStopped: web, dispatcher and simulators have ended.")
        except (Died, TimeoutError) as error:
            raise CommandError(f"{error}\nThe demonstration has ended.") from None

    def _run(self, supervisor: Supervisor, url: str) -> None:
        self.stdout.write("Preparing the demonstration …")
        env = {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "ENV_FILE": str(settings.ENV_FILE),
            "PUBLIC_URL": url,
            "ALLOW_PRIVATE_PROVIDER_HOSTS": "on",
            "REQUIRE_2FA_OF_ADMINISTRATORS": "off",  # the printed password is enough to log in
        }
        python = [sys.executable, "-u"]
        simulators = supervisor.start("simulators", [*python, "-m", "tests.simulators", "--demo"], env)
        call_command("migrate", verbosity=0)
        addresses = supervisor.until(lambda: listening(simulators), seconds=START_SECONDS, what="the simulators")
        caller = callers()[0]
        secrets = passwords(settings.ENV_FILE.parent, [STAFF, *callers()])
        seed(addresses, secrets)
        register_addresses(addresses)
        gunicorn = ["gunicorn", "-c", "config/gunicorn.py", "-b", url.removeprefix("http://")]
        web = [*python, "-m", *gunicorn, "--log-level", "warning", "config.wsgi"]
        supervisor.start("web", web, env)
        supervisor.start("dispatcher", [*python, "manage.py", "dispatch"], env)
        supervisor.until(lambda: can_accept(url), seconds=START_SECONDS, what="the web side")
        self.stdout.write(welcome(url, caller, secrets, modem_url()))
        self.stdout.flush()
        supervisor.watch()


def listening(simulators: Child) -> dict[str, str] | None:
    """Each simulated vendor's address, once all listen."""
    ready = next((line for line in simulators.lines if line.startswith("ready ")), None)
    return json.loads(ready.removeprefix("ready ")) if ready else None
