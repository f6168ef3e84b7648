"""Positions in the provisioning file, and the issues found there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class ValidationIssue:
    """One line for the reader of the file; `path` as in `providers[0].timeout`."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


@dataclass(frozen=True, slots=True)
class Location:
    """A table of the file. All locations of one file add to the same list of issues."""

    path: str
    issues: list[ValidationIssue]

    def child(self, key: str) -> Location:
        return Location(f"{self.path}.{key}", self.issues)

    def report(self, key: str, message: str) -> None:
        self.issues.append(ValidationIssue(f"{self.path}.{key}" if key else self.path, message))

    def report_unknown(self, key: str, known: Iterable[str]) -> None:
        near = get_close_matches(key, list(known), n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known))}"
        self.report(key if key.isprintable() else repr(key), f"unknown key; {hint}")

    def is_valid(self, key: str = "") -> bool:
        """Whether there is no issue at this place (or key) or below it."""
        path = f"{self.path}.{key}" if key else self.path
        return not any(i.path == path or i.path.startswith((f"{path}.", f"{path}[")) for i in self.issues)
