"""One table of the provisioning file: typed reads, and a line for each mistake.

TOML has no null, so None means "left out" here (or "wrong, and noted"): a read never raises.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from typing import Any

LARGEST = 2_147_483_647  # what PostgreSQL's integer column holds; SQLite takes more, so it can't be asked


@dataclass(frozen=True, slots=True)
class Mistake:
    """`path` as in `providers[0].timeout`."""

    path: str
    words: str

    def __str__(self) -> str:
        return f"{self.path}: {self.words}"

    def is_at(self, path: str) -> bool:
        """Whether it stands there, or further inside."""
        return self.path == path or self.path.startswith((f"{path}.", f"{path}["))


@dataclass
class Entry:
    """A table at its place in the file."""

    path: str
    values: Mapping[str, Any]
    mistakes: list[Mistake]
    known: set[str] = field(default_factory=set)

    def mistake(self, key: str, words: str) -> None:
        self.mistakes.append(Mistake(f"{self.path}.{key}" if key else self.path, words))

    @property
    def is_sound(self) -> bool:
        """No mistake so far, here and in the tables inside."""
        return not any(m.is_at(self.path) for m in self.mistakes)

    def is_sound_at(self, key: str) -> bool:
        return not any(m.is_at(f"{self.path}.{key}" if key else self.path) for m in self.mistakes)

    def text(self, key: str, *, required: bool = False, may_be_empty: bool = False, lines: bool = False) -> str | None:
        """A string. `lines`: new lines and tabs may stand in it."""
        value = self._read(key, str, "a string", required=required)
        if value is None:
            return None
        if not value.strip() and not may_be_empty:
            return self.mistake(key, "must not be empty")
        if not lines and any(unicodedata.category(character) == "Cc" for character in value):
            return self.mistake(key, "holds a control character; take it out")
        return value

    def choice(self, key: str, choices: Collection[str], *, required: bool = False) -> str | None:
        value = self._read(key, str, "a string", required=required)
        if value is None or value in choices:
            return value
        return self.mistake(key, f"{value!r} is none of {', '.join(choices) or '(none is installed)'}")

    def integer(self, key: str) -> int | None:
        value = self._read(key, int, "a whole number")
        if value is not None and not 0 <= value <= LARGEST:
            return self.mistake(key, f"{value} is not between 0 and {LARGEST}")
        return value

    def boolean(self, key: str) -> bool | None:
        return self._read(key, bool, "true or false")

    def time(self, key: str) -> datetime | None:
        """A moment: TOML's offset date-time."""
        value = self._read(key, datetime, "a date and time such as 2026-01-01T00:00:00Z")
        if value is not None and value.tzinfo is None:
            return self.mistake(key, "lacks its offset from UTC; write 2026-01-01T00:00:00Z")
        return value

    def raw(self, key: str, kind: type = object, words: str = "") -> Any:
        return self._read(key, kind, words)

    def texts(self, key: str, *, required: bool = False) -> list[str] | None:
        """A list of different strings."""
        value = self._read(key, list, "a list of strings", required=required)
        if value is None:
            return None
        for place, word in enumerate(value):
            if not isinstance(word, str):
                self.mistake(f"{key}[{place}]", f"must be a string, not {_kind(word)}")
            elif word in value[:place]:
                self.mistake(f"{key}[{place}]", f"{word!r} stands in the list twice")
        return value if self.is_sound_at(key) else None

    def table(self, key: str) -> Entry | None:
        value = self._read(key, dict, "a table")
        return None if value is None else Entry(f"{self.path}.{key}", value, self.mistakes)

    def tables(self, key: str) -> list[Entry] | None:
        value = self._read(key, list, "an array of tables")
        return None if value is None else entries(f"{self.path}.{key}", value, self.mistakes)

    def finish(self) -> None:
        """Note every key that nothing asked for."""
        for key in self.values:
            if key not in self.known:
                near = get_close_matches(key, self.known, n=1)
                hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(self.known))}"
                self.mistake(key if key.isprintable() else repr(key), f"unknown key; {hint}")

    def _read(self, key: str, kind: type, words: str, *, required: bool = False) -> Any:
        self.known.add(key)
        if key not in self.values:
            return self.mistake(key, "is missing") if required else None
        value = self.values[key]
        # bool is a subclass of int, and true is no number here
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            return self.mistake(key, f"must be {words}, not {_kind(value)}")
        return value


def entries(path: str, values: list[Any], mistakes: list[Mistake]) -> list[Entry]:
    """The tables of an array; what is no table is noted and left out."""
    found = []
    for place, value in enumerate(values):
        if isinstance(value, dict):
            found.append(Entry(f"{path}[{place}]", value, mistakes))
        else:
            mistakes.append(Mistake(f"{path}[{place}]", f"must be a table, not {_kind(value)}"))
    return found


_KINDS: list[tuple[type, Callable[[Any], str]]] = [
    (bool, lambda value: str(value).lower()),
    (int, lambda value: f"the number {value}"),
    (float, lambda value: f"the number {value}"),
    (str, lambda _: "a string"),
    (list, lambda _: "a list"),
    (dict, lambda _: "a table"),
]


def _kind(value: Any) -> str:
    """What a value is, in TOML's words. A string is never quoted: it may be a secret in the wrong place."""
    return next((words(value) for kind, words in _KINDS if isinstance(value, kind)), "a date or time")
