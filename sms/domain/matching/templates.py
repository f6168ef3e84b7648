"""Templates: literals and named placeholders, and the notation that staff write them in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from providers.marking import N_
from sms.domain.matching.kinds import PlaceholderKind
from sms.domain.matching.placeholders import NAME, Placeholder, TemplateError, bad_name, listed, parse_kinds
from sms.domain.text import forbidden_in_text, visible

__all__ = [
    "Body",
    "Placeholder",
    "PlaceholderKind",
    "TemplateError",
    "limits_problem",
    "parse_body",
    "parse_kinds",
    "quoted",
    "values_problem",
]

_TOKEN = re.compile(r"\{\{|\}\}|\{|\}")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


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
        return self.literal_length + sum(placeholder.shortest for placeholder in self.placeholders)

    @property
    def source(self) -> str:
        """The notation that `parse_body` reads, without the kinds."""
        return "".join(quoted(part) if isinstance(part, str) else f"{{{part.name}}}" for part in self.parts)

    @property
    def kinds(self) -> dict[str, str | dict[str, Any]]:
        """The form that `parse_kinds` reads; placeholders of which nothing is said are left out."""
        return {p.name: p.declaration for p in self.placeholders if p != Placeholder(p.name)}

    def render(self, values: Mapping[str, str]) -> str:
        """The text with the values in it. Raises TemplateError if one is missing; others are ignored."""
        missing = [name for name in self.names if name not in values]
        if missing:
            raise TemplateError(N_("No value for {listed}.").format(listed=listed(missing)))
        return "".join(part if isinstance(part, str) else values[part.name] for part in self.parts)


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
        raise TemplateError(N_("The body has no placeholder {listed}.").format(listed=listed(unknown)))
    return Body(tuple(part if isinstance(part, str) else _described(part, kinds or {}) for part in parts))


def limits_problem(
    body: Body,
    *,
    max_parameters: int | None = None,
    max_length: int | None = None,
    max_value_length: int | None = None,
    parameters: Sequence[str] | None = None,
) -> str | None:
    """Why a vendor can never carry this template, in words; None if it can.

    `max_parameters`, `max_length` (characters rendered) and `max_value_length` (characters of each value) are the
    vendor's; `parameters` are our placeholders as an approval orders them: each of the body's, once.
    """
    names = body.names
    if max_parameters is not None and len(names) > max_parameters:
        return N_("The template has {count} placeholders; this vendor accepts at most {max_parameters}.").format(
            count=len(names), max_parameters=max_parameters
        )
    if max_length is not None and body.min_length > max_length:
        shortest = N_("Even its shortest text has {min_length} characters").format(min_length=body.min_length)
        return N_("{shortest_text}; this vendor accepts at most {max_length}.").format(
            shortest_text=shortest, max_length=max_length
        )
    for placeholder in body.placeholders:
        if max_value_length is not None and placeholder.shortest > max_value_length:
            shortest = N_("The shortest value of {{{placeholder}}} has {shortest} characters").format(
                placeholder=placeholder.name, shortest=placeholder.shortest
            )
            return N_("{shortest_text}; this vendor accepts at most {max_value_length} for each value.").format(
                shortest_text=shortest, max_value_length=max_value_length
            )
    return None if parameters is None else _parameters_problem(names, parameters)


def values_problem(
    body: Body,
    values: Mapping[str, str],
    *,
    max_length: int | None = None,
    max_value_length: int | None = None,
    max_value_lengths: Mapping[str, int] | None = None,
) -> str | None:
    """Why a vendor does not carry this text, in words without the values; None if it does.

    All lengths in characters: `max_length` of the whole text, `max_value_length` of each value, `max_value_lengths`
    of single values, by the placeholder's name.
    """
    for name in body.names:
        bounds = [max_value_length, (max_value_lengths or {}).get(name)]
        longest = min((bound for bound in bounds if bound is not None), default=None)
        if longest is not None and len(values[name]) > longest:
            size = N_("The value of {{{name}}} has {count} characters").format(name=name, count=len(values[name]))
            return N_("{size_text}; this vendor accepts at most {longest}.").format(size_text=size, longest=longest)
    length = len(body.render(values))
    if max_length is not None and length > max_length:
        return N_("The text has {length} characters; this vendor accepts at most {max_length}.").format(
            length=length, max_length=max_length
        )
    return None


def _parameters_problem(names: Sequence[str], parameters: Sequence[str]) -> str | None:
    unknown = [name for name in parameters if name not in names]
    if unknown:
        return N_("The parameters name {listed}, which the template does not have.").format(listed=listed(unknown))
    missing = [name for name in names if name not in parameters]
    if missing:
        return N_("The parameters leave out {listed}.").format(listed=listed(missing))
    doubled = [name for name in names if parameters.count(name) > 1]
    return N_("The parameters name {listed} more than once.").format(listed=listed(doubled)) if doubled else None


def _check_characters(body: str) -> None:
    if not body.strip():
        raise TemplateError(N_("The body is blank."))
    # A browser's form sends CR LF; line ends are smoothed when a template is matched.
    bad = forbidden_in_text(body.replace("\r", "\n")) or next(iter(_SURROGATE.findall(body)), None)
    if bad:
        raise TemplateError(
            N_("Character {index}: {bad} can't stand in a text; take it out.").format(
                index=body.index(bad) + 1, bad=visible(bad)
            )
        )


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
    at = N_("Character {start}").format(start=brace.start() + 1)
    if brace[0] == "}":
        raise TemplateError(
            N_("{at_text}: this }} closes nothing. Write }}}} for the brace itself.").format(at_text=at)
        )
    end = body.find("}", brace.end())
    name = body[brace.end() : end]
    if end < 0 or "{" in name:
        raise TemplateError(N_("{at_text}: this {{ is not closed. Write {{{{ for the brace itself.").format(at_text=at))
    if not NAME.fullmatch(name):
        raise TemplateError(f"{at}: {bad_name(name)}")
    return Placeholder(name), end + 1


def _check_names(parts: Sequence[str | Placeholder]) -> None:
    seen: set[str] = set()
    position, before = 1, None
    for part in parts:
        if isinstance(part, Placeholder):
            where = N_("Character {position}: {{{name}}}").format(position=position, name=part.name)
            if isinstance(before, Placeholder):
                raise TemplateError(
                    N_("{where_text} stands right beside {{{before}}}; put a character between them.").format(
                        where_text=where, before=before.name
                    )
                )
            if part.name in seen:
                raise TemplateError(
                    N_("{where_text} is there already; each placeholder needs a name of its own.").format(
                        where_text=where
                    )
                )
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
    if described.problem:
        raise TemplateError(f"{{{placeholder.name}}}: {described.problem}")
    return described
