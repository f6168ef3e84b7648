"""The changes of a file: one node of its syntax tree replaced by another."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from .expressions import of_expression
from .statements import of_statement
from .strings import of_string

MARKS = {"N_", "_", "gettext", "gettext_lazy", "ngettext", "pgettext"}
LOGS = {"log", "logger", "logging"}
TYPES = {"TypeVar", "NewType", "ParamSpec", "cast", "overload"}
GENERIC = {"tuple", "dict", "list", "set", "frozenset", "type", "Callable", "Iterator", "Mapping", "Sequence"}
UNTOUCHED = {"annotation", "returns", "decorator_list", "bases", "msg", "type_params", "ctx"}
SHOWN = 70  # characters of a change's text; of longer ones the part that differs, with CONTEXT on both sides
CONTEXT = 24


@dataclass(frozen=True)
class Change:
    """`owner.field[at]` becomes `new` instead of `old`; `lines` are those that the changed node has."""

    owner: ast.AST
    field: str
    at: int | None
    old: ast.AST
    new: ast.AST
    lines: range
    before: str
    after: str

    def apply(self) -> None:
        if self.at is None:
            setattr(self.owner, self.field, self.new)
        else:
            getattr(self.owner, self.field)[self.at] = self.new


def changes_of(tree: ast.Module) -> list[Change]:
    """Every change, in the file's order, each once."""
    found: dict[tuple[int, int, str, str], Change] = {}
    for owner, field, at, node in places(tree, in_raise=False):
        for new in replacements(owner, field, node):
            change = described(owner, field, at, node, new)
            if change.before != change.after:
                found.setdefault((node.lineno, node.col_offset, change.before, change.after), change)
    return sorted(found.values(), key=lambda change: change.lines[0])


def described(owner: ast.AST, field: str, at: int | None, node: Any, new: ast.AST) -> Change:
    new = ast.copy_location(copy(new), node)
    ast.fix_missing_locations(new)
    before, after = differing(shown(node), shown(new))
    return Change(owner, field, at, node, new, range(node.lineno, node.end_lineno + 1), before, after)


def shown(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())


def differing(before: str, after: str) -> tuple[str, str]:
    """Both texts; of long ones the part that differs, with what stands around it."""
    if max(len(before), len(after)) <= SHOWN:
        return before, after
    head = same_at_start(before, after)
    tail = same_at_start(before[head:][::-1], after[head:][::-1])
    return around(before, head, tail), around(after, head, tail)


def same_at_start(one: str, other: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def around(text: str, head: int, tail: int) -> str:
    begin, end = max(0, head - CONTEXT), min(len(text), len(text) - tail + CONTEXT)
    return ("…" if begin else "") + text[begin:end] + ("…" if end < len(text) else "")


def places(node: ast.AST, *, in_raise: bool) -> Iterator[tuple[ast.AST, str, int | None, Any]]:
    """Each node that may be changed, with where it stands; types, documentation and texts for people are left out."""
    for field, value in ast.iter_fields(node):
        if field in UNTOUCHED or (isinstance(node, ast.ClassDef) and field == "keywords"):
            continue
        many = isinstance(value, list)
        for at, child in enumerate(value if many else [value]):
            if not isinstance(child, ast.AST) or is_untouched(child, in_raise):
                continue
            if hasattr(child, "lineno"):
                yield node, field, at if many else None, child
            yield from places(child, in_raise=in_raise or isinstance(child, ast.Raise))


def is_untouched(node: ast.AST, in_raise: bool) -> bool:
    if in_raise and (isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and " " in str(node.value))):
        return True
    if isinstance(node, ast.keyword):
        return node.arg == "strict"
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) or is_about_people(node.value)
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return True
    if isinstance(node, ast.Assign):
        return ast.unparse(node.targets[0]) in ("__all__", "__slots__") or is_type(node.value)
    return isinstance(node, ast.Import | ast.ImportFrom | ast.Assert | ast.Global) or is_about_people(node)


def is_type(node: ast.AST) -> bool:
    return isinstance(node, ast.Subscript) and ast.unparse(node.value) in GENERIC


def is_about_people(node: ast.AST) -> bool:
    """A text that is marked for translation, filled in or not; a line of the log; a declaration of a type."""
    if not isinstance(node, ast.Call):
        return False
    called = node.func
    if isinstance(called, ast.Attribute):
        return is_about_people(called.value) or ast.unparse(called.value) in LOGS
    return isinstance(called, ast.Name) and called.id in MARKS | TYPES


def replacements(owner: ast.AST, field: str, node: ast.AST) -> Iterator[ast.AST]:
    kinds: list[tuple[type[ast.AST], Callable[..., Iterator[ast.AST]]]] = [
        (ast.stmt, of_statement),
        (ast.Constant, of_string),
        (ast.expr, of_expression),
    ]
    for kind, found in kinds:
        if isinstance(node, kind):
            yield from found(owner, field, node)
