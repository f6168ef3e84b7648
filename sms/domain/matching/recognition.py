"""A vendor's text of which nothing else is known: its notation, its placeholders, and names and kinds for them.

`read_vendor_text` reads a text whose parameters are known. Here they are not: each notation that fits is a reading, the
likeliest first, and staff choose where several fit.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from providers.marking import N_
from sms.domain.matching.identifiers import placeholder_name
from sms.domain.matching.kinds import PlaceholderKind
from sms.domain.matching.templates import TemplateError, parse_body
from sms.domain.matching.value_hints import Hint, hint_of, hints_around
from sms.domain.matching.vendor_text import (
    BRACKETED,
    NOTATIONS,
    Notation,
    VendorText,
    append_part,
    is_placeholder,
    looks_like_more,
)
from sms.domain.text import visible

PLAIN = Notation("", re.compile(r"(?!)"))
"""A text without placeholders."""
_MARK_AT_START = re.compile(r"\s*[\[<]")
_MEANINGLESS = re.compile(r"(?i)(?:var|param|parameter|p|v|arg|value|text|field|x)?_?\d*")
"""Names that vendors give by number: a name from the words around says more."""


@dataclass(frozen=True, slots=True)
class FoundPlaceholder:
    """One placeholder of a vendor's text. `theirs`: the vendor's own name of it, "" where it has a place alone."""

    written: str
    theirs: str
    name: str
    kind: PlaceholderKind


@dataclass(frozen=True, slots=True)
class VendorReading:
    """A text read in one notation. `placeholders` in the vendor's order; `problem` in words, "" for none."""

    notation: str
    text: VendorText
    placeholders: tuple[FoundPlaceholder, ...]
    problem: str = ""

    @property
    def names(self) -> list[str]:
        return [each.name for each in self.placeholders]

    def body(self, names: Sequence[str] = ()) -> str:
        return self.text.body(names or self.names)


def readings(text: str) -> list[VendorReading]:
    """Each notation that fits the text, the likeliest first: one at least."""
    found = [(notation, parts) for notation in NOTATIONS if (parts := _parts(text, notation))]
    clear = [(notation, parts) for notation, parts in found if not _holds_more(notation, parts)]
    if not any(notation.example not in BRACKETED for notation, _ in found):
        clear.append((PLAIN, [text]))
    chosen = sorted(clear or found, key=lambda each: _rank(text, *each))
    return _distinct(_reading(notation, parts, is_clear=bool(clear)) for notation, parts in chosen)


def _distinct(found: Iterator[VendorReading]) -> list[VendorReading]:
    """`{1}` counted from 0 and from 1 are one notation: the reading without a problem is meant, if there is one."""
    by_example: dict[tuple[object, ...], VendorReading] = {}
    for reading in found:
        key = tuple(each.written for each in reading.placeholders)
        if key not in by_example or (by_example[key].problem and not reading.problem):
            by_example[key] = reading
    return list(by_example.values())


def _parts(text: str, notation: Notation) -> list[str | re.Match[str]]:
    """Literals and placeholders in turn; [] if the notation finds no placeholder."""
    parts = list(notation.parts(text))
    return parts if any(not isinstance(part, str) and is_placeholder(part) for part in parts) else []


def _holds_more(notation: Notation, parts: Sequence[str | re.Match[str]]) -> bool:
    return any(looks_like_more(part) for part in parts if isinstance(part, str))


def _rank(text: str, notation: Notation, parts: Sequence[str | re.Match[str]]) -> tuple[bool, int]:
    """A bracket at the start of a text is a brand's mark more often than a placeholder."""
    is_mark = notation.example in BRACKETED and len(parts) <= 3 and _MARK_AT_START.match(text) is not None
    covered = sum(len(part[0]) for part in parts if not isinstance(part, str))
    return is_mark, -covered


def _reading(notation: Notation, parts: Sequence[str | re.Match[str]], *, is_clear: bool) -> VendorReading:
    places = _places(notation, parts)
    text, matches = _vendor_text(parts, places)
    placeholders = tuple(_named(text, matches))
    problem = _problem(notation, parts, places, is_clear)
    reading = VendorReading(notation.example, text, placeholders, problem)
    return reading if problem else VendorReading(notation.example, text, placeholders, _body_problem(reading))


