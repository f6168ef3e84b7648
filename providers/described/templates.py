"""Texts with placeholders, such as `Bearer {credential.token}`: names alone, no expressions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Annotated, Any

from pydantic import BeforeValidator, InstanceOf

from providers.marking import N_

from .problems import WRONG_TYPE, shown

MAX_TEMPLATE = 2000


@dataclass(frozen=True, slots=True)
class Template:
    parts: tuple[tuple[str, str | None], ...]
    """Literal text, each with the name of the placeholder behind it, if there is one."""

    @property
    def names(self) -> frozenset[str]:
        return frozenset(name for _, name in self.parts if name is not None)

    @property
    def literal(self) -> str:
        return "".join(text for text, _ in self.parts)

    def fill(self, values: Mapping[str, str], escape: Callable[[str], str] = str) -> str:
        """The text; a value that is not given is empty. Constants of the description (`words`) are not escaped."""
        return "".join(text + _value(name, values, escape) for text, name in self.parts)


def _value(name: str | None, values: Mapping[str, str], escape: Callable[[str], str]) -> str:
    value = values.get(name or "", "")
    return value if (name or "").startswith("words.") else escape(value)


def parse(value: Any) -> Template:
    """Raises ValueError in words for staff."""
    if isinstance(value, Template):
        return value
    if not isinstance(value, str):
        raise ValueError(WRONG_TYPE.format(value=shown(value), expected_text=N_("a text in quotation marks")))
    if len(value) > MAX_TEMPLATE:
        raise ValueError(N_("The text has over {most} characters. Shorten it.").format(most=MAX_TEMPLATE))
    try:
        parts = list(Formatter().parse(value))
    except ValueError:
        parts = [("", "", "?", None)]
    if any(name == "" or extra or conversion for _, name, extra, conversion in parts):
        words = N_("{value} can't be read. Write placeholders as {{name}}, and braces as {{{{ and }}}}.")
        raise ValueError(words.format(value=shown(value)))
    return Template(tuple((text, name) for text, name, _, _ in parts))


TemplateText = Annotated[InstanceOf[Template], BeforeValidator(parse)]
