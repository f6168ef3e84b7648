"""Placeholders: a name, the kind of value, its lengths, and the notation in which they are declared."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from providers.marking import N_
from sms.domain.matching.kinds import LONGEST, SHORTEST, PlaceholderKind, accepts_kind
from sms.domain.text import visible

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HOST = re.compile(r"(?:[\w-]+\.)+[\w-]+")
_KEYS = ("kind", "min_length", "max_length", "hosts", "allow_links")


class TemplateError(ValueError):
    """A template that can't be; the message says what is wrong and where, in words for staff."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """Lengths in characters; None: no bound of its own. `hosts`: those that a link may lead to; empty for all.

    `allow_links`: the value may hold a link or a phone number in a one-time password's text too.
    """

    name: str
    kind: PlaceholderKind = PlaceholderKind.ANY
    max_length: int | None = None
    min_length: int | None = None
    hosts: tuple[str, ...] = ()
    allow_links: bool = False

    @property
    def shortest(self) -> int:
        """Characters of the shortest value, as far as kind and lengths say."""
        return max(SHORTEST.get(self.kind, 1), self.min_length or 1)

    @property
    def longest(self) -> int | None:
        bounds = [bound for bound in (self.max_length, LONGEST.get(self.kind)) if bound is not None]
        return min(bounds, default=None)

    def accepts(self, value: str) -> bool:
        """Whether the value is one that this placeholder can stand for."""
        longest = self.longest
        if len(value) < self.shortest or (longest is not None and len(value) > longest):
            return False
        return accepts_kind(self.kind, value, self.hosts)

    @property
    def declaration(self) -> str | dict[str, Any]:
        """The form that `parse_kinds` reads."""
        more = {
            "min_length": self.min_length,
            "max_length": self.max_length,
            "hosts": list(self.hosts) or None,
            "allow_links": self.allow_links or None,
        }
        given = {key: value for key, value in more.items() if value is not None}
        return {"kind": self.kind.value, **given} if given else self.kind.value

    @property
    def problem(self) -> str | None:
        """Why no value can ever fit, in words; None if one can."""
        if self.hosts and self.kind is not PlaceholderKind.LINK:
            return N_("hosts are for links; this placeholder is of kind {kind}.").format(kind=self.kind)
        if self.allow_links and self.kind is not PlaceholderKind.ANY:
            return N_("allow_links is for kind any; this placeholder is of kind {kind}.").format(kind=self.kind)
        if self.min_length is not None and self.min_length < 1:
            return N_("min_length is {min_length}, but a placeholder takes one character or more.").format(
                min_length=self.min_length
            )
        longest = self.longest
        if longest is None or longest >= self.shortest:
            return None
        if self.min_length is not None and self.shortest == self.min_length:
            return N_("min_length is {min_length}, but the longest value has {longest} characters.").format(
                min_length=self.min_length, longest=longest
            )
        least = N_("a placeholder of kind {kind} takes {shortest} or more").format(
            kind=self.kind, shortest=self.shortest
        )
        return N_("max_length is {max_length}, but {least_text}.").format(max_length=self.max_length, least_text=least)


def parse_kinds(value: object) -> dict[str, Placeholder]:
    """Read `{order = "digits"}` or `{order = {kind = "digits", max_length = 8}}`. Raises TemplateError."""
    if not isinstance(value, Mapping):
        raise TemplateError(N_('The placeholders must be a table such as {"order": "digits"}.'))
    return {_checked_name(name): _parse_kind(name, given) for name, given in value.items()}


def same_kinds(one: object, other: object) -> bool:
    """Whether two declarations mean the same: `"digits"` and `{kind = "digits"}`, or `any` and nothing."""
    if one == other:
        return True
    try:
        return _declared(one) == _declared(other)
    except TemplateError:
        return False


def _declared(value: object) -> dict[str, Placeholder]:
    return {name: each for name, each in parse_kinds(value).items() if each != Placeholder(name)}


def _parse_kind(name: str, given: object) -> Placeholder:
    if isinstance(given, str):
        given = {"kind": given}
    if not isinstance(given, Mapping):
        raise TemplateError(
            N_('{name}: write a kind, or a table such as {{"kind": "digits", "max_length": 8}}.').format(name=name)
        )
    unknown = [str(key) for key in given if key not in _KEYS]
    if unknown:
        raise TemplateError(
            N_("{name}: unknown key {listed}; known are {choices}.").format(
                name=name, listed=listed(unknown), choices=_choices(_KEYS)
            )
        )
    placeholder = Placeholder(
        name,
        _kind(name, given.get("kind", "any")),
        _length(name, "max_length", given.get("max_length")),
        _length(name, "min_length", given.get("min_length")),
        _hosts(name, given.get("hosts")),
        _switch(name, "allow_links", given.get("allow_links")),
    )
    if placeholder.problem:
        raise TemplateError(f"{name}: {placeholder.problem}")
    return placeholder


def _kind(name: str, given: object) -> PlaceholderKind:
    if isinstance(given, str) and given in PlaceholderKind.__members__.values():
        return PlaceholderKind(given)
    kinds = _choices([kind.value for kind in PlaceholderKind])
    raise TemplateError(
        N_("{name}: there is no kind '{given}'; the kinds are {kinds}.").format(
            name=name, given=visible(str(given)), kinds=kinds
        )
    )


def _length(name: str, key: str, given: object) -> int | None:
    if given is None or (isinstance(given, int) and not isinstance(given, bool)):
        return given
    raise TemplateError(
        N_("{name}: {key} must be a whole number, not '{given}'.").format(name=name, key=key, given=visible(str(given)))
    )


def _switch(name: str, key: str, given: object) -> bool:
    if given is None or isinstance(given, bool):
        return bool(given)
    raise TemplateError(
        N_("{name}: {key} must be true or false, not '{given}'.").format(name=name, key=key, given=visible(str(given)))
    )


def _hosts(name: str, given: object) -> tuple[str, ...]:
    if given is None:
        return ()
    if not isinstance(given, list | tuple) or not all(isinstance(host, str) for host in given):
        raise TemplateError(N_('{name}: hosts must be a list such as ["shop.example"].').format(name=name))
    for host in given:
        if not _HOST.fullmatch(host):
            raise TemplateError(
                N_("{name}: '{host}' is no host name; write it without http:// and path.").format(
                    name=name, host=visible(host)
                )
            )
    return tuple(dict.fromkeys(host.lower() for host in given))


def _checked_name(name: object) -> str:
    if isinstance(name, str) and NAME.fullmatch(name):
        return name
    raise TemplateError(bad_name(str(name)))


def bad_name(name: str) -> str:
    return N_("'{name}' is no name; take the letters a to z, digits and _, and no digit first.").format(
        name=visible(name)
    )


def listed(names: Sequence[str]) -> str:
    return ", ".join(visible(name) for name in names)


def _choices(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
