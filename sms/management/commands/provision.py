"""`manage.py provision FILE.toml`: store what the file declares."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sms.management.system_checks import WITHOUT_WEB
from sms.services.provisioning.apply import ProvisioningError, json_schema, provision, read


class Command(BaseCommand):
    help = "Declares the clients, providers, senders, templates and routes that a TOML file names; all or nothing."
    requires_system_checks = WITHOUT_WEB

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, nargs="?", help="such as shop.toml; shop.example.toml shows the format")
        parser.add_argument("--check", action="store_true", help="only say what would change")

        parser.add_argument("--schema", action="store_true", help="print the file's JSON schema, for editors")

    def handle(self, *, file: Path | None, check: bool, schema: bool, **_: Any) -> None:
        if schema:
            self.stdout.write(json.dumps(json_schema(), indent=2))
        elif file is None:
            raise CommandError("Name the file: manage.py provision shop.toml")
        else:
            self._provision(file, check=check)

    def _provision(self, file: Path, *, check: bool) -> None:
        try:
            done = provision(read(file.read_bytes()), check_only=check)
        except ProvisioningError as error:
            self._end(map(str, error.issues))
        except OSError as error:
            self._end([f"{file}: {error.strerror}"])
        for change in done.changes:
            self.stdout.write(f"would be {change}" if check else str(change))
        if not done.changes:
            self.stdout.write("nothing to change")
        for note in done.notes:
            self.stdout.write(f"note: {note}")
        if not check:
            for username, password in done.passwords.items():
                self.stdout.write(f"password {username} {password}")

    def _end(self, lines: Any) -> None:
        for line in lines:
            self.stderr.write(line)
        raise SystemExit(1)
