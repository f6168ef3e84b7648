"""Every text of the admin's own pages is marked for translation; a catalogue in `locale/` is used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

TEMPLATES = sorted((Path(settings.BASE_DIR) / "templates").rglob("*.html"))
SAME_IN_EVERY_LANGUAGE = {"ms", "OTP", "SMS Desk"}
NOT_SHOWN = re.compile(r"{#.*?#}|{%\s*blocktranslate.*?endblocktranslate\s*%}", re.DOTALL)
CODE = re.compile(r"{%.*?%}|{{.*?}}", re.DOTALL)
TAG = re.compile(r"<[^>]*>")
READ_ALOUD = re.compile(r'(?:aria-label|title|alt)="([^"\0]+)"')


def unmarked(source: str) -> set[str]:
    """The texts of a template that are not marked for translation."""
    plain = CODE.sub("\0", NOT_SHOWN.sub("", source))
    pieces = [*READ_ALOUD.findall(plain), *TAG.sub("\0", plain).split("\0")]
    words = {piece.strip(" \n|·:.,()%×—") for piece in pieces if re.search(r"[A-Za-z]{2}", piece)}
    return words - SAME_IN_EVERY_LANGUAGE


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_each_word_is_marked(template: Path) -> None:
    assert unmarked(template.read_text()) == set()


def test_the_search_sees_what_is_not_marked() -> None:
    assert unmarked('<p title="A title">{% translate "Good" %} bad words</p>') == {"A title", "bad words"}


def test_a_catalogue_of_ours_would_be_taken() -> None:
    assert Path(settings.BASE_DIR) / "locale" in settings.LOCALE_PATHS
