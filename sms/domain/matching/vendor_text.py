"""A template's text as its vendor has registered it, in the vendor's own notation for parameters.

Notations: `%1` and `%1$s`, `{1}`, `{0}`, `{{1}}` (a parameter by its place), `%s` and `{#var#}` (the next parameter),
and `{name}`, `{{name}}`, `${name}`, `##name##`, `%name%`, `<name>`, `[name]` (a parameter by its name, which may have
several words). A text is read in the notation whose placeholders are exactly the parameters that we send, each once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from providers.marking import N_
from sms.domain.matching.index import normalise
from sms.domain.matching.templates import Body, Placeholder, TemplateError, parse_body, quoted
from sms.domain.text import visible

Order = Sequence[tuple[str, str]]
"""Pairs of our placeholder's name and the vendor's name for it, in the vendor's order."""


@dataclass(frozen=True, slots=True)
class Notation:
    """How a vendor writes a placeholder.

    The pattern's group, if it has one, is a place or a name; it is missing where a brace is meant.
    """

    example: str
    pattern: re.Pattern[str]
    literal: str = ""
    """How a placeholder of this notation is written, from `place` and `name`."""
    first: int = 1
    """The number of the first place."""

    def parts(self, text: str) -> Iterator[str | re.Match[str]]:
        """Literals and placeholders in turn."""
        position = 0
        for found in self.pattern.finditer(text):
            yield text[position : found.start()]
            yield found
            position = found.end()
        yield text[position:]


_NAME = r"([^\W\d]\w*(?:[ .-]\w+){0,4})"
OURS = Notation("{name}", re.compile(rf"\{{\{{|\}}\}}|\{{\s*{_NAME}\s*\}}"), "{{{name}}}")
"""As in a template's body, doubled braces stand for braces."""
NUMBERED = Notation("%1", re.compile(r"%([1-9][0-9]?)(?:\$s)?(?![0-9])"), "%{place}")
NOTATIONS = (
    OURS,
    NUMBERED,
    Notation("{{name}}", re.compile(rf"\{{\{{\s*{_NAME}\s*\}}\}}"), "{{{{{name}}}}}"),
    Notation("{{1}}", re.compile(r"\{\{\s*([1-9][0-9]?)\s*\}\}"), "{{{{{place}}}}}"),
    Notation("{1}", re.compile(r"(?<!\{)\{\s*([1-9][0-9]?)\s*\}(?!\})"), "{{{place}}}"),
    Notation("{0}", re.compile(r"(?<!\{)\{\s*([0-9]{1,2})\s*\}(?!\})"), "{{{place}}}", first=0),
    Notation("${name}", re.compile(rf"\$\{{\s*{_NAME}\s*\}}"), "${{{name}}}"),
    Notation("##name##", re.compile(rf"##{_NAME}##"), "##{name}##"),
    Notation("%name%", re.compile(rf"(?<![\w%])%{_NAME}%(?![\w%])"), "%{name}%"),
    Notation("<name>", re.compile(rf"<{_NAME}>"), "<{name}>"),
    Notation("[name]", re.compile(rf"\[{_NAME}\]"), "[{name}]"),
    Notation("{#var#}", re.compile(r"\{#\w+#\}"), "{{#var#}}"),
    Notation("%s", re.compile(r"%[sd](?!\w)"), "%s"),
)
BRACKETED = ("<name>", "[name]")
"""Notations whose brackets also stand around words that are no placeholder."""
_UNMISTAKABLE = tuple(notation for notation in NOTATIONS if notation.example not in BRACKETED)


@dataclass(frozen=True, slots=True)
class VendorText:
    """A registered text. A number among its parts is the place of a parameter, counted from 0."""

    parts: tuple[str | int, ...]

    def render(self, values: Sequence[str]) -> str:
        """What the handset shows, given the values in the vendor's order. Raises IndexError if one is missing."""
        return "".join(part if isinstance(part, str) else values[part] for part in self.parts)

    def body(self, names: Sequence[str]) -> str:
        """The same text in the notation of templates, with our placeholders' names in the vendor's order."""
        return "".join(quoted(part) if isinstance(part, str) else f"{{{names[part]}}}" for part in self.parts)


def of_body(body: Body, order: Order) -> VendorText:
    """The text that a vendor must have registered if it is this template's, letter by letter."""
    places = {ours: place for place, (ours, _) in enumerate(order)}
    return VendorText(tuple(places[part.name] if isinstance(part, Placeholder) else part for part in body.parts))


def read_vendor_text(text: str, order: Order, *, known: Sequence[str] = ()) -> VendorText:
    """Read a registered text whose parameters are these. Raises TemplateError.

    `known`: bodies of the template. Where two notations fit, the one that gives one of them is meant.
    """
    names = [ours for ours, _ in order]
    readings = {reading.body(names): (reading, is_clear) for reading, is_clear in _readings(text, order)}
    chosen = [body for body in readings if normalise(body)[0] in {normalise(each)[0] for each in known}]
    chosen = chosen or [body for body, (_, is_clear) in readings.items() if is_clear]
    if not chosen:
        raise TemplateError(_misfit(text, order))
    if len(chosen) > 1:
        ways = ", ".join(f"“{visible(body)}”" for body in sorted(chosen))
        raise TemplateError(N_("The vendor's text can be read in two ways: {ways}.").format(ways=ways))
    parse_body(chosen[0])
    return readings[chosen[0]][0]


