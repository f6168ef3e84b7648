"""A vendor that sends its own registered texts, whatever we believe of them."""

from __future__ import annotations

import re

_PLACE = re.compile(r"%([1-9])")


class Registry:
    """The vendor's side: each id has one text, with %1, %2 … for the parameters."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.dropped: set[str] = set()
        """Ids that the vendor does not know now."""

    def register(self, text: str) -> str:
        """Approve a text under a new id."""
        key = str(1000 + len(self.texts))
        self.texts[key] = text
        return key

    def handset_shows(self, key: str, parameters: tuple[str, ...]) -> str:
        return _PLACE.sub(lambda found: parameters[int(found[1]) - 1], self.texts[key])
