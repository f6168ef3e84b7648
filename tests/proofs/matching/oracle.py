"""What the product's outer interface says of matching, tried out in the slowest and plainest way.

A template must give the whole text; the earlier placeholder takes the shorter part; the most literal characters win,
then the most placeholders with a kind; a tie is refused; what the vendor renders must equal the text. Text and template
are compared in NFC, with line ends as LF and outer white space cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from sms.domain.matching.kinds import SHORTEST, PlaceholderKind
from sms.domain.matching.placeholders import Placeholder
from tests.sms.domain.matching.oracle import BREAK, compared, compared_parts

LINK = r"(?i:https?://|www\.)\S+|(?=\S+$)([A-Za-z0-9-]+\.)+[a-z]{2,6}/\S*"


class Slot(NamedTuple):
    """A placeholder as a case declares it. No kind: `any`."""

    name: str
    kind: str = "any"
    shortest: int | None = None
    longest: int | None = None
    hosts: tuple[str, ...] = ()

    @property
    def declaration(self) -> dict[str, object]:
        given = {"min_length": self.shortest, "max_length": self.longest, "hosts": list(self.hosts) or None}
        return {"kind": self.kind, **{key: value for key, value in given.items() if value is not None}}


Parts = Sequence[str | Slot]


@dataclass(frozen=True)
class Approval:
    """One approval as a case declares it. `registered`: the vendor's text, as literals and names of placeholders."""

    id: int
    template: str
    parts: Parts
    order: tuple[tuple[str, str], ...]
    registered: Parts


class Sent(NamedTuple):
    approval: int
    parameters: tuple[tuple[str, str], ...]


Answer = Sent | str
"""What is sent, or the code of the refusal."""


def is_template(parts: Parts) -> bool:
    """Whether staff can save it: a text, each name once, never two placeholders side by side."""
    names = [part.name for part in parts if isinstance(part, Slot)]
    beside = any(isinstance(a, Slot) and isinstance(b, Slot) for a, b in pairwise(parts))
    is_blank = all(isinstance(part, str) and not part.strip() for part in parts)
    return not is_blank and not beside and len(set(names)) == len(names)


def takes(slot: Slot, value: str) -> bool:
    """Whether a placeholder takes this value, judged by the value alone."""
    if len(value) < (slot.shortest or 1) or len(value) > (slot.longest or len(value)):
        return False
    if slot.kind == "any":
        return not set(value) & set(BREAK)
    if slot.kind == "digits":
        return value.isascii() and value.isdigit()
    if slot.kind == "code":
        return value.isascii() and value.isalnum() and any(map(str.isdigit, value)) and len(value) <= 64
    if slot.kind == "link" and not slot.hosts:
        return re.fullmatch(LINK, value) is not None
    # The other kinds are tables of forms; tests/sms/domain/matching/test_kinds.py says what they take.
    return len(value) >= SHORTEST.get(PlaceholderKind(slot.kind), 1) and _placeholder(slot).accepts(value)


def _placeholder(slot: Slot) -> Placeholder:
    return Placeholder(slot.name, PlaceholderKind(slot.kind), slot.longest, slot.shortest, slot.hosts)


def splits(parts: Parts, text: str) -> Iterator[tuple[str, ...]]:
    """Every split of the text, those first whose earlier placeholders take the shorter part."""
    if not parts:
        if not text:
            yield ()
        return
    part, rest = parts[0], parts[1:]
    if isinstance(part, str):
        if text.startswith(part):
            yield from splits(rest, text[len(part) :])
        return
    for end in range(1, len(text) + 1):
        if takes(part, text[:end]):
            yield from ((text[:end], *values) for values in splits(rest, text[end:]))


def specificity(parts: Parts) -> tuple[int, int]:
    literals = sum(len(part) for part in parts if isinstance(part, str))
    return literals, sum(part.kind != "any" for part in parts if isinstance(part, Slot))


def rendered(parts: Parts, values: Mapping[str, str]) -> str:
    return "".join(part if isinstance(part, str) else values[part.name] for part in parts)


def answer(approvals: Sequence[Approval], text: str) -> Answer:
    """What is sent, and by which approval; or why nothing is."""
    found = []
    for approval in approvals:
        parts = compared_parts(approval.parts)
        values = next(splits(parts, compared(text)), None)
        if values is not None:
            found.append((specificity(parts), approval, values))
    best = [(approval, values) for worth, approval, values in found if worth == max(each[0] for each in found)]
    if not best:
        return "template_not_matched"
    if len({approval.template for approval, _ in best}) > 1:
        return "template_ambiguous"
    return _sent(*max(best, key=lambda each: each[0].id), text)


def _sent(approval: Approval, values: Sequence[str], text: str) -> Answer:
    names = [part.name for part in approval.parts if isinstance(part, Slot)]
    named = dict(zip(names, values, strict=True))
    if compared(rendered(approval.registered, named)) != compared(text):
        return "template_not_matched"
    return Sent(approval.id, tuple((theirs, named[ours]) for ours, theirs in approval.order))
