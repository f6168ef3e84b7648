"""Checks the file's tables against their models: each error of pydantic becomes a line with its path."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .location import Location, ValidationIssue
from .schema import LARGEST, Table

T = TypeVar("T", bound=Table)

_MESSAGES = {
    "missing": "is missing",
    "string_type": "must be a string",
    "int_type": "must be a whole number, not {kind}",
    "int_parsing_size": f"is not between 0 and {LARGEST}",
    "float_type": "must be a number, not {kind}",
    "finite_number": "must be a number, not {input}",
    "bool_type": "must be true or false, not {kind}",
    "too_short": "must not be empty",
    "list_type": "must be a list, not {kind}",
    "dict_type": "must be a table, not {kind}",
    "model_type": "must be a table, not {kind}",
    "datetime_type": "must be a date and time such as 2026-01-01T00:00:00Z, not {kind}",
    "timezone_aware": "has no UTC offset; write 2026-01-01T00:00:00Z",
    "greater_than_equal": f"{{input}} is not between 0 and {LARGEST}",
    "less_than_equal": f"{{input}} is not between 0 and {LARGEST}",
}
"""For pydantic's error types. Strings, and values where a string is expected, are never shown: they may be secrets."""


def read_section(
    name: str, value: object, model: type[T], issues: list[ValidationIssue]
) -> Iterator[tuple[Location, T]]:
    """The section's tables, each with its place in the file. Unknown keys are reported after the table is applied."""
    if not isinstance(value, list):
        issues.append(ValidationIssue(name, f"must be an array of tables; write [[{name}]]"))
        return
    for place, values in enumerate(value):
        location = Location(f"{name}[{place}]", issues)
        table, errors = _read(model, values)
        unknown = [error for error in errors if error["type"] == "extra_forbidden"]
        for error in errors:
            if error not in unknown:
                _report(error, location)
        if table is not None:
            yield location, table
        for error in unknown:
            *parents, key = error["loc"]
            Location(_path(location.path, parents), issues).report_unknown(str(key), _keys(model, parents))


def _read(model: type[T], values: Any) -> tuple[T | None, list[ErrorDetails]]:
    """The table and its errors. With errors, the table has only the valid keys, so that these are checked too."""
    try:
        return model.model_validate(values), []
    except ValidationError as error:
        errors = error.errors(include_url=False)
    wrong = {each["loc"][0] for each in errors if each["loc"]}
    try:
        return model.model_validate({key: values[key] for key in values if key not in wrong} if wrong else None), errors
    except ValidationError:
        return None, errors


def _report(error: ErrorDetails, location: Location) -> None:
    known = _MESSAGES.get(error["type"])
    message = known.format(input=error["input"], kind=kind_of(error["input"])) if known else error["msg"]
    location.issues.append(ValidationIssue(_path(location.path, error["loc"]), message))


def _path(start: str, parts: Sequence[str | int]) -> str:
    return start + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)


def _keys(model: type[Table], parents: Sequence[str | int]) -> list[str]:
    """The valid keys of the table at this place."""
    for part in parents:
        if isinstance(part, str):
            (model,) = get_args(model.model_fields[part].annotation)
    return [field.alias or name for name, field in model.model_fields.items()]


_KINDS: list[tuple[type, Callable[[Any], str]]] = [
    (bool, lambda value: str(value).lower()),
    (int, lambda value: f"the number {value}"),
    (float, lambda value: f"the number {value}"),
    (str, lambda _: "a string"),
    (list, lambda _: "a list"),
    (Mapping, lambda _: "a table"),
]


def kind_of(value: Any) -> str:
    """The TOML type of a value."""
    return next((describe(value) for kind, describe in _KINDS if isinstance(value, kind)), "a date or time")
