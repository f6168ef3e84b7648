"""`manage.py park --before TIME --reason …`: run once after restoring a backup, before dispatchers start."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.dateparse import parse_datetime

from sms.management.system_checks import WITHOUT_WEB
from sms.services.maintenance.restore import quarantine
from sms.services.queue.errors import ActionRefused


def moment(word: str) -> datetime:
    """A time with its UTC offset: without one, it would depend on the machine's time zone."""
    try:
        found = parse_datetime(word)
        is_moment = found is not None and found.tzinfo is not None and found.astimezone(UTC)
    except (ValueError, OverflowError):  # the second: a time that UTC can't write, such as the first hour of year 1
        is_moment = False
    if not is_moment:
        raise ArgumentTypeError(f"{word!r} is not a time with a UTC offset; write it as 2026-01-31T12:00:00Z")
    return found


class Command(BaseCommand):
    help = "Turns everything that is queued or sending into unconfirmed: run it once, between a restore and dispatch."
    requires_system_checks = WITHOUT_WEB

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--before", type=moment, required=True, help="what was stored before this time: that of the restore"
        )
        parser.add_argument("--reason", required=True, help="kept with each message, for staff")

    def handle(self, *, before: datetime, reason: str, **_: Any) -> None:
        if not reason.strip():
            raise CommandError("--reason is empty. Say why, such as: restored the backup of Friday 03:00.")
        try:
            changed = quarantine(before=before, reason=reason.strip())
        except ActionRefused as error:
            raise CommandError(str(error)) from None
        self.stdout.write(
            f"{changed.messages} messages are unconfirmed now: staff must resolve them; they are not sent again "
            "automatically."
        )
        if changed.held:
            self.stdout.write(f"{changed.held} messages stay held until staff release them: no template releases them.")
        if changed.pushes:
            self.stdout.write(f"{changed.pushes} pushes have failed now: staff may push them again.")
