"""`manage.py explain_message ID`: what became of one message and why, as JSON."""

from __future__ import annotations

import json
import uuid
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder

from sms.management.system_checks import WITHOUT_WEB
from sms.models import Message
from sms.services.staff.explanation import Rows, explain


class Command(BaseCommand):
    help = "Writes what became of one message and why as JSON: that of its page, with the number masked and no text."
    requires_system_checks = WITHOUT_WEB

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id", type=uuid.UUID, help="the message's id")

    def handle(self, *, id: uuid.UUID, **_: Any) -> None:
        message = Message.objects.filter(pk=id).first()
        if message is None:
            raise CommandError(f"There is no message with the id {id}.")
        told = explain(message, Rows.of(message))
        self.stdout.write(json.dumps(told, cls=DjangoJSONEncoder, indent=2))
