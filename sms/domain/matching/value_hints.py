"""What a placeholder probably holds, told by the words that name it or stand beside it, in six languages.

The words are compared in ASCII (`Код`, `kod`, `cód` alike): by their beginning, as endings change with the grammar, or
as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sms.domain.matching.identifiers import placeholder_name
from sms.domain.matching.kinds import PlaceholderKind

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?", re.UNICODE)
_PARTED = re.compile(r"(?i)(?:[,;.!?\n]|\b(?:for|at|from|üçün|için|для|от|cho|pentru))\s*$")
"""Between a word and a value: the word belongs to what stands before it."""
_WORDS_BEFORE, _WORDS_BEHIND = 6, 3


@dataclass(frozen=True, slots=True)
class Hint:
    """A name and a kind, with the beginnings of the words that suggest them."""

    name: str
    kind: PlaceholderKind
    beginnings: tuple[str, ...]
    words: tuple[str, ...]
    """Whole words: a longer one that begins so means something else (`ad`, `address`)."""
    behind: tuple[str, ...] = ()
    """Whole words that stand behind the value alone, such as a currency."""


def _hint(name: str, kind: PlaceholderKind, beginnings: str, words: str = "", behind: str = "") -> Hint:
    return Hint(name, kind, tuple(beginnings.split()), tuple(words.split()), tuple(behind.split()))


HINTS = (
    _hint("order", PlaceholderKind.ANY, "sifaris siparis order zakaz comand comenz don_hang"),
    _hint("code", PlaceholderKind.CODE, "kod code parol sifre ma_xac xac_minh", "cod codul otp pin"),
    _hint("link", PlaceholderKind.LINK, "link ssylk kecid lien_ket", "url"),
    _hint("email", PlaceholderKind.EMAIL, "email e_mail eposta e_posta", "mail"),
    _hint("phone", PlaceholderKind.PHONE, "telefon phone dien_thoai zvon", "tel zeng call"),
    _hint(
        "amount",
        PlaceholderKind.AMOUNT,
        "mebleg amount summ tutar total so_tien balans bakiye qiymet",
        "suma price",
        "azn manat man try tl lei ron vnd rub usd eur",
    ),
    _hint("time", PlaceholderKind.TIME, "vremya", "saat time ora gio"),
    _hint("date", PlaceholderKind.DATE, "tarix tarih", "date data ngay"),
    _hint(
        "name",
        PlaceholderKind.NAME,
        "musteri hormetli uvazh stimat name imya client customer klient",
        "ad adi nume ten dear sayin salam hello firstname",
    ),
    _hint("store", PlaceholderKind.ANY, "magaza magazin cua_hang", "store shop"),
)


def hint_of(words: str) -> Hint | None:
    """The hint for a vendor's own name of a placeholder."""
    name = placeholder_name(words, otherwise="_")
    parts = name.split("_")
    return next((hint for hint in HINTS for part in parts if _begins(hint, part) or _begins_pair(hint, name)), None)


def hints_around(before: str, behind: str) -> Iterator[tuple[float, Hint]]:
    """Each hint of the words beside a value, with its distance: words before it are nearer than those behind it.

    `before`, `behind`: the literals at both sides, up to the next placeholder.
    """
    left, right = _words(before)[::-1][:_WORDS_BEFORE], _words(behind)[:_WORDS_BEHIND]
    yield from ((-1, hint) for hint in HINTS if right[:1] and right[0] in hint.behind)
    is_parted = _PARTED.search(before) is not None
    for place, word in enumerate(left):
        pair = f"{left[place + 1]}_{word}" if place + 1 < len(left) else word
        yield from ((place + 2 * is_parted, hint) for hint in HINTS if _begins(hint, word) or pair in hint.beginnings)
    for place, word in enumerate(right):
        yield from ((place + 0.5, hint) for hint in HINTS if _begins(hint, word))


def _words(literal: str) -> list[str]:
    """The words in ASCII."""
    return [placeholder_name(word, otherwise="_") for word in _WORD.findall(literal)]


def _begins(hint: Hint, word: str) -> bool:
    return word in hint.words or word.startswith(hint.beginnings)


def _begins_pair(hint: Hint, name: str) -> bool:
    return any("_" in beginning and beginning in name for beginning in hint.beginnings)
