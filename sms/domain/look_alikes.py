"""Finds sender names that look like another one, or mix letters of two scripts."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from providers.marking import N_

from .text import is_hidden, visible

_ALIKE = {
    "O": "0ОΟՕ",
    "l": "1IІΙӀӏ|",
    "A": "АΑ",
    "B": "ВΒ",
    "C": "СϹ",
    "E": "ЕΕ",
    "F": "Ϝ",
    "H": "НΗ",
    "J": "ЈͿ",
    "K": "КΚ",
    "M": "МΜϺ",
    "N": "Ν",
    "P": "РΡ",
    "Q": "Ԛ",
    "S": "ЅՏ",
    "T": "ТΤ",
    "U": "Ս",
    "W": "Ԝ",
    "X": "ХΧ",
    "Y": "УΥҮ",
    "Z": "Ζ",
    "a": "аαɑ",
    "c": "сϲ",
    "d": "ԁ",
    "e": "е",
    "g": "ɡց",
    "h": "һհ",
    "i": "іıι",
    "j": "јϳ",
    "k": "кκ",
    "n": "ո",
    "o": "оοօσ",
    "p": "рρ",
    "q": "ԛգ",
    "s": "ѕ",
    "u": "սυʋ",
    "v": "ѵν",
    "w": "ԝѡ",
    "x": "хχ",
    "y": "уγү",
    "Ə": "Ә",
    "ə": "әǝ",
}
"""Letters and digits that look like a Latin letter. Letters of another case or with accents do not: Ş is not S."""
_BLANKS = frozenset("\u2800" + "".join(map(chr, range(0xFE00, 0xFE10))))
"""The Braille blank, and variation selectors."""
_LATIN = {ord(other): letter for letter, others in _ALIKE.items() for other in others}


def skeleton(name: str) -> str:
    """Equal for names that look the same."""
    parts = unicodedata.normalize("NFKD", name).translate(_LATIN)
    return "".join(part for part in parts if not (part.isspace() or is_hidden(part) or part in _BLANKS))


def scripts(name: str) -> dict[str, str]:
    """The scripts of a name's letters, as Unicode calls them, with the letters."""
    found: dict[str, str] = {}
    for letter in filter(str.isalpha, unicodedata.normalize("NFKC", name)):
        script = unicodedata.name(letter, "UNKNOWN").split()[0].capitalize()
        found[script] = found.get(script, "") + letter
    return found


def problem_of(name: str, others: Iterable[str]) -> str:
    """Why a new name must not be used beside the others; "" if it may be."""
    of_scripts = scripts(name)
    if len(of_scripts) > 1:
        mixed = ", ".join(f"{script} ({letters})" for script, letters in of_scripts.items())
        return N_("{name} mixes letters of {mixed}. Write it in one script.").format(name=visible(name), mixed=mixed)
    own = skeleton(name)
    other = next((other for other in others if other != name and skeleton(other) == own), None)
    return (
        ""
        if other is None
        else N_("{name} looks like {other}, which exists: {differences_text}.").format(
            name=visible(name), other=other, differences_text=_differences(name, other)
        )
    )


def _differences(name: str, other: str) -> str:
    letters = [letter for letter in dict.fromkeys(name) if letter not in other]
    shown = [
        N_("{letter} is {name}").format(letter=visible(letter), name=unicodedata.name(letter, f"U+{ord(letter):04X}"))
        for letter in letters
    ]
    return ", ".join(shown) or N_("it differs in spaces or in the order of equal letters")