def _places(notation: Notation, parts: Sequence[str | re.Match[str]]) -> list[int]:
    """The place in the vendor's order of each placeholder in turn: its number, or the order of first appearance."""
    places: list[int] = []
    seen: dict[str, int] = {}
    for part in parts:
        if isinstance(part, str) or not is_placeholder(part):
            continue
        if part.re.groups and part[1].isdecimal():
            places.append(int(part[1]) - notation.first)
        else:
            places.append(seen.setdefault(part[1] if part.re.groups else str(len(seen)), len(seen)))
    return places


def _vendor_text(
    parts: Sequence[str | re.Match[str]], places: Sequence[int]
) -> tuple[VendorText, dict[int, re.Match[str]]]:
    """The text with places from 0 on without gaps, and what stands at each."""
    dense = {place: number for number, place in enumerate(sorted(set(places)))}
    left = iter(places)
    read: list[str | int] = []
    matches: dict[int, re.Match[str]] = {}
    for part in parts:
        if isinstance(part, str) or not is_placeholder(part):
            append_part(read, part if isinstance(part, str) else part[0][0])
        else:
            place = dense[next(left)]
            matches.setdefault(place, part)
            append_part(read, place)
    return VendorText(tuple(read)), matches


def _named(text: VendorText, matches: dict[int, re.Match[str]]) -> Iterator[FoundPlaceholder]:
    taken: list[str] = []
    said = {place: _own_name(written) for place, written in matches.items()}
    around = _hints(text, [place for place, own in said.items() if not own])
    for place, written in sorted(matches.items()):
        own = said[place]
        hint = hint_of(own) if own else around.get(place)
        name = placeholder_name(own or (hint.name if hint else "value"), taken)
        taken.append(name)
        theirs = written[1] if written.re.groups and not written[1].isdecimal() else ""
        yield FoundPlaceholder(written[0], theirs, name, hint.kind if hint else PlaceholderKind.ANY)


def _own_name(written: re.Match[str]) -> str:
    """The vendor's name, if it says anything."""
    said = written[1] if written.re.groups else ""
    return "" if _MEANINGLESS.fullmatch(said) else said


def _hints(text: VendorText, places: Collection[int]) -> dict[int, Hint]:
    """A hint for each place, from the words around it; each hint goes to the place that it stands nearest to."""
    told = [
        (distance, place, hint)
        for place in places
        for distance, hint in hints_around(*_literals(text, text.parts.index(place)))
    ]
    given: dict[int, Hint] = {}
    for _, place, hint in sorted(told, key=lambda each: each[:2]):
        if place not in given and hint not in given.values():
            given[place] = hint
    return given


def _literals(text: VendorText, at: int) -> tuple[str, str]:
    """What stands before and behind this part."""
    beside = [text.parts[place] if 0 <= place < len(text.parts) else "" for place in (at - 1, at + 1)]
    before, behind = (part if isinstance(part, str) else "" for part in beside)
    return before, behind


def _problem(notation: Notation, parts: Sequence[str | re.Match[str]], places: Sequence[int], is_clear: bool) -> str:
    written = [part[0] for part in parts if not isinstance(part, str) and is_placeholder(part)]
    twice = [mark for mark, place in zip(written, places, strict=True) if places.count(place) > 1]
    if twice:
        return N_("{twice} stands there more than once; a template has each placeholder once.").format(
            twice=visible(twice[0])
        )
    if sorted(places) != list(range(len(places))):
        return N_("The places are {written}; they must be counted from {first} without a gap.").format(
            written=", ".join(written), first=notation.first
        )
    if not is_clear:
        rest = next(part for part in parts if isinstance(part, str) and looks_like_more(part))
        return N_("“{rest}” seems to hold a placeholder in another notation than {example}.").format(
            rest=visible(rest.strip()), example=notation.example
        )
    return ""


def _body_problem(reading: VendorReading) -> str:
    try:
        parse_body(reading.body())
    except TemplateError as error:
        return str(error)
    return ""
