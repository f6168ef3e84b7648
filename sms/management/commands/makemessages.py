"""Django's makemessages, which also collects texts marked with `N_` and leaves other folders out."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import makemessages

OTHERS = [".venv*", "tests", "benchmarks", "docs", "staticfiles", "data"]


class Command(makemessages.Command):
    xgettext_options = [*makemessages.Command.xgettext_options, "--keyword=N_"]
    msgmerge_options = [*makemessages.Command.msgmerge_options, "--no-fuzzy-matching"]

    def handle(self, *args: Any, **options: Any) -> None:
        options |= {"no_location": True, "no_obsolete": True, "ignore_patterns": OTHERS + options["ignore_patterns"]}
        super().handle(*args, **options)
