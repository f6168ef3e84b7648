"""Finds and hides the values of a message that a vendor repeats in its responses, in any spelling.

A vendor's text is searched as it is, and again with one layer of escapes after the other decoded (`\\u0034`, `%34`,
`&#52;`, `=34`). Each time only letters and digits are compared, so that separators, letter case and the script of
digits make no difference. Hexadecimal text is decoded, too; base64 and encrypted text are not.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import chain

import phonenumbers

HIDDEN = "[hidden]"
SHORTEST = 4
"""Shorter values are found only as separate words, and those of one or two characters not at all: any explanation of a
vendor contains such characters."""
SHORTEST_ALONE = 3
SHORTEST_SECRET = 6
"""Shorter ones are parts of common words."""
FEWEST_NATIONAL = 7
"""The fewest digits of a number that is found without its country code. A shorter one would match other numbers."""
MAY_BE_CUT = 40
"""A vendor's text of at least so many characters may have been cut, so that the value at its end is incomplete."""
EXCERPT = 4
"""So many consecutive words of the message's text are hidden."""
LAYERS = 4
"""The most layers of escapes inside escapes that are decoded."""

_Span = tuple[int, int]
_SEVERAL = re.compile(r"\d[\d .\-/]*\d")
_SEVERAL_DIGITS = re.compile(r"\d{4,}")
_TOKEN = re.compile(r"\S+")
_RUN = re.compile(r"[a-z]+|[0-9]+")


@dataclass(frozen=True, slots=True)
class _Reading:
    """Decoded characters, and for each the span of the vendor's text that it was decoded from."""

    characters: str
    spans: tuple[_Span, ...]

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, _Span]]) -> _Reading:
        folded = [(each, span) for characters, span in pairs for each in _fold(characters)]
        return cls("".join(each for each, _ in folded), tuple(span for _, span in folded))

    def without_escapes(self, escapes: re.Pattern[str]) -> _Reading:
        return _Reading.of(self._unescaped(escapes))

    def _unescaped(self, escapes: re.Pattern[str]) -> Iterator[tuple[str, _Span]]:
        at = 0
        for found in escapes.finditer(self.characters):
            yield from zip(self.characters[at : found.start()], self.spans[at : found.start()], strict=True)
            yield _meant(found), (self.spans[found.start()][0], self.spans[found.end() - 1][1])
            at = found.end()
        yield from zip(self.characters[at:], self.spans[at:], strict=True)

    def compact(self) -> _Reading:
        """Only its letters and digits."""
        return _Reading.of(pair for pair in zip(self.characters, self.spans, strict=True) if pair[0].isalnum())


def _fold(characters: str) -> str:
    """Digits of any script as ASCII, letters without case, accents and width. Invisible characters are removed."""
    return characters.lower() if characters.isascii() else "".join(map(_fold_one, characters))


@lru_cache(maxsize=4096)
def _fold_one(character: str) -> str:
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    return "".join(each for each in plain if unicodedata.category(each) not in ("Mn", "Me", "Cf"))


_HEX = "[0-9a-f]"


def _byte_escapes(sign: str) -> str:
    """One character as UTF-8 in escaped bytes, or one byte of a code page."""
    more = f"{sign}[89ab]{_HEX}"
    return rf"{sign}(?:[cd]{_HEX}{more}|e{_HEX}(?:{more}){{2}}|f[0-7](?:{more}){{3}}|{_HEX}{{2}})"


_BS = r"\\{1,8}"
"""Backslashes, also those of escapes inside escapes; of a longer run only the last ones match."""
_PERCENT, _BACKSLASH = _byte_escapes("%"), _byte_escapes(_BS + "x")
_ESCAPES = re.compile(
    rf"(?P<pair>{_BS}ud[89ab]{_HEX}{{2}}{_BS}ud[c-f]{_HEX}{{2}})"
    rf"|{_BS}u000(?P<long>{_HEX}{{5}})|{_BS}u(?P<u>{_HEX}{{4}})|{_BS}u\{{(?P<braces>{_HEX}{{1,6}})\}}"
    rf"|%u(?P<script>{_HEX}{{4}})|(?P<bytes>{_PERCENT}|{_BACKSLASH})|{_BS}(?P<octal>0[0-7]{{2}})"
    rf"|&#0*(?P<decimal>[0-9]{{1,7}});?|&#x0*(?P<hex>{_HEX}{{1,6}});?"
    rf"|(?P<named>&[a-z][a-z0-9]{{1,30}};)|(?P<line>{_BS}[nrt])"
)
_TAG = re.compile("(?P<line><[^<>]{1,60}>)")
_QUOTED_PRINTABLE = re.compile(rf"(?P<bytes>{_byte_escapes('=')})|(?P<line>=\r?\n)")
_HEX_RUN = re.compile(_HEX + "{8}")
_HEX_BYTES = re.compile(f"(?P<bytes>[2-7]{_HEX}|[cd]{_HEX}[89ab]{_HEX}|e{_HEX}(?:[89ab]{_HEX}){{2}})")
_HEX_UCS2 = re.compile(rf"(?P<u>0[0-6]{_HEX}{{2}})")


