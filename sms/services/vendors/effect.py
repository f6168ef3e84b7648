"""What the change of a vendor's description changes for the accounts that use it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import unified_diff
from hashlib import sha256

from django.core.exceptions import ValidationError

from providers.described import run_examples
from sms.models.vendor_description import loaded
from sms.services.configuration.vendor_descriptions import accounts_of, new_statements


@dataclass(frozen=True, slots=True)
class ExampleChange:
    """The result of an example, empty where the description does not have it."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class DescriptionEffect:
    accounts: Sequence[str]
    examples: Sequence[ExampleChange]
    """Those whose result differs."""
    lines: Sequence[str]
    """The changed lines, as in a unified diff."""
    statements: Sequence[str]
    """The new ones that let a message be sent again."""
    key: str
    """Identifies the change, so that staff confirm what they have seen."""


def effect_of(slug: str, before: str, after: str) -> DescriptionEffect:
    old, new = _results(before), _results(after)
    changes = [ExampleChange(name, old.get(name, ""), new.get(name, "")) for name in {**old, **new}]
    return DescriptionEffect(
        accounts=accounts_of(slug),
        examples=[each for each in changes if each.before != each.after],
        lines=list(unified_diff(before.splitlines(), after.splitlines(), n=1, lineterm=""))[2:],
        statements=new_statements(before, after),
        key=sha256(f"{before}\0{after}".encode()).hexdigest(),
    )


def _results(text: str) -> dict[str, str]:
    """By the names of the examples; none for a text that can't be used any more."""
    try:
        return {each.name: each.found for each in run_examples(loaded(text))}
    except ValidationError:
        return {}
