"""What is wrong with a description: where, and in words for staff."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from providers.marking import N_

MAX_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Problem:
    place: str
    """The key in the description, such as `answer.codes[3].class`; empty for the whole text."""
    text: str


class DescriptionError(Exception):
    """A description that can't be used, with all of its problems."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{each.place}: {each.text}" for each in self.problems))


def place_of(steps: Iterable[str | int]) -> str:
    """The steps to a value as they are written in TOML: `answer.codes[3].class`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")


def shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def problems_of(error: ValidationError, *above: str | int) -> list[Problem]:
    found = error.errors(include_url=False)
    return [Problem(place_of((*above, *each["loc"])), _words(each["type"], each)) for each in found]


def _words(kind: str, error: Any) -> str:
    if kind == "value_error":  # raised by our own checks, in their own words
        return str(error["ctx"]["error"])
    if kind == "missing":
        return N_("This key is missing. Add it.")
    if kind == "extra_forbidden":
        return N_("There is no such key here. Remove it, or correct its name.")
    if kind == "literal_error":
        words = N_("{value} is none of the possible values. Write one of: {expected}.")
        return words.format(value=shown(error["input"]), expected=error["ctx"]["expected"])
    if kind in _TYPES:
        return WRONG_TYPE.format(value=shown(error["input"]), expected_text=_TYPES[kind])
    words = N_("{value} is not valid: {problem}. Correct it.")
    return words.format(value=shown(error["input"]), problem=error["msg"])


WRONG_TYPE = N_("{value} has another type than this key. Write {expected_text}.")
_TYPES = {
    "string_type": N_("a text in quotation marks"),
    "int_type": N_("a whole number"),
    "bool_type": N_("true or false"),
    "list_type": N_("a list in square brackets"),
    "dict_type": N_("a table"),
    "model_type": N_("a table"),
    "model_attributes_type": N_("a table"),
}
