"""Names of placeholders and templates made of words in any language: `Müştəri adı` becomes `musteri_adi`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from anyascii import anyascii

from sms.domain.matching.placeholders import NAME

_APOSTROPHES = re.compile("['\u2019\u02bc`\"]")
_CAMEL = re.compile("([a-z0-9])([A-Z])")
_OTHERS = re.compile("[^a-z0-9]+")
_IN_BRACES = re.compile(r"\{\{|\{(?P<words>[^{}\n]{1,80})\}")
_LETTER = re.compile(r"[^\W\d_]")
LONGEST_PLACEHOLDER = 40
LONGEST_TEMPLATE = 60


def placeholder_name(words: str, taken: Collection[str] = (), *, otherwise: str = "value") -> str:
    """An identifier of these words that is not taken yet; `otherwise` where they hold no letter and no digit."""
    name = ascii_words(words, "_")[:LONGEST_PLACEHOLDER].strip("_") or otherwise
    return unique(f"n{name}" if name[0].isdigit() else name, taken, "_")


def template_name(words: str, taken: Collection[str] = (), *, otherwise: str = "template") -> str:
    """The same for a template, whose words are joined by hyphens; it may begin with a digit."""
    return unique(ascii_words(words, "-")[:LONGEST_TEMPLATE].strip("-") or otherwise, taken, "-")


def unique(name: str, taken: Collection[str], joint: str) -> str:
    """The name, with the first number behind it that makes it free. Letter case makes no difference."""
    used = {each.casefold() for each in taken}
    number, free = 1, name
    while free.casefold() in used:
        number += 1
        free = f"{name}{joint}{number}"
    return free


def with_identifiers(body: str) -> tuple[str, dict[str, str]]:
    """A template's body whose placeholders have names of words, with identifiers for them; and which was renamed how.

    `Salam {Müştəri adı}` becomes `Salam {musteri_adi}`. A word in braces that is a name already stays.
    """
    taken = [found["words"] for found in _IN_BRACES.finditer(body) if found["words"]]
    renamed: dict[str, str] = {}

    def name(found: re.Match[str]) -> str:
        words = found["words"]
        if not words or NAME.fullmatch(words) or not _LETTER.search(words):
            return found[0]
        if words not in renamed:
            renamed[words] = placeholder_name(words, [*taken, *renamed.values()])
        return f"{{{renamed[words]}}}"

    return _IN_BRACES.sub(name, body), renamed


def ascii_words(words: str, joint: str = "_") -> str:
    """The words in lower-case ASCII, joined; "" for none."""
    parted = _CAMEL.sub(r"\1 \2", unicodedata.normalize("NFC", words))
    text = anyascii(parted).lower()
    return _OTHERS.sub(joint, _APOSTROPHES.sub("", text)).strip(joint)
