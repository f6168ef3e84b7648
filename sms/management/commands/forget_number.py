"""`manage.py forget_number +… --reason …`: erase the stored data about one phone number."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sms.management.system_checks import WITHOUT_WEB
from sms.services.maintenance.personal_data import forget, read_number
from sms.services.queue.errors import ActionRefused

ACTOR = "manage.py forget_number"


class Command(BaseCommand):
    help = "Erases the stored data about one phone number; statistics stay. It leaves a record without the number."
    requires_system_checks = WITHOUT_WEB

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("number", help="with + or 00, in any spelling, such as '+994 50 123 45 67'")
        parser.add_argument("--reason", required=True, help="kept with the record, such as: request of the person")

    def handle(self, *, number: str, reason: str, **_: Any) -> None:
        try:
            rows = forget(read_number(number), actor=ACTOR, reason=reason)
        except ActionRefused as error:
            raise CommandError(str(error)) from None
        for table, count in rows.items():
            self.stdout.write(f"{table}: {count}")
        self.stdout.write("The number is forgotten." if rows else "No data about this number was stored.")