def is_readable(text: str, order: Order) -> bool:
    """Whether the text holds exactly these parameters in some notation."""
    return any(True for _ in _readings(text, order))


def unknown_names(text: str, order: Order) -> list[str]:
    """The names of a text's parameters, if it can only be read by names, and none of them is one of these."""
    known = {name for pair in order for name in pair}
    unknown: list[str] = []
    for notation in NOTATIONS:
        if _reading(text, notation, order) is None or any(looks_like_more(each) for each in _literals(text, notation)):
            continue
        names = [found[1] for found in notation.pattern.finditer(text) if is_placeholder(found) and found.re.groups]
        if not names or any(name in known or name.isdecimal() for name in names):
            return []
        unknown = unknown or names
    return unknown


def _literals(text: str, notation: Notation) -> list[str]:
    return [part for part in notation.parts(text) if isinstance(part, str)]


def _readings(text: str, order: Order) -> Iterator[tuple[VendorText, bool]]:
    """Each reading whose placeholders are the parameters, each once; and whether nothing else looks like one."""
    for notation in NOTATIONS:
        reading = _reading(text, notation, order)
        if reading is not None:
            yield reading, not any(looks_like_more(literal) for literal in _literals(text, notation))


def _reading(text: str, notation: Notation, order: Order) -> VendorText | None:
    parts: list[str | int] = []
    found = list(notation.parts(text))
    known = {name for pair in order for name in pair}
    is_by_name = any(_name(part) in known for part in found if not isinstance(part, str))
    for part in found:
        before = sum(isinstance(each, int) for each in parts)
        read = part if isinstance(part, str) else _read(part, notation, order, before, is_by_name=is_by_name)
        if read is None:
            return None
        append_part(parts, read)
    places = sorted(part for part in parts if isinstance(part, int))
    return VendorText(tuple(parts)) if places == list(range(len(order))) else None


def _name(found: re.Match[str]) -> str | None:
    return found[1] if found.re.groups else None


def append_part(parts: list[str | int], part: str | int) -> None:
    """Literals beside each other become one."""
    if part == "":
        return
    if isinstance(part, str) and parts and isinstance(parts[-1], str):
        parts[-1] += part
    else:
        parts.append(part)


def looks_like_more(literal: str) -> bool:
    """Whether a literal holds one more placeholder."""
    return any(is_placeholder(found) for other in _UNMISTAKABLE for found in other.pattern.finditer(literal))


def is_placeholder(found: re.Match[str]) -> bool:
    return not found.re.groups or found[1] is not None


def _read(found: re.Match[str], notation: Notation, order: Order, before: int, *, is_by_name: bool) -> int | str | None:
    """Which parameter a placeholder stands for, counted from 0: by its place, its name, or as the next one.

    Of a text none of whose names is known the placeholders stand in the order of the parameters.
    """
    if not is_placeholder(found):
        return found[0][0]
    if not found.re.groups:
        return before
    said = found[1]
    if said.isdecimal():
        return int(said) - notation.first
    if not is_by_name:
        return before
    theirs: Mapping[str, int] = {name: place for place, (_, name) in enumerate(order)}
    ours: Mapping[str, int] = {name: place for place, (name, _) in enumerate(order)}
    return theirs.get(said, ours.get(said))


def _misfit(text: str, order: Order) -> str:
    wanted = ", ".join(theirs for _, theirs in order) or "none"
    found = [found for notation in NOTATIONS for found in notation.pattern.finditer(text)]
    seen = [each[0] for each in found if is_placeholder(each)]
    there = ", ".join(dict.fromkeys(map(visible, seen))) or "none"
    return N_(
        "The vendor's text holds the parameters {there}; the approval sends {wanted}. Write each of them "
        "once, as %1, {{1}} or {{name}}."
    ).format(there=there, wanted=wanted)


def write_vendor_text(body: Body, order: Order, *, named: bool) -> str:
    """A template's text in a vendor's notation, so that `read_vendor_text` reads it back: `%1`, or `{name}` if named.

    Another notation is taken only where a literal of the text would be read as a placeholder.
    """
    meant = of_body(body, order)
    usual = (OURS, *NOTATIONS) if named else (NUMBERED, *NOTATIONS)
    for notation in usual:
        written = _written(meant, notation, order)
        if [reading for reading, is_clear in _readings(written, order) if is_clear] == [meant]:
            return written
    return _written(meant, OURS, order)


def _written(text: VendorText, notation: Notation, order: Order) -> str:
    return "".join(
        (quoted(part) if notation is OURS else part)
        if isinstance(part, str)
        else notation.literal.format(place=part + notation.first, name=order[part][1])
        for part in text.parts
    )
