"""`manage.py move_database --to URL`: copy the data from SQLite to PostgreSQL."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sms.management.system_checks import WITHOUT_WEB
from sms.services.maintenance.database_copy import copy_database
from sms.services.queue.errors import ActionRefused


class Command(BaseCommand):
    help = "Copies everything from the SQLite file of DATABASE_URL into an empty PostgreSQL, and counts both sides."
    requires_system_checks = WITHOUT_WEB

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--to", required=True, metavar="URL", help="postgres://user:password@host:5432/name")

    def handle(self, *, to: str, **_: Any) -> None:
        try:
            rows = copy_database(to, lambda table, count: self.stdout.write(f"{count:>10}  {table}"))
        except ActionRefused as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{rows:>10}  rows in all, equal on both sides. The SQLite file is as it was.")
        self.stdout.write("Set DATABASE_URL to the PostgreSQL, then start web and dispatchers.")
