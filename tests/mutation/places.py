"""Where a change stands: its statement of the module, its function, and the names that lead to its tests."""

from __future__ import annotations

import ast
from collections.abc import Iterator

FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def names_defined(statement: ast.stmt) -> set[str]:
    """The names that the statement gives a value, or another element."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    stored = [n for n in ast.walk(statement) if isinstance(getattr(n, "ctx", None), ast.Store)]
    bases = [n.value if isinstance(n, ast.Subscript | ast.Attribute) else n for n in stored]
    return {n.id for n in bases if isinstance(n, ast.Name)}


def names_bound(statement: ast.stmt) -> set[str]:
    """The names that the statement itself gives their whole value."""
    return names_defined(statement) - {n.id for n in ast.walk(statement) if is_read(n)}


def is_read(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)


def names_used(statement: ast.stmt) -> set[str]:
    """What is read when the module is imported: not in functions, but in their defaults and decorators."""
    return {node.id for node in at_import(statement) if isinstance(node, ast.Name) and is_read(node)}


def at_import(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns") or (isinstance(node, FUNCTIONS) and field == "body"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from at_import(child)


def statement_of(tree: ast.Module, line: int) -> ast.stmt:
    """The statement of the module that has this line."""
    return next(each for each in tree.body if first_line(each) <= line <= (each.end_lineno or each.lineno))


def first_line(node: ast.stmt) -> int:
    return min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])


def function_of(statement: ast.stmt, target: ast.AST) -> ast.AST | None:
    """The outermost function in whose body the node stands; None if it is executed at import."""
    for node in ast.walk(statement):
        if isinstance(node, FUNCTIONS):
            body = node.body if isinstance(node.body, list) else [node.body]
            if any(each is target for part in body for each in ast.walk(part)):
                return node
    return None


def names_of(tree: ast.Module, statement: ast.stmt) -> set[str]:
    """The names that lead to what the statement defines, through other statements of the module too."""
    names, found = names_defined(statement), set[str]()
    while names != found:
        found = set(names)
        names |= {name for each in tree.body if names_used(each) & found for name in names_defined(each)}
    if isinstance(statement, ast.ClassDef):
        names |= {name for each in statement.body for name in names_defined(each)}
    return names
