"""The catalogues have every marked text, translated, with its placeholders."""

from __future__ import annotations

import ast
import csv
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Formatter

import polib
import pytest
from django.apps import apps
from django.conf import settings
from django.db.models import Field
from django.utils.translation.template import templatize

from sms.field_names import NAMES
from tests.catalogues import LANGUAGES, LOCALE, catalogue, read

BASE = Path(settings.BASE_DIR)
MARKS = {"N_": 1, "_": 1, "gettext": 1, "gettext_lazy": 1, "ngettext": 2, "ngettext_lazy": 2}
PERCENT = re.compile(r"%(?:\(\w+\))?[sd%]")
TAG = re.compile(r"</?[a-z][^>]*>")


def marked_in(source: str) -> Iterator[str]:
    """The texts of calls of gettext's functions."""
    for node in ast.walk(ast.parse(source)):
        name = getattr(getattr(node, "func", None), "id", "")
        for argument in node.args[: MARKS[name]] if name in MARKS else ():
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                yield argument.value


def templatized(source: str) -> Iterator[str]:
    """The same of a template, from the Python that Django makes of it."""
    for found in re.finditer(r"\b(?:_|gettext|ngettext)\((?:u?'|u?\")", code := templatize(source)):
        call = code[found.start() :]
        ends = (at for at, sign in enumerate(call) if sign == ")")
        yield from next((list(texts) for end in ends if (texts := _parsed(call[: end + 1])) is not None), [])


def _parsed(call: str) -> list[str] | None:
    try:
        return list(marked_in(call.replace(",count)", ",1)")))
    except SyntaxError:
        return None


@cache
def code_texts() -> set[str]:
    files = [path for folder in ("config", "providers", "sms") for path in (BASE / folder).rglob("*.py")]
    return {text for path in files for text in marked_in(path.read_text()) if text}


@cache
def template_texts() -> set[str]:
    files = sorted((BASE / "templates").rglob("*.html"))
    return {text for path in files for text in templatized(path.read_text())}


def msgids(po: polib.POFile) -> set[str]:
    return {text for entry in po for text in (entry.msgid, entry.msgid_plural) if text}


def strings(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def fields(text: str) -> set[str]:
    """The named fields of a template, and the conversions of `%`."""
    try:
        named = {f"{{{name}}}" for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError:
        named = set()
    return named | {found for found in PERCENT.findall(text) if found != "%%"}


def edges(text: str) -> tuple[str, str]:
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]


def problem(entry: polib.POEntry) -> str:
    """What is wrong with a translated entry; "" if nothing is."""
    originals = [entry.msgid, entry.msgid_plural or entry.msgid]
    for text in filter(None, strings(entry)):
        if fields(text) not in map(fields, originals):
            return "placeholders"
        if edges(text) != edges(entry.msgid):
            return "white space at an end"
        if sorted(TAG.findall(text)) not in [sorted(TAG.findall(original)) for original in originals]:
            return "tags"
    return ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_marked_text_is_in_the_catalogue(language: str) -> None:
    missing = (code_texts() | template_texts()) - msgids(read(language))
    assert missing == set(), "run python -m tests.catalogues"


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_translated_keeps_placeholders_tags_and_edges(language: str) -> None:
    wrong = {entry.msgid: problem(entry) for entry in read(language) if problem(entry)}
    assert wrong == {}
    assert [entry.msgid for entry in read(language) if entry.fuzzy] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_catalogue_is_that_of_the_po_file(language: str) -> None:
    assert catalogue(language).with_suffix(".mo").read_bytes() == read(language).to_binary()


def test_no_text_is_untranslated() -> None:
    left = {(language, entry.msgid) for language in LANGUAGES for entry in read(language) if not all(strings(entry))}
    assert left == set()


def test_the_languages_of_the_settings_have_a_catalogue() -> None:
    assert {code for code, _ in settings.LANGUAGES} == {"en", *LANGUAGES}


def test_the_glossary_has_each_term_in_each_language() -> None:
    with (LOCALE / "glossary.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    terms = [row["en"] for row in rows]
    assert len(terms) == len(set(terms)) >= 45
    assert [row for row in rows if set(row) != {"en", *LANGUAGES} or not all(row.values())] == []


def test_the_names_that_django_makes_are_listed() -> None:
    """`sms.field_names` lists them for the catalogues: `python -m tests.catalogues` says which are missing."""
    found = {
        str(field.verbose_name)
        for model in apps.get_app_config("sms").get_models()
        for field in model._meta.get_fields()
        if isinstance(field, Field) and field._verbose_name is None
    }
    assert found - set(NAMES) == set()


@pytest.mark.parametrize(
    ("msgid", "msgstr", "wrong"),
    [
        ("{count} of %(name)s", "%(name)s {count}", ""),
        ("{count} of %(name)s", "{count} %(nome)s", "placeholders"),
        ("{{ {count:,} }}", "{{ {count} }}", ""),
        ("Save\n", "Yadda", "white space at an end"),
        ("<code>a</code>", "<kod>a</kod>", "tags"),
        ("100 % of", "100 %", ""),
    ],
)
def test_a_wrong_translation_is_seen(msgid: str, msgstr: str, wrong: str) -> None:
    assert problem(polib.POEntry(msgid=msgid, msgstr=msgstr)) == wrong


def test_the_marks_are_found_in_code_and_templates() -> None:
    assert set(marked_in('x = N_("a {b}").format(b=_("c")) + ngettext("d", "e", 2)')) == {"a {b}", "c", "d", "e"}
    counted = "{% blocktranslate count n=2 %}one{% plural %}{{ n }} of{% endblocktranslate %}"
    page = '{% load i18n %}{% translate "a (b)" %}' + counted
    assert set(templatized(page)) == {"a (b)", "one", "%(n)s of"}
