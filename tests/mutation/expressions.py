"""Operators, conditions, numbers, arguments and elements of tables."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from copy import copy
from typing import Any

COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
CALCULATED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
PAIRS = ["any all", "min max", "startswith endswith", "lstrip rstrip", "find rfind", "lower upper", "search match"]
OTHER_NAMES = {one: other for pair in PAIRS for one, other in (pair.split(), pair.split()[::-1])}
NAMED = ast.Name | ast.Attribute | ast.Subscript


def of_expression(owner: ast.AST, field: str, node: ast.expr) -> Iterator[ast.AST]:
    yield from of_condition(owner, field, node)
    match node:
        case ast.Compare():
            yield from of_comparison(node, is_whole_condition=is_condition(owner, field))
        case ast.BoolOp():
            yield changed(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
            parts = [without(node.values, at) for at in range(len(node.values))]
            yield from (left[0] if len(left) == 1 else changed(node, values=left) for left in parts)
        case ast.UnaryOp():
            yield node.operand
        case ast.BinOp() if type(node.op) in CALCULATED and not (is_text(node.left) or is_text(node.right)):
            yield changed(node, op=CALCULATED[type(node.op)]())
        case ast.Slice():
            yield from (changed(node, **{side: None}) for side in ("lower", "upper", "step") if getattr(node, side))
        case ast.Call():
            yield from of_call(node)
        case _:
            yield from of_value(owner, field, node)


def of_value(owner: ast.AST, field: str, node: ast.expr) -> Iterator[ast.AST]:
    match node:
        case ast.Constant(value=bool() as value):
            yield ast.Constant(not value)
        case ast.Constant(value=int() | float() as value):
            yield from (ast.Constant(value + 1), ast.Constant(value - 1))
        case ast.List() | ast.Set() | ast.Tuple() if is_table(owner, field, node):
            yield from (changed(node, elts=without(node.elts, at)) for at in range(len(node.elts)))
        case ast.Dict():
            for at in range(len(node.keys)):
                yield changed(node, keys=without(node.keys, at), values=without(node.values, at))


def of_comparison(node: ast.Compare, *, is_whole_condition: bool) -> Iterator[ast.AST]:
    """Of a whole condition its opposite is left out: that it always or never holds says as much."""
    for at, operator in enumerate(node.ops):
        if isinstance(operator, ast.Lt | ast.LtE | ast.Gt | ast.GtE) or not is_whole_condition:
            yield changed(node, ops=replaced(node.ops, at, COMPARED[type(operator)]()))


def is_condition(owner: ast.AST, field: str) -> bool:
    return field in ("test", "ifs") and isinstance(owner, ast.If | ast.IfExp | ast.comprehension)


def of_condition(owner: ast.AST, field: str, node: ast.expr) -> Iterator[ast.AST]:
    """The condition always holds, or never. A loop is only left out: without an end it would only take time."""
    if is_condition(owner, field):
        yield ast.Constant(True)
    if (is_condition(owner, field) and field == "test") or isinstance(owner, ast.While):
        yield ast.Constant(False)


def of_call(node: ast.Call) -> Iterator[ast.AST]:
    for at, keyword in enumerate(node.keywords):
        if keyword.arg not in (None, "strict"):
            yield changed(node, keywords=without(node.keywords, at))
    for at, (one, other) in enumerate([] if is_symmetric(node) else zip(node.args, node.args[1:], strict=False)):
        if isinstance(one, NAMED) and isinstance(other, NAMED):
            yield changed(node, args=replaced(replaced(node.args, at, other), at + 1, one))
    if len(node.args) > 1 and isinstance(node.func, ast.Attribute):
        yield changed(node, args=node.args[:-1])
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in OTHER_NAMES:
        called = {"attr": OTHER_NAMES[name]} if isinstance(node.func, ast.Attribute) else {"id": OTHER_NAMES[name]}
        yield changed(node, func=changed(node.func, **called))


def is_symmetric(node: ast.Call) -> bool:
    return ast.unparse(node.func) in ("min", "max")


def is_table(owner: ast.AST, field: str, node: ast.List | ast.Set | ast.Tuple) -> bool:
    """Whether its elements are listed, not those of a pair that is returned, stored, unpacked or a key."""
    if isinstance(node, ast.Set):
        return len(node.elts) > 1
    if not isinstance(node.ctx, ast.Load) or len(node.elts) < 2:
        return False
    return isinstance(node, ast.List) or field == "comparators" or is_constant(owner)


def is_constant(owner: ast.AST) -> bool:
    return isinstance(owner, ast.Assign) and isinstance(owner.targets[0], ast.Name) and owner.targets[0].id.isupper()


def is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def changed(node: Any, **fields: Any) -> Any:
    """A copy of the node with these fields; the other ones are shared."""
    new = copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def replaced(values: Sequence[Any], at: int, value: Any) -> list[Any]:
    return [*values[:at], value, *values[at + 1 :]]


def without(values: Sequence[Any], at: int) -> list[Any]:
    return [*values[:at], *values[at + 1 :]]
