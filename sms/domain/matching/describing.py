"""Characters and pieces of a text in words for staff. Which digit stands in a text is never said."""

from __future__ import annotations

import unicodedata
from collections import Counter

from providers.marking import N_
from sms.domain.matching.kinds import PlaceholderKind
from sms.domain.text import masked_digits, visible

_EXCERPT = 20
_WORDS_FOR = {" ": N_("a blank"), "\n": N_("a new line"), "\t": N_("a tab")}
_SEVERAL = {" ": N_("{count} blanks"), "\n": N_("{count} new lines"), "\t": N_("{count} tabs")}
_TAKES = {
    PlaceholderKind.ANY: N_("no line break"),
    PlaceholderKind.DIGITS: N_("the digits 0 to 9 alone"),
    PlaceholderKind.CODE: N_("a code of letters A to Z and digits alone"),
    PlaceholderKind.NUMBER: N_("a number alone"),
    PlaceholderKind.AMOUNT: N_("an amount of money alone"),
    PlaceholderKind.DATE: N_("a date alone"),
    PlaceholderKind.TIME: N_("a time alone"),
    PlaceholderKind.NAME: N_("a name without digits and links"),
    PlaceholderKind.PHONE: N_("a phone number alone"),
    PlaceholderKind.EMAIL: N_("an e-mail address alone"),
    PlaceholderKind.LINK: N_("a link alone"),
    PlaceholderKind.TEXT: N_("a text without links and phone numbers"),
}


def takes(kind: PlaceholderKind) -> str:
    return _TAKES[kind]


def both(template: str, text: str, *, with_names: bool = False) -> str:
    """What stands in the template and what in the text, a character each; `with_names`: both by their Unicode names."""
    with_names = with_names or _are_of_different_scripts(template, text)
    return N_("the template has {ours_text} and the text has {theirs_text}").format(
        ours_text=named(template, with_names), theirs_text=of_text(text, template, with_names)
    )


def of_text(character: str, other: str = "", with_name: bool = False) -> str:
    if character.isdecimal():
        return N_("another digit") if other.isdecimal() else N_("a digit")
    return named(character, with_name)


def named(character: str, with_name: bool = False) -> str:
    """A character as it is; with its Unicode name where it can't be seen, or where asked."""
    if character in _WORDS_FOR:
        return _WORDS_FOR[character]
    name = unicodedata.name(character, "")
    code = f"U+{ord(character):04X}"
    shown = character.isprintable() and not unicodedata.combining(character) and not character.isspace()
    if visible(character) != character or not shown:
        return f"{name} ({code})" if name else code
    return f"{character} ({name}, {code})" if with_name else character


def _are_of_different_scripts(one: str, other: str) -> bool:
    """An a of Latin and an a of Cyrillic look the same."""
    names = [unicodedata.name(character, "") for character in (one, other)]
    return all(" LETTER " in name for name in names) and len({name.split()[0] for name in names}) > 1


def blanks(characters: str) -> str:
    """White space: a blank, 2 blanks, a new line and NO-BREAK SPACE (U+00A0)."""
    counts = Counter(characters)
    pieces = (
        named(character)
        if count == 1
        else _SEVERAL.get(character, "{count} of {character}").format(count=count, character=named(character))
        for character, count in counts.items()
    )
    return ", ".join(pieces) or "nothing"


def excerpt(text: str) -> str:
    return f'"{visible(text[:_EXCERPT])}{"…" if len(text) > _EXCERPT else ""}"'


def excerpt_of_text(text: str) -> str:
    return excerpt(masked_digits(text))
