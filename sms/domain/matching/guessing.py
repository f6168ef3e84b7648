"""A template made of texts: what they share is literal, what differs a placeholder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from providers.marking import N_
from sms.domain.matching.forms import DIGITS_MARK, LINK_MARK, WITH_FORM, common_kind
from sms.domain.matching.index import normalise
from sms.domain.matching.templates import Body, Placeholder, PlaceholderKind
from sms.domain.matching.tokens import Token, in_common, tokens_of

_MOST_TEXTS = 40
_VARYING = {DIGITS_MARK, LINK_MARK, *(f"<{kind}>" for kind in WITH_FORM)}
_WORDS = {PlaceholderKind.ANY, PlaceholderKind.NAME, PlaceholderKind.TEXT}
_NAMES = {PlaceholderKind.ANY: "text", PlaceholderKind.DIGITS: "number"}


@dataclass(slots=True)
class _Item:
    """A stretch of the template: what each text has there, and whether it is to be a placeholder."""

    values: tuple[str, ...]
    varies: bool

    def __add__(self, other: _Item) -> _Item:
        values = tuple(a + b for a, b in zip(self.values, other.values, strict=True))
        return _Item(values, self.varies or other.varies)


def guess_template(texts: Sequence[str]) -> Body:
    """A template that gives all of these texts, as far as one can; the first 40 different ones are looked at.

    Of a single text its numbers, dates, links and the like become placeholders. A text with masked digits
    (`#`) will do. Raises ValueError without any text but blank ones.
    """
    distinct = list(dict.fromkeys(filter(None, (normalise(text)[0] for text in texts))))[:_MOST_TEXTS]
    if not distinct:
        raise ValueError(N_("There is no text to make a template of."))
    items = _items([tokens_of(text, with_forms=True) for text in distinct])
    return Body(tuple(_parts(_merged(_widened(items)))))


def _items(texts: Sequence[Sequence[Token]]) -> list[_Item]:
    """Shared tokens, and the gaps between them."""
    shared = [token.key for token in texts[0]]
    for tokens in texts[1:]:
        shared = in_common(shared, [token.key for token in tokens])
    aligned = [_aligned(tokens, shared) for tokens in texts]
    items: list[_Item] = []
    for number, column in enumerate(zip(*aligned, strict=True)):
        is_gap = number % 2 == 0
        if any(column):
            items.append(_Item(column, is_gap or _varies(shared[number // 2], column)))
    return items


def _aligned(tokens: Sequence[Token], shared: Sequence[str]) -> list[str]:
    """One text's pieces in turn: gap, shared token, gap, …, gap."""
    columns, gap = [], ""
    left = list(reversed(shared))
    for token in tokens:
        if left and token.key == left[-1]:
            left.pop()
            columns += [gap, token.text]
            gap = ""
        else:
            gap += token.text
    return [*columns, gap]


def _varies(key: str, values: Sequence[str]) -> bool:
    """Whether a shared token is a placeholder: a number or link that differs, is the only one known, or is masked."""
    if key not in _VARYING:
        return False
    return len(set(values)) > 1 or len(values) == 1 or DIGITS_MARK in values[0]


def _merged(items: Iterable[_Item]) -> list[_Item]:
    """Join adjacent items that vary, and two words that vary with only a blank between them."""
    merged: list[_Item] = []
    for item in items:
        if merged and item.varies == merged[-1].varies:
            merged[-1] += item
        elif item.varies and len(merged) > 1 and merged[-1].values[0] == " " and _are_words(merged[-2], item):
            blank = merged.pop()
            merged[-1] += blank + item
        else:
            merged.append(item)
    return merged


def _are_words(*items: _Item) -> bool:
    return all(common_kind(item.values) in _WORDS for item in items)


def _widened(items: list[_Item]) -> list[_Item]:
    """A placeholder takes one character or more: where a text has none, a neighbour is taken in."""
    at = 0
    while at < len(items):
        if not all(items[at].values):
            neighbour = min((n for n in (at + 1, at - 1) if 0 <= n < len(items)), key=lambda n: _cost(items[n]))
            first = min(at, neighbour)
            items = [*items[:first], items[first] + items[first + 1], *items[first + 2 :]]
            at = first
        else:
            at += 1
    return items


def _cost(neighbour: _Item) -> int:
    """The cost of including a neighbour: least for a placeholder, then a word, then others; never a line break."""
    value = neighbour.values[0]
    return 0 if neighbour.varies else 1 if value.isalnum() else 3 if "\n" in value else 2


def _parts(items: Iterable[_Item]) -> Iterable[str | Placeholder]:
    used: dict[str, int] = {}
    for item in items:
        if not item.varies:
            yield item.values[0]
            continue
        kind = common_kind(item.values)
        name = _NAMES.get(kind, kind.value)
        used[name] = used.get(name, 0) + 1
        yield Placeholder(name if used[name] == 1 else f"{name}_{used[name]}", kind)
