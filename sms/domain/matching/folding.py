"""Folding: a text with all that is easily mistaken made alike, so that two texts can be laid side by side.

Letter case, look-alike letters, accents, apostrophes, dashes, kinds and numbers of blanks, line breaks, combining
marks, invisible characters and the full stops that end a sentence.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

APOSTROPHES = frozenset("'’‘ʼʻ´`′＇ʹ‛")
_DASHES = frozenset("-‐‑‒–—―−")
_QUOTES = frozenset('"“”„‟«»″')

# Letters of other scripts, and rare Latin ones, that look like the letter before them.
LOOK_ALIKES = """
aаɑα AАΑᴀ bЬ BВΒ cсϲ CСϹ dԁ eеҽ EЕΕ əәǝ ƏӘƎ gɡ HНΗ hһ iіι IІΙӀ jј JЈ kкκ KКΚ lӏ MМΜ NΝ nп oоοօ OОΟՕ pрρ PРΡ qԛ
sѕ SЅ TТΤ tт uսυ vνѵ wԝ xхχ XХΧ yуγ YУΥҮ zᴢ ZΖ đðɖ ĐÐƉ şș ŞȘ ţț ŢȚ ăǎ ĂǍ ıɩ
"""
_STANDS_FOR = {other: group[0] for group in LOOK_ALIKES.split() for other in group}
_PLAIN = {"ə": "e", "đ": "d", "ø": "o", "ł": "l", "ß": "s"}


@lru_cache(maxsize=4096)
def looks(character: str) -> str:
    """The character that stands for all that look like this one."""
    if character in _STANDS_FOR:
        return _STANDS_FOR[character]
    compatible = unicodedata.normalize("NFKC", character)
    if compatible != character and len(compatible) == 1:
        return looks(compatible)
    if character in _DASHES or character in _QUOTES:
        return "-" if character in _DASHES else '"'
    letters = unicodedata.normalize("NFD", character)
    return unicodedata.normalize("NFC", "".join(_STANDS_FOR.get(letter, letter) for letter in letters))


@lru_cache(maxsize=4096)
def plain(character: str) -> str:
    """The character without case and accent, "" for one that is left out."""
    if character.isspace():
        return " "
    if unicodedata.category(character) in ("Mn", "Cf", "Me"):
        return ""
    if character in APOSTROPHES:
        return "'"
    # By way of the capital letter: a small Cyrillic en is no h, but its capital looks like H.
    capital = looks(unicodedata.normalize("NFD", looks(character))[0].upper()[0])
    base = looks(unicodedata.normalize("NFD", capital)[0].lower()[0])
    return _PLAIN.get(base, base)


class _Plain(dict[int, str]):
    def __missing__(self, code: int) -> str:
        self[code] = found = plain(chr(code))
        return found


_PLAIN_OF_CODE = _Plain()


def plain_text(text: str) -> str:
    """All characters of a text made plain, one by one."""
    return text.translate(_PLAIN_OF_CODE)


@dataclass(frozen=True, slots=True)
class Folded:
    """`chunks`: what of the original stands for each folded character; `tail`: what is left behind the last one."""

    text: str
    chunks: tuple[str, ...]
    tail: str

    def start(self, number: int) -> int:
        """Where the chunk of this number begins in the original."""
        return sum(map(len, self.chunks[:number]))


def _ends_sentence(text: str, at: int, *, is_end: bool) -> bool:
    """Whether white space, or the end, follows this full stop and those right behind it."""
    while text[at : at + 1] == ".":
        at += 1
    return text[at].isspace() if at < len(text) else is_end


def fold(text: str, *, is_end: bool = True) -> Folded:
    """`is_end`: nothing follows the text, so that a full stop there ends a sentence."""
    found: list[str] = []
    chunks: list[str] = []
    waiting = ""  # a full stop that belongs to what follows
    for at, character in enumerate(text):
        kept = plain(character)
        if character == "." and _ends_sentence(text, at, is_end=is_end):
            waiting += character
        elif not waiting and chunks and (not kept or (kept == " " and found[-1] == " ")):
            chunks[-1] += character
        elif not kept:
            waiting += character
        else:
            found.append(kept)
            chunks.append(waiting + character)
            waiting = ""
    return Folded("".join(found), tuple(chunks), waiting)
