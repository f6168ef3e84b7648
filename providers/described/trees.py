"""Bodies as trees of objects, lists and texts, and the paths into them. Nothing here takes more than linear time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Annotated, Any
from urllib.parse import parse_qsl

from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]
from pydantic import BeforeValidator

from providers.answers import contradiction
from providers.marking import N_

from .problems import WRONG_TYPE, shown

MAX_STEPS = 10
MAX_FOUND = 1000
"""The most values that a path with `*` leads to."""


def _steps(value: Any) -> tuple[str, ...]:
    if isinstance(value, tuple):
        return value
    if not isinstance(value, str):
        raise ValueError(WRONG_TYPE.format(value=shown(value), expected_text=N_("a text in quotation marks")))
    steps = tuple(value.split("."))
    if not all(steps) or len(steps) > MAX_STEPS or len(value) > 200:
        words = N_("{value} is no path. Write up to {most} names, numbers or * with a dot between them.")
        raise ValueError(words.format(value=shown(value), most=MAX_STEPS))
    return steps


Path = Annotated[tuple[str, ...], BeforeValidator(_steps)]
"""Steps into a tree: names, numbers of list items from 0, and `*` for each item of a list."""


def values_at(tree: Any, path: Path) -> list[Any]:
    return [value for _, value in _found(tree, path)]


def first_at(tree: Any, path: Path | None) -> Any:
    return next(iter(values_at(tree, path)), None) if path else None


def records_at(tree: Any, path: Path) -> list[tuple[str, ...]]:
    """For each value that the path leads to, the numbers that take the place of its `*` (see `bound`)."""
    return [numbers for numbers, _ in _found(tree, path)]


def bound(path: Path | None, numbers: tuple[str, ...]) -> Path | None:
    """The path to the value that belongs to one record; a further `*` leads to each item."""
    left = iter(numbers)
    return path and tuple(next(left, "*") if step == "*" else step for step in path)


def _found(tree: Any, path: Path) -> list[tuple[tuple[str, ...], Any]]:
    found: list[tuple[tuple[str, ...], Any]] = [((), tree)]
    for step in path:
        if step == "*":
            found = [((*at, str(n)), each) for at, value in found for n, each in enumerate(_items(value))][:MAX_FOUND]
        else:
            found = [(at, each) for at, value in found for each in _inner(value, step)]
    return found


def _items(value: Any) -> list[Any]:
    """XML does not show that an element is the only one of a list, and some JSON is written in the same way."""
    return value if isinstance(value, list) else [value]


def _inner(value: Any, step: str) -> list[Any]:
    if isinstance(value, dict):
        return [value[step]] if step in value else [value] if step == "0" else []
    if isinstance(value, list) and step.isascii() and step.isdigit() and len(step) < 5 and int(step) < len(value):
        return [value[int(step)]]
    return [value] if step == "0" and isinstance(value, str) else []


def decode(source: str, text: str, split: str = "", rows: str = "") -> Any:
    """The tree in a text; None if it can't be read. Raises Unconfirmed if a JSON name has two values."""
    try:
        return _READERS[source](text, split or None, rows)
    except (ValueError, SyntaxError, RecursionError):  # ParseError is a SyntaxError
        return None


def _json(text: str, *_: Any) -> Any:
    return json.loads(text, object_pairs_hook=lambda pairs: _once(pairs, _refuse), strict=False)


def _form(text: str, *_: Any) -> Any:
    pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FOUND)
    return _once(pairs, lambda *_: [])  # no text, so that such a field has no value


def _once(pairs: Iterable[tuple[str, Any]], twice: Callable[[Any, Any], Any]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for name, value in pairs:
        is_other = name in merged and (type(merged[name]), merged[name]) != (type(value), value)
        merged[name] = twice(merged[name], value) if is_other else value
    return merged


def _refuse(one: Any, other: Any) -> Any:
    raise contradiction("two_values", N_("one of its fields has two values"))


def _xml(text: str, *_: Any) -> Any:
    root = fromstring(text, forbid_dtd=True)
    return {_name(root): _element(root)}


def _element(element: Any) -> Any:
    """The text of an element; with attributes or children an object, whose key `#` is the text."""
    found: dict[str, list[Any]] = {}
    for child in element:
        same = found.setdefault(_name(child), [])
        same.append(_element(child))
    text = (element.text or "").strip()
    attributes = {f"@{name}": value for name, value in element.attrib.items()}
    children = {name: same[0] if len(same) == 1 else same for name, same in found.items()}
    return {"#": text, **attributes, **children} if attributes or children else text


def _name(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _text(text: str, split: str | None, rows: str) -> Any:
    """Texts by a separator, or by white space; with `rows` a list of such lists."""
    if not rows:
        return _fields(text, split)
    return [_fields(row, split) for row in text.split(rows) if row.strip()]


def _fields(text: str, split: str | None) -> list[str]:
    return [part.strip() for part in text.split(split)]


_READERS: dict[str, Callable[..., Any]] = {
    "json": _json,
    "form": _form,
    "xml": _xml,
    "text": _text,
    "status": lambda *_: {},
}