def _other_escapes(folded: str) -> list[re.Pattern[str]]:
    """Escapes that are decoded only in a text that seems to use them, among them hexadecimal text of SMS gateways."""
    found = [_QUOTED_PRINTABLE] if "=" in folded else []
    found += [_TAG] if "<" in folded else []
    return [*found, _HEX_BYTES, _HEX_UCS2] if _HEX_RUN.search(folded) else found


def _meant(found: re.Match[str]) -> str:
    """The character that an escape stands for."""
    groups = {name: value for name, value in found.groupdict().items() if value is not None}
    name, value = next(iter(groups.items()))
    if name == "line":
        return " "
    if name == "named":
        return html.unescape(value)
    if name == "bytes":
        return _decoded(bytes.fromhex(re.sub("[^0-9a-f]", "", value)))
    if name == "pair":
        return bytes.fromhex("".join(re.findall(_HEX + "{4}", value))).decode("utf-16-be", "replace")
    code = int(value, {"decimal": 10, "octal": 8}.get(name, 16))
    return chr(code) if code <= 0x10FFFF else "?"


def _decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _readings(said: str) -> Iterator[_Reading]:
    reading = _Reading.of((each, (at, at + 1)) for at, each in enumerate(said))
    yield reading
    yield from map(reading.without_escapes, _other_escapes(reading.characters))
    for _ in range(LAYERS):
        if not _ESCAPES.search(reading.characters):
            return
        reading = reading.without_escapes(_ESCAPES)
        yield reading


_NOT_ALNUM = {code: None for code in range(128) if not chr(code).isalnum()}


def _alone(text: str) -> str:
    """The letters and digits of a text, as in a compact reading."""
    folded = _fold(text).translate(_NOT_ALNUM)
    return folded if folded.isalnum() else "".join(each for each in folded if each.isalnum())


def unescaped(said: str) -> Iterator[str]:
    """The readings without spans, which is a hundred times as fast. Most responses repeat nothing of the message."""
    folded = _fold(said)
    yield folded
    for escapes in _other_escapes(folded):
        yield _fold(escapes.sub(_meant, folded))
    for _ in range(LAYERS):
        if not _ESCAPES.search(folded):
            return
        folded = _fold(_ESCAPES.sub(_meant, folded))
        yield folded


