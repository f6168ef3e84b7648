"""Makes an adapter of a description, or says everything that is wrong with it."""

from __future__ import annotations

import tomllib
from functools import cache
from types import SimpleNamespace
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from providers.base import Sender
from providers.contract import first_problem
from providers.marking import N_

from .adapter import bases, facts_of
from .checks import problems_together
from .description import Description
from .problems import DescriptionError, Problem, problems_of, shown

MAX_TEXT = 64 * 1024
"""Bytes of a description."""


def load(toml_text: str) -> type[Sender]:
    """An adapter class that meets the contract. Raises DescriptionError with every problem that was found."""
    sections, problems = _sections(_parsed(toml_text))
    problems += problems_together(SimpleNamespace(**sections))
    if problems:
        raise DescriptionError(problems)
    described = Description.model_construct(**sections)
    name = "".join(word.title() for word in described.vendor.slug.split("_"))
    parents = bases(described)
    adapter: type[Sender] = type(name, parents, facts_of(described) | {"__module__": parents[-1].__module__})
    if problem := first_problem(adapter):
        raise DescriptionError([Problem("", problem)])
    return adapter


def _parsed(text: str) -> dict[str, Any]:
    try:
        if len(text.encode()) > MAX_TEXT:
            words = N_("The description has over {most} KiB. Shorten it.")
            raise DescriptionError([Problem("", words.format(most=MAX_TEXT // 1024))])
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # too deep, no UTF-8, a number that is too long, or no TOML
        words = N_("This is no TOML: {problem}. Correct it.")
        raise DescriptionError([Problem("", words.format(problem=shown(str(error))))]) from None


def _sections(data: dict[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Each section that is valid by itself, else None; and the problems of the others."""
    known, sections = Description.model_fields, dict[str, Any]()
    unknown = N_("There is no such section. Remove it, or correct its name.")
    problems = [Problem(name, unknown) for name in data if name not in known]
    for name, field in known.items():
        try:
            sections[name] = _section(name, field, data)
        except ValidationError as error:
            sections[name] = None
            problems += problems_of(error, name)
    return sections, problems


def _section(name: str, field: FieldInfo, data: dict[str, Any]) -> Any:
    """A required section that is left out is validated as an empty one, so that its keys are named."""
    if name not in data and not field.is_required():
        return field.get_default(call_default_factory=True)
    empty: Any = [] if name == "examples" else {}
    return _validators()[name].validate_python(data.get(name, empty), strict=True)


@cache
def _validators() -> dict[str, TypeAdapter[Any]]:
    return {name: TypeAdapter(field.rebuild_annotation()) for name, field in Description.model_fields.items()}
