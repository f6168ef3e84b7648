"""Templates: literals and named placeholders, and the notation that staff write them in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from sms.domain.text import forbidden_in_text, visible

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TOKEN = re.compile(r"\{\{|\}\}|\{|\}")
_SURROGATE = re.compile(r"[\ud800-\udfff]")

# Unicode's mandatory line breaks (UAX 14: BK, CR, LF, NL): what no placeholder takes. Of these only LF, U+2028 and
# U+2029 come past our own door.
LINE_BREAKS = "\n\v\f\r\x85\u2028\u2029"
_LINE_BREAK = re.compile(f"[{LINE_BREAKS}]")

# How a link begins, with the one character that must follow, or the slash: as in the rule for URL spans.
LINK_START = re.compile(r"(?ai:https?://|www\.)\S|(?:[A-Za-z0-9-]++\.)+?[a-z]{2,6}/")
_NO_WHITE = re.compile(r"\S+")
_SHORTEST_LINK = 5  # www.x and a.az/ alike


class TemplateError(ValueError):
    """A template that can't be; the message says what is wrong and where, in words for staff."""


class PlaceholderKind(StrEnum):
    """What a placeholder takes, beside "one character or more, no line break"."""

    ANY = "any"
    DIGITS = "digits"
    """ASCII digits, 0 to 9, alone."""
    LINK = "link"
    """No white space; starts with http://, https:// or www. in any letter case, or with a host name and a slash."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """`max_length` in characters; None: no bound of its own."""

    name: str
    kind: PlaceholderKind = PlaceholderKind.ANY
    max_length: int | None = None

    @property
    def min_length(self) -> int:
        return _SHORTEST_LINK if self.kind is PlaceholderKind.LINK else 1

    def accepts(self, value: str) -> bool:
        """Whether the value is one that this placeholder can stand for."""
        if not value or (self.max_length is not None and len(value) > self.max_length):
            return False
        return accepts_kind(self.kind, value)


def accepts_kind(kind: PlaceholderKind, value: str) -> bool:
    """Whether a value of one character or more is of the kind."""
    if kind is PlaceholderKind.DIGITS:
        return value.isascii() and value.isdigit()
    if kind is PlaceholderKind.LINK:
        return LINK_START.match(value) is not None and _NO_WHITE.fullmatch(value) is not None
    return _LINE_BREAK.search(value) is None


@dataclass(frozen=True, slots=True)
class Body:
    """A template's text in parts; a literal never stands beside a literal, nor a placeholder beside a placeholder."""

    parts: tuple[str | Placeholder, ...]

    @property
    def placeholders(self) -> tuple[Placeholder, ...]:
        return tuple(part for part in self.parts if isinstance(part, Placeholder))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(placeholder.name for placeholder in self.placeholders)

    @property
    def literal_length(self) -> int:
        return sum(len(part) for part in self.parts if isinstance(part, str))

    @property
    def min_length(self) -> int:
        """Characters of the shortest text that this template gives."""
        return self.literal_length + sum(placeholder.min_length for placeholder in self.placeholders)

    @property
    def source(self) -> str:
        """The notation that `parse_body` reads, without the kinds."""
        return "".join(quoted(part) if isinstance(part, str) else f"{{{part.name}}}" for part in self.parts)

    @property
    def kinds(self) -> dict[str, str | dict[str, str | int]]:
        """The form that `parse_kinds` reads; placeholders without a kind and a longest length are left out."""
        chosen = (p for p in self.placeholders if (p.kind, p.max_length) != (PlaceholderKind.ANY, None))
        return {p.name: _written(p) for p in chosen}

    def render(self, values: Mapping[str, str]) -> str:
        """The text with the values in it. Raises TemplateError if one is missing; others are ignored."""
        missing = [name for name in self.names if name not in values]
        if missing:
            raise TemplateError(f"No value for {_listed(missing)}.")
        return "".join(part if isinstance(part, str) else values[part.name] for part in self.parts)


def _written(placeholder: Placeholder) -> str | dict[str, str | int]:
    if placeholder.max_length is None:
        return placeholder.kind.value
    return {"kind": placeholder.kind.value, "max_length": placeholder.max_length}


def quoted(literal: str) -> str:
    """A literal in the notation of bodies: its braces doubled."""
    return literal.replace("{", "{{").replace("}", "}}")


def parse_body(body: str, kinds: Mapping[str, PlaceholderKind | Placeholder] | None = None) -> Body:
    """Read `Hello {name}`; `{{` and `}}` stand for braces. Raises TemplateError.

    `kinds` says more of a placeholder by its name; a name that the body lacks is a mistake.
    """
    _check_characters(body)
    parts = tuple(_parts(body))
    _check_names(parts)
    found = Body(parts)
    unknown = [name for name in kinds or () if name not in found.names]
    if unknown:
        raise TemplateError(f"The body has no placeholder {_listed(unknown)}.")
    return Body(tuple(part if isinstance(part, str) else _described(part, kinds or {}) for part in parts))


def parse_kinds(value: object) -> dict[str, Placeholder]:
    """Read `{order = "digits"}` or `{order = {kind = "digits", max_length = 8}}`. Raises TemplateError."""
    if not isinstance(value, Mapping):
        raise TemplateError('The placeholders must be a table such as {"order": "digits"}.')
    return {_checked_name(name): _parse_kind(name, given) for name, given in value.items()}


