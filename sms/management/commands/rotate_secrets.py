"""`manage.py rotate_secrets`: re-encrypt stored credentials with the first of FIELD_ENCRYPTION_KEYS."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from sms.management.system_checks import WITHOUT_WEB
from sms.services.maintenance.key_rotation import rotate_secrets


class Command(BaseCommand):
    help = "Re-encrypts stored credentials with the first key of FIELD_ENCRYPTION_KEYS; harmless to repeat."
    requires_system_checks = WITHOUT_WEB

    def handle(self, **_: Any) -> None:
        fields = rotate_secrets()
        for field in fields:
            self.stdout.write(f"{field.name}: {field.changed} re-encrypted, {field.current} had the first key already")
        lost = [f"{field.name} of row {key}" for field in fields for key in field.lost]
        for words in lost:
            self.stderr.write(f"{words}: no key in FIELD_ENCRYPTION_KEYS decrypts it. Put the missing key back.")
        if lost:
            raise SystemExit(1)
