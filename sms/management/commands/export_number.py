"""`manage.py export_number +…`: the stored data about one phone number, as JSON."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder

from sms.management.system_checks import WITHOUT_WEB
from sms.services.maintenance.personal_data import export, read_number
from sms.services.queue.errors import ActionRefused

ACTOR = "manage.py export_number"


class Encoder(DjangoJSONEncoder):
    def default(self, value: Any) -> Any:
        """Raw bodies are bytes; PostgreSQL's driver gives them as a memoryview."""
        if isinstance(value, bytes | memoryview):
            return bytes(value).decode(errors="backslashreplace")
        return super().default(value)


class Command(BaseCommand):
    help = "Writes the stored data about one phone number as JSON, by table. It leaves a record without the number."
    requires_system_checks = WITHOUT_WEB

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("number", help="with + or 00, in any spelling, such as '+994 50 123 45 67'")
        parser.add_argument("--reason", default="", help="kept with the record")

    def handle(self, *, number: str, reason: str, **_: Any) -> None:
        try:
            found = export(read_number(number), actor=ACTOR, reason=reason)
        except ActionRefused as error:
            raise CommandError(str(error)) from None
        self.stdout.write(json.dumps(found, cls=Encoder, indent=2, ensure_ascii=False))
