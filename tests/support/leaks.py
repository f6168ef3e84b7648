"""The places where planted secrets, codes and numbers must not appear, and the search for them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from django.contrib import admin
from django.urls import reverse

from tests.support.stack import Stack
from tests.support.staff import Staff

Places = dict[str, str]

HISTORY = """
from django.apps import apps
kept = ("LogEntry", "MessageEvent", "Alert", "AlertNotice", "TemplateVersion")
for model in apps.get_models(include_auto_created=True):
    if model.__name__ in kept or model.__name__.startswith("Historical"):
        for row in model._base_manager.values_list():
            print(model.__name__, *row, sep=chr(9))
"""
"""Prints every row of the histories, logs and records, with all columns."""


def logs(stack: Stack) -> Places:
    return {f"log of {process.name}": process.output() for process in stack.processes}


def history(stack: Stack) -> Places:
    """Each table's rows."""
    tables: Places = {}
    for line in stack.manage("shell", "-v", "0", "-c", HISTORY).stdout.splitlines():
        table = f"rows of {line.split(chr(9))[0]}"
        tables[table] = f"{tables.get(table, '')}{line}\n"
    return tables


def exports(person: Staff, whose: str, message_ids: Iterable[str]) -> Places:
    """Every file that the admin exports: each URL with such a name, and the lists' export actions."""
    found = {f"{name} of {whose}": person.get(reverse(f"admin:{name}")) for name in export_names()}
    ticked = [("_selected_action", each) for each in message_ids]
    found[f"ticked messages of {whose}"] = person.post("/admin/sms/message/", *ticked, action="export_ticked")
    return found


def export_names() -> list[str]:
    """The names of the addresses that give a file."""
    return sorted(name for name in _names(admin.site.get_urls()) if name.endswith("_export"))


def _names(patterns: Iterable[object]) -> Iterator[str]:
    for pattern in patterns:
        yield from _names(getattr(pattern, "url_patterns", ()))
        yield getattr(pattern, "name", None) or ""


def found(planted: Mapping[str, str], places: Places) -> list[tuple[str, str]]:
    """The places in which each value is found. Numbers are searched in any notation: with blanks, dots or dashes
    between digits.
    """
    return [
        (name, place)
        for place, text in places.items()
        for name, value in planted.items()
        if re.search(_spelled(value), text)
    ]


def _spelled(value: str) -> str:
    if not re.fullmatch(r"\+[0-9]+", value):
        return re.escape(value)
    return r"[ .()-]*".join(value[1:])
