"""Statements that are dropped, and results that are not returned."""

from __future__ import annotations

import ast
from collections.abc import Iterator

JUMPS = {ast.Break: ast.Continue, ast.Continue: ast.Break}


def of_statement(owner: ast.AST, field: str, node: ast.stmt) -> Iterator[ast.AST]:
    if isinstance(node, ast.Return) and not is_nothing(node.value):
        yield ast.Return(ast.Constant(None))
    elif isinstance(node, ast.AugAssign):
        yield ast.Pass()
        yield ast.Assign([node.target], node.value)
    elif isinstance(node, ast.Break | ast.Continue):
        yield JUMPS[type(node)]()
    elif isinstance(node, ast.Expr | ast.Raise | ast.Delete) or (is_storing(node) and not is_class(owner)):
        yield ast.Pass()


def is_storing(node: ast.stmt) -> bool:
    """Whether something keeps its earlier value where the statement is dropped."""
    return isinstance(node, ast.Assign) and all(isinstance(t, ast.Attribute | ast.Subscript) for t in node.targets)


def is_class(owner: ast.AST) -> bool:
    return isinstance(owner, ast.ClassDef)


def is_nothing(value: ast.expr | None) -> bool:
    """What callers hardly tell from None: False is made True elsewhere."""
    return value is None or (isinstance(value, ast.Constant) and value.value in (None, False))
