"""The escape `/n` of the caller's platform: where it is a new line, where it is part of a link, a date or a word.

What can be told apart by the text alone is decided here. What can't is read as a new line first; the other readings
are for a provider whose approved templates tell which of them is meant (docs/decisions/005-slash-n.md).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from sms.domain.host_names import is_ending

Escape = Literal["outside_urls", "always", "off"]

_ESCAPE = re.compile(r"/n|\\n")
# What may begin a link, or be an escape. ASCII, or ignoring case would take the long s (U+017F) for an s.
_TOKEN = re.compile(r"(?P<url>(?ai:[a-z]{2,12}://|www\.))|(?P<slash>/)|\\n")
_WHITE = re.compile(r"\s")

# What may stand right before the slash behind a host name; looked for in so many characters.
_PORT = re.compile(r":[0-9]{1,5}\Z")
_HOST_END = re.compile(r"(?P<label>[^\W_]|-)\.(?P<ending>(?:xn--)?[^\W_]{2,24})\Z")
_PLAIN_ENDING = re.compile(r"[a-z]{2,6}")
_LONGEST_PORT, _LONGEST_HOST_END, _LONGEST_ADDRESS = 6, 30, 96
_MAIL = re.compile(r"[\w.%+-]@[\w.-]+\Z")

# Months whose names begin with n, behind a day and a slash. The short ones are words too: only before a year.
_MONTH = re.compile(
    r"(?:nov(?:ember|embre)?|noyabr|noiembrie|nisan|noi(?=/[0-9])|noy(?=/[0-9])|nis(?=/[0-9]))(?![^\W_])"
)
# "For each" of what: person, day, year, night; behind an amount or a unit.
_EACH = re.compile(r"n(?:əfər|əfərlik|efer|gười|guoi|gày|gay|ăm|ight|oapte)(?![^\W_])")
_AMOUNT = re.compile(
    r"(?:[0-9%₼₺₽₫đ€$£]|(?<![^\W\d_])(?i:azn|man|manat|tl|try|lira|lei|ron|leu|usd|eur|euro|vnd|vnđ|đồng|k|g|kg|m|km|l|"
    r"mb|gb|sms|min|dəq|saat|gün|ngày|giờ))\Z"
)
_LONGEST_UNIT = 6

_AT_MOST = 3
"""Doubtful escapes of a text whose combinations are all read: more than eight readings are not worth their time."""


@dataclass(frozen=True, slots=True)
class EscapedText:
    """A text with its line ends as LF, and where its escapes stand, each two characters long.

    Doubtful are those that may as well be a slash and the first letter of a word, as in `and/not`.
    """

    source: str
    sure: tuple[int, ...] = ()
    doubtful: tuple[int, ...] = ()

    @property
    def text(self) -> str:
        """The first reading: every escape is a new line."""
        return self._with_lines({*self.sure, *self.doubtful})

    def other_readings(self) -> Iterator[str]:
        """As it came; then with some or all of the doubtful escapes kept, few of them before many. At most eight."""
        seen = {self.text}
        for lines in self._choices():
            reading = self._with_lines(lines)
            if reading not in seen:
                seen.add(reading)
                yield reading

    def _choices(self) -> Iterator[set[int]]:
        yield set()
        sizes = range(1, len(self.doubtful)) if len(self.doubtful) <= _AT_MOST else ()
        for size in (*sizes, len(self.doubtful)):
            for kept in combinations(self.doubtful, size):
                yield {*self.sure, *self.doubtful}.difference(kept)

    def _with_lines(self, places: set[int]) -> str:
        pieces: list[str] = []
        done = 0
        for at in sorted(places):
            pieces += self.source[done:at], "\n"
            done = at + 2
        return "".join(pieces) + self.source[done:]


def read(raw: str, escape: Escape) -> EscapedText:
    """CR LF and CR become LF, and the escapes `/n` and backslash-n are found, as the client's rule says.

    By the rules "always" and "off" there is one reading.
    """
    source = raw.replace("\r\n", "\n").replace("\r", "\n")
    if escape == "off" or not _ESCAPE.search(source):
        return EscapedText(source)
    if escape == "always":
        return EscapedText(_ESCAPE.sub("\n", source))
    places = list(_escapes(source))
    sure = tuple(at for at, is_doubtful in places if not is_doubtful)
    return EscapedText(source, sure, tuple(at for at, is_doubtful in places if is_doubtful))


def normalise(raw: str, escape: Escape) -> str:
    """The first reading of a text: what is stored and sent where no template says otherwise."""
    return read(raw, escape).text


def escapes_in(value: str) -> tuple[bool, bool]:
    """Whether a template's value holds an escape that is surely a new line, and one that may be part of a word."""
    found = read(value, "outside_urls")
    return bool(found.sure), bool(found.doubtful)


def _escapes(text: str) -> Iterator[tuple[int, bool]]:
    """Where an escape stands, and whether it is doubtful. Linear.

    The text is read from left to right; what was taken for an escape is white space from then on, so it is no part of
    a host name. A link ends at white space.
    """
    line = position = 0  # the line begins at `line`; all before `position` is decided
    while token := _TOKEN.search(text, position):
        at, position = token.span()
        if token["url"] or (token["slash"] and _is_behind_host(text, line, at)):
            white = _WHITE.search(text, position)
            position = white.start() if white else len(text)
        elif not token["slash"] or text.startswith("n", position):
            kept = _kept(text, line, at) if token["slash"] else 0
            if kept:
                position += kept
            else:
                yield at, bool(token["slash"]) and _is_doubtful(text, line, at)
                line = position = at + 2


def _is_behind_host(text: str, line: int, slash: int) -> bool:
    if not text[slash - 1 : slash].isalnum():
        return False
    port = _PORT.search(text, max(line, slash - _LONGEST_PORT), slash)
    end = port.start() if port else slash
    found = _HOST_END.search(text, max(line, end - _LONGEST_HOST_END), end)
    if found is None or _MAIL.search(text, max(line, end - _LONGEST_ADDRESS), end):
        return False
    ending = found["ending"]
    if found["label"].isascii() and _PLAIN_ENDING.fullmatch(ending):
        return True
    return is_ending(ending) and (ending.islower() or ending.isupper() or _is_path(text, slash + 1))


def _is_path(text: str, start: int) -> bool:
    """Whether a path may begin here. Behind a capitalised ending ("Bitdi.Az/nYeni") it may be the next sentence."""
    return text[start + 1 : start + 2].islower() or text[start + 1 : start + 2].isdigit()


def _kept(text: str, line: int, slash: int) -> int:
    """How many characters behind the slash belong to a date or to a unit such as "5 AZN/nəfər"; 0 if none."""
    before = text[max(line, slash - 1) : slash]
    month = _MONTH.match(text, slash + 1) if before.isdecimal() else None
    if month:
        return len(month[0])
    word = _EACH.match(text, slash + 1) or _EACH.match(unicodedata.normalize("NFC", text[slash + 1 : slash + 16]))
    return 1 if word and _AMOUNT.search(text, max(line, slash - _LONGEST_UNIT), slash) else 0


def _is_doubtful(text: str, line: int, slash: int) -> bool:
    """A word behind the slash that may begin with n, or a single letter before it ("c/n"), not behind a blank."""
    before, behind = text[max(line, slash - 1) : slash], text[slash + 2 : slash + 3]
    if not before or before.isspace():
        return False
    if behind.islower() or unicodedata.combining(behind or " "):
        return True
    is_single = before.isalpha() and not text[max(line, slash - 2) : slash - 1].isalnum()
    return is_single and not behind.isalnum()