def limits_problem(
    body: Body,
    *,
    max_parameters: int | None = None,
    max_length: int | None = None,
    parameters: Sequence[str] | None = None,
) -> str | None:
    """Why a vendor can never carry this template, in words; None if it can.

    `max_parameters` and `max_length` (characters rendered) are the vendor's; `parameters`
    are our placeholders as an approval orders them: each of the body's, once.
    """
    names = body.names
    if max_parameters is not None and len(names) > max_parameters:
        return f"The template has {len(names)} placeholders; this vendor takes at most {max_parameters}."
    if max_length is not None and body.min_length > max_length:
        shortest = f"Even its shortest text has {body.min_length} characters"
        return f"{shortest}; this vendor takes at most {max_length}."
    return None if parameters is None else _parameters_problem(names, parameters)


def _parameters_problem(names: Sequence[str], parameters: Sequence[str]) -> str | None:
    unknown = [name for name in parameters if name not in names]
    if unknown:
        return f"The parameters name {_listed(unknown)}, which the template does not have."
    missing = [name for name in names if name not in parameters]
    if missing:
        return f"The parameters leave out {_listed(missing)}."
    doubled = [name for name in names if parameters.count(name) > 1]
    return f"The parameters name {_listed(doubled)} more than once." if doubled else None


def _check_characters(body: str) -> None:
    if not body.strip():
        raise TemplateError("The body is blank.")
    # A browser's form sends CR LF; line ends are smoothed when a template is matched.
    bad = forbidden_in_text(body.replace("\r", "\n")) or next(iter(_SURROGATE.findall(body)), None)
    if bad:
        raise TemplateError(f"Character {body.index(bad) + 1}: {visible(bad)} can't stand in a text; take it out.")


def _parts(body: str) -> Iterator[str | Placeholder]:
    """Literals and placeholders in order, neighbouring literals joined."""
    literal, position = "", 0
    while token := _TOKEN.search(body, position):
        literal += body[position : token.start()]
        if len(token[0]) == 2:
            literal, position = literal + token[0][0], token.end()
            continue
        placeholder, position = _placeholder(body, token)
        if literal:
            yield literal
        literal = ""
        yield placeholder
    if literal := literal + body[position:]:
        yield literal


def _placeholder(body: str, brace: re.Match[str]) -> tuple[Placeholder, int]:
    """The placeholder whose opening brace this is, and the position after it."""
    at = f"Character {brace.start() + 1}"
    if brace[0] == "}":
        raise TemplateError(f"{at}: this }} closes nothing. Write }}}} for the brace itself.")
    end = body.find("}", brace.end())
    name = body[brace.end() : end]
    if end < 0 or "{" in name:
        raise TemplateError(f"{at}: this {{ is not closed. Write {{{{ for the brace itself.")
    if not _NAME.fullmatch(name):
        raise TemplateError(f"{at}: {_bad_name(name)}")
    return Placeholder(name), end + 1


def _check_names(parts: Sequence[str | Placeholder]) -> None:
    seen: set[str] = set()
    position, before = 1, None
    for part in parts:
        if isinstance(part, Placeholder):
            where = f"Character {position}: {{{part.name}}}"
            if isinstance(before, Placeholder):
                raise TemplateError(f"{where} stands right beside {{{before.name}}}; put a character between them.")
            if part.name in seen:
                raise TemplateError(f"{where} is there already; each placeholder needs a name of its own.")
            seen.add(part.name)
        position += len(quoted(part)) if isinstance(part, str) else len(part.name) + 2
        before = part


def _described(placeholder: Placeholder, kinds: Mapping[str, PlaceholderKind | Placeholder]) -> Placeholder:
    given = kinds.get(placeholder.name, placeholder)
    described = (
        replace(given, name=placeholder.name)
        if isinstance(given, Placeholder)
        else replace(placeholder, kind=PlaceholderKind(given))
    )
    problem = _length_problem(described)
    if problem:
        raise TemplateError(f"{{{placeholder.name}}}: {problem}")
    return described


def _parse_kind(name: str, given: object) -> Placeholder:
    if isinstance(given, str):
        given = {"kind": given}
    if not isinstance(given, Mapping):
        raise TemplateError(f'{name}: write a kind, or a table such as {{"kind": "digits", "max_length": 8}}.')
    unknown = [str(key) for key in given if key not in ("kind", "max_length")]
    if unknown:
        raise TemplateError(f"{name}: unknown key {_listed(unknown)}; known are kind and max_length.")
    placeholder = Placeholder(name, _kind(name, given.get("kind", "any")), _max_length(name, given.get("max_length")))
    problem = _length_problem(placeholder)
    if problem:
        raise TemplateError(f"{name}: {problem}")
    return placeholder


def _kind(name: str, given: object) -> PlaceholderKind:
    if isinstance(given, str) and given in PlaceholderKind.__members__.values():
        return PlaceholderKind(given)
    raise TemplateError(f"{name}: there is no kind '{visible(str(given))}'; the kinds are any, digits and link.")


def _max_length(name: str, given: object) -> int | None:
    if given is None or (isinstance(given, int) and not isinstance(given, bool)):
        return given
    raise TemplateError(f"{name}: max_length must be a whole number, not '{visible(str(given))}'.")


def _length_problem(placeholder: Placeholder) -> str | None:
    least = placeholder.min_length
    if placeholder.max_length is None or placeholder.max_length >= least:
        return None
    return (
        f"max_length is {placeholder.max_length}, but a placeholder of kind {placeholder.kind} takes {least} or more."
    )


def _checked_name(name: object) -> str:
    if isinstance(name, str) and _NAME.fullmatch(name):
        return name
    raise TemplateError(_bad_name(str(name)))


def _bad_name(name: str) -> str:
    return f"'{visible(name)}' is no name; take the letters a to z, digits and _, and no digit first."


def _listed(names: Sequence[str]) -> str:
    return ", ".join(visible(name) for name in names)
