"""Updates the catalogues in `locale/`: `python -m tests.catalogues`. Needs GNU gettext; the tests don't.

Collects the marked texts into each django.po, and compiles each django.mo, which is committed.
"""

from __future__ import annotations

import os
from pathlib import Path

import polib

LOCALE = Path(__file__).parents[1] / "locale"
LANGUAGES = ("az", "tr", "ro", "vi", "ru")
HEADER = ("MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Plural-Forms")
"""Dates and names of people would change with each run."""


def catalogue(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "django.po"


def read(language: str) -> polib.POFile:
    return polib.pofile(str(catalogue(language)), wrapwidth=120)


def update() -> None:
    from django.core.management import call_command

    for language in LANGUAGES:
        catalogue(language).parent.mkdir(parents=True, exist_ok=True)
    call_command("makemessages", locale=list(LANGUAGES), verbosity=0)
    for language in LANGUAGES:
        compile_catalogue(language)


def compile_catalogue(language: str) -> None:
    po = read(language)
    po.header = ""
    po.metadata_is_fuzzy = False
    po.metadata = {"Language": language} | {name: po.metadata[name] for name in HEADER if po.metadata.get(name)}
    po.save(str(catalogue(language)))
    catalogue(language).with_suffix(".mo").write_bytes(po.to_binary())


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    update()
