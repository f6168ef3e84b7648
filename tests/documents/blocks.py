"""The fenced blocks of the documents: their language, their marks, their text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^(?P<indent> *)```(?P<info>[^\n`]*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """`marks`: the words after the language; `file=NAME` names the file that the block stands for."""

    document: str
    language: str
    marks: tuple[str, ...]
    text: str

    @property
    def file(self) -> str:
        return next((mark.removeprefix("file=") for mark in self.marks if mark.startswith("file=")), "")


def blocks(document: str) -> list[Block]:
    """Every fenced block of a document, in order, without its indentation."""
    found = _FENCE.finditer((ROOT / document).read_text())
    return [_block(document, match) for match in found]


def _block(document: str, match: re.Match[str]) -> Block:
    language, *marks = match["info"].split() or [""]
    text = re.sub(rf"^{match['indent']}", "", match["text"], flags=re.MULTILINE)
    return Block(document, language, tuple(marks), text)


def documents() -> list[str]:
    """README and the documents, by their paths."""
    return sorted(str(path.relative_to(ROOT)) for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
