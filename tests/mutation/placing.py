"""Puts a changed file in place of the one that is imported.

The code of functions is replaced in the functions themselves, whoever holds them. A changed statement of the module or
of a class is executed again, with those that use its names, and its values are given to the modules that imported them.
"""

from __future__ import annotations

import ast
import gc
import sys
from abc import ABCMeta
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from .places import names_bound, names_defined, names_used

PROJECT = Path(__file__).resolve().parents[2]
PRODUCT = ("config", "providers", "sms")
Key = tuple[str, int]
"""A function's qualified name and first line."""


class NotApplied(Exception):
    """The change can't be put in place; the message says why."""


class Placed:
    """A file that is imported, with its functions."""

    def __init__(self, file: Path) -> None:
        self.file, self.source = str(file), file.read_text()
        self.module = module_of(file)

    @cached_property
    def functions(self) -> dict[Key, list[FunctionType]]:
        """Also those that are hidden in decorated ones."""
        found: dict[Key, list[FunctionType]] = {}
        gc.unfreeze()
        for each in gc.get_objects():
            if isinstance(each, FunctionType) and each.__code__.co_filename == self.file:
                found.setdefault(key_of(each.__code__), []).append(each)
        gc.freeze()
        return found

    def put(self, tree: ast.Module, changed: ast.stmt, function: ast.AST | None) -> None:
        """Put the tree's code in place, of which this statement of the module, or this function in it, is changed."""
        replaced = sum(replace_code(each, code) for code in self.codes(tree) for each in self.functions[key_of(code)])
        if function is None:
            execute(self, tree, changed, set())
        elif not replaced:
            raise NotApplied("nobody holds the function")
        else:
            self.refresh(tree, names_defined(changed))

    def put_unchanged(self, tree: ast.Module) -> None:
        """Everything once, as it is: what can be put in place, with equal values."""
        for statement in tree.body:
            if names_defined(statement):
                with suppress(NotApplied):
                    execute(self, tree, statement, set())

    def codes(self, tree: ast.Module) -> list[CodeType]:
        """Of the functions that are held; two lambdas in one line can't be told apart."""
        codes = [*codes_in(compile(tree, self.file, "exec", dont_inherit=True))]
        keys = Counter(map(key_of, codes))
        return [code for code in codes if keys[key_of(code)] == 1 and key_of(code) in self.functions]

    def refresh(self, tree: ast.Module, names: set[str]) -> None:
        """Execute again what used these names when the module was imported."""
        for statement in tree.body:
            if names_defined(statement) and names_used(statement) & names - names_bound(statement):
                execute(self, tree, statement, names)


def module_of(file: Path) -> ModuleType:
    """The module that has this file; it is imported where no test has done so."""
    for module in list(sys.modules.values()):
        if getattr(module, "__file__", None) == str(file):
            return module
    return import_module(".".join(file.relative_to(PROJECT).with_suffix("").parts).removesuffix(".__init__"))


def execute(placed: Placed, tree: ast.Module, statement: ast.stmt, known: set[str]) -> None:
    """Execute the statement in its module, then what depends on its values, here and where they are imported."""
    namespace, local = placed.module.__dict__, {}
    if has_metaclass(statement, namespace):
        if known:
            return
        raise NotApplied("its class has a metaclass")
    exec(compile(ast.Module([statement], []), placed.file, "exec", dont_inherit=True), namespace, local)
    names = {name for name, new in local.items() if take_over(placed, name, new, forced=not known)}
    if not known and local and not names:
        raise NotApplied("nothing is different")
    if names - known:
        placed.refresh(tree, names)


def take_over(placed: Placed, name: str, new: Any, *, forced: bool) -> bool:
    """Give the new value to all who hold the old one; whether it is another."""
    old = placed.module.__dict__[name]
    if isinstance(old, type):
        return merge_class(old, new)
    if isinstance(new, FunctionType) or hasattr(new, "__wrapped__"):
        return merge_function(placed, new)
    if not forced and type(new) is type(old) and new == old:
        return False
    holders = [*importers(name, old)]
    for module in holders:
        module.__dict__[name] = new
    for module in holders:
        if module is not placed.module and module.__name__.startswith(PRODUCT):
            other = Placed(Path(str(module.__file__)))
            other.refresh(ast.parse(other.source), {name})
    return True


def importers(name: str, value: Any) -> Iterator[ModuleType]:
    for module in list(sys.modules.values()):
        if module.__name__.split(".")[0] in (*PRODUCT, "tests") and module.__dict__.get(name) is value:
            yield module


def merge_function(placed: Placed, new: Any) -> bool:
    """Take over the defaults; its code is in place already."""
    while hasattr(new, "__wrapped__"):
        new = new.__wrapped__
    return sum(take_defaults(old, new) for old in placed.functions.get(key_of(new.__code__), [])) > 0


def take_defaults(old: FunctionType, new: FunctionType) -> bool:
    is_other = (old.__defaults__, old.__kwdefaults__) != (new.__defaults__, new.__kwdefaults__)
    old.__defaults__, old.__kwdefaults__ = new.__defaults__, new.__kwdefaults__
    return is_other


def merge_class(old: type, new: type) -> bool:
    """Take over the values of a class's fields, and the defaults of its methods, generated ones too."""
    is_other = False
    for name, value in vars(new).items():
        before = vars(old).get(name)
        if isinstance(value, FunctionType) and isinstance(before, FunctionType):
            is_other |= take_defaults(before, value)
        elif not name.startswith("__") and not hasattr(value, "__get__") and value != before:
            setattr(old, name, value)
            is_other = True
    return is_other


def has_metaclass(statement: ast.stmt, namespace: dict[str, Any]) -> bool:
    """Such as an enumeration or a model: it would be declared a second time."""
    return isinstance(statement, ast.ClassDef) and type(namespace[statement.name]) not in (type, ABCMeta)


def replace_code(function: FunctionType, code: CodeType) -> bool:
    if function.__code__ == code:
        return False
    try:
        function.__code__ = code
    except ValueError as error:
        raise NotApplied(str(error)) from None
    return True


def key_of(code: CodeType) -> Key:
    return code.co_qualname, code.co_firstlineno


def codes_in(code: CodeType) -> Iterator[CodeType]:
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield each
            yield from codes_in(each)


def clear_caches() -> None:
    """What was computed while tests were collected must not hide a change."""
    for module in list(sys.modules.values()):
        if module.__name__.startswith(PRODUCT):
            for value in list(vars(module).values()):
                if callable(getattr(value, "cache_clear", None)):
                    value.cache_clear()
