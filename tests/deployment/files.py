"""What the files at the root tell platforms, read as a platform would."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]


def read(name: str) -> str:
    return (ROOT / name).read_text()


def procfile() -> dict[str, list[str]]:
    """The command of each process type."""
    lines = [line.partition(":") for line in read("Procfile").splitlines() if line.strip()]
    return {name: shlex.split(command) for name, _, command in lines}


def akinon() -> dict[str, Any]:
    return json.loads(read("akinon.json"))


def compose() -> dict[str, Any]:
    return yaml.safe_load(read("compose.yaml"))


def interpolated(value: str, values: dict[str, str]) -> str:
    """A value of compose.yaml with ${NAME}, ${NAME:-default} and ${NAME:?words} filled in. Raises KeyError."""

    def fill(found: re.Match[str]) -> str:
        name, kind, rest = found.groups()
        return values.get(name, rest) if kind == ":-" else values[name]

    return re.sub(r"\$\{(\w+)(?:(:[-?])([^}]*))?\}", fill, value)


def dockerfile(name: str = "Dockerfile") -> list[tuple[str, str]]:
    """Instructions with their words; continued lines are one."""
    text = read(name).replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word.upper(), " ".join(rest.split())) for word, _, rest in (line.partition(" ") for line in lines)]
