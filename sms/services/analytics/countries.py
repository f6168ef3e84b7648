"""The countries of messages that the database groups, also of those whose number was forgotten."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, TextField, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Concat, Substr

from sms.domain.destinations import PREFIX_LENGTH, locate
from sms.services.configuration.digests import MARK


def prefix_of(message: str = "") -> Any:
    """SQL for what messages of one country may be grouped by. `message`: the path to the message, with `__`.

    A pseudonym tells no country, so the decision of a message whose number was forgotten keeps it.
    """
    forgotten = Concat(Value(MARK), KeyTextTransform("country", f"{message}decision"), output_field=TextField())
    is_forgotten = When(**{f"{message}to__startswith": MARK}, then=forgotten)
    return Case(is_forgotten, default=Substr(f"{message}to", 1, PREFIX_LENGTH), output_field=TextField())


def country_of(prefix: str, number: str) -> str:
    """The country of a group, by its prefix and the number of one of its messages."""
    return prefix.removeprefix(MARK) if prefix.startswith(MARK) else locate(number).country