@dataclass(frozen=True)
class Echo:
    """The number and the values of one message, which are hidden in a vendor's text."""

    number: str = ""
    values: frozenset[str] = field(default_factory=frozenset)
    is_erased: bool = False
    """True if the message's text is erased: what a vendor repeats can't be recognised, so its whole text is hidden."""

    @classmethod
    def of(cls, *, number: str, text: str | None, parameters: Iterable[object]) -> Echo:
        """Without parameters, the values within the text are not known, so each of its words is hidden."""
        if text is None:
            return cls(number, is_erased=True)
        given = list(map(str, parameters))
        found = {_alone(text), *_excerpts(text), *map(_alone, given), *chain.from_iterable(map(_parts, given))}
        found |= {word for word in _parts(text) if _is_like_a_code(word) or not given}
        return cls(number, frozenset(value for value in found if len(value) >= SHORTEST_ALONE))

    @classmethod
    def of_secrets(cls, secrets: Iterable[str]) -> Echo:
        """Whole secrets alone, also where an adapter has masked the runs of digits in them."""
        return _echo_of_secrets(tuple(secrets))

    def hide(self, said: str) -> str:
        """A vendor's text with the message's values hidden."""
        if self.is_erased and said:
            return HIDDEN
        is_too_short = len(said) < SHORTEST_ALONE and said.isascii()  # such as "ok", which is most answers' code
        if is_too_short or not self._sought:
            return said
        if not any(map(self._may_be_in, map(_alone, unescaped(said)))):
            return said
        spans = sorted({span for reading in _readings(said) for span in self._spans(reading)})
        return _replaced(said, spans)

    def is_in(self, said: str) -> bool:
        return self.hide(said) != said

    @cached_property
    def _sought(self) -> tuple[str, ...]:
        code, national = self._digits
        return tuple(value for value in (*self.values, national, code + national) if value)

    def _may_be_in(self, characters: str) -> bool:
        return any(value in characters or self._cut_size(value, characters) for value in self._sought)

    @staticmethod
    def _cut_size(value: str, characters: str) -> int:
        """The length of the longest beginning of the value with which these characters end."""
        sizes = range(min(len(value), len(characters)) - 1, SHORTEST_ALONE - 1, -1)
        beginning, end = value[:SHORTEST_ALONE], characters[-len(value) :]
        return next((n for n in sizes if end.endswith(value[:n])), 0) if beginning in end else 0

    def _spans(self, reading: _Reading) -> Iterator[_Span]:
        compact = reading.compact()
        for start, end in {*self._values_in(compact), *self._numbers_in(compact.characters), *self._cut_off(compact)}:
            yield compact.spans[start][0], compact.spans[end - 1][1]

    def _values_in(self, compact: _Reading) -> Iterator[_Span]:
        for value in self.values:
            for start, end in _places(value, compact.characters):
                if len(value) >= SHORTEST or _stands_alone(compact, start, end):
                    yield start, end

    @cached_property
    def _digits(self) -> tuple[str, str]:
        """Country code and national number; an empty code where the number can't be split."""
        if not self.number:
            return "", ""
        try:
            parsed = phonenumbers.parse(self.number, None)
        except phonenumbers.NumberParseException:
            return "", _alone(self.number)
        return str(parsed.country_code), phonenumbers.national_significant_number(parsed)

    def _numbers_in(self, characters: str) -> Iterator[_Span]:
        """Each occurrence of the number, with the prefixes before it."""
        code, national = self._digits
        for start, end in _places(national, characters) if national else ():
            before = characters[max(start - 8, 0) : start]
            prefix = re.search(f"(?:00)?(?:{code})0?$|0?$" if code else "$", before)
            size = len(prefix[0]) if prefix else 0
            if len(national) >= FEWEST_NATIONAL or (code and code in before[len(before) - size :]):
                yield start - size, end

    def _cut_off(self, compact: _Reading) -> Iterator[_Span]:
        """The beginning of a value at the end of a text that may have been cut."""
        characters = compact.characters
        if not characters or compact.spans[-1][1] < MAY_BE_CUT:
            return
        for value in self._sought:
            size = self._cut_size(value, characters)
            start = len(characters) - size
            if size and (start == 0 or _are_apart(compact, start)):
                yield start, len(characters)


@lru_cache(maxsize=64)  # the same few secrets at every call
def _echo_of_secrets(secrets: tuple[str, ...]) -> Echo:
    found = {_alone(spelled) for each in secrets for spelled in (each, _SEVERAL_DIGITS.sub("", each))}
    return Echo(values=frozenset(value for value in found if len(value) >= SHORTEST_SECRET))


def _places(value: str, characters: str) -> Iterator[_Span]:
    start = characters.find(value)
    while start >= 0:
        yield start, start + len(value)
        start = characters.find(value, start + 1)


def _are_apart(compact: _Reading, at: int) -> bool:
    """Whether something stands between this letter or digit and the one before it."""
    return compact.spans[at - 1][1] < compact.spans[at][0]


def _stands_alone(compact: _Reading, start: int, end: int) -> bool:
    return (start == 0 or _are_apart(compact, start)) and (end == len(compact.spans) or _are_apart(compact, end))


def _parts(text: str) -> Iterator[str]:
    """Words, runs of digits in them, and grouped digits, if they are long enough to be a code."""
    folded = _fold(text)
    words = [_alone(word) for word in _TOKEN.findall(folded)]
    runs = [run for word in words for run in _RUN.findall(word)]
    groups = [_alone(group) for group in _SEVERAL.findall(folded)]
    return (part for part in (*words, *runs, *groups) if len(part) >= SHORTEST)


def _excerpts(text: str) -> Iterator[str]:
    """Each sequence of EXCERPT words, because a vendor may quote a part of the text."""
    words = list(filter(None, map(_alone, _TOKEN.findall(text))))
    return ("".join(words[at : at + EXCERPT]) for at in range(len(words) - EXCERPT + 1))


def _is_like_a_code(word: str) -> bool:
    return any(each.isdigit() for each in word)


def _replaced(said: str, spans: list[_Span]) -> str:
    merged: list[_Span] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    ends = [0, *(end for _, end in merged)]
    starts = [*(start for start, _ in merged), len(said)]
    return HIDDEN.join(said[end:start] for end, start in zip(ends, starts, strict=True))


ERASED = Echo(is_erased=True)
"""The echo of a message that is erased or deleted."""
