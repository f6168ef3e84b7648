"""Information of the kernel about processes (Linux: /proc)."""

from __future__ import annotations

from pathlib import Path


def children_of(number: int) -> list[int]:
    """The process's children."""
    children = Path(f"/proc/{number}/task/{number}/children")
    return [int(word) for word in children.read_text().split()] if children.exists() else []


def state_of(number: int) -> str | None:
    """The state's letter (R, S, T for stopped, Z for dead and not yet reaped …); None if there is no such process."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return None


def alive(number: int) -> bool:
    return state_of(number) not in (None, "Z")
