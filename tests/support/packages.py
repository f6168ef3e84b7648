"""Packages as an installer leaves them in a folder of `sys.path`: modules, and the folder of their metadata."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path


def install(folder: Path, pyproject: str, files: Mapping[str, str]) -> None:
    """What `pip install` would leave there: the files, the name, the version and the entry points."""
    project = tomllib.loads(pyproject)["project"]
    for name, text in files.items():
        (folder / name).write_text(text)
    info = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    groups = project.get("entry-points", {}).items()
    lines = [line for group, points in groups for line in (f"[{group}]", *map(" = ".join, points.items()))]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")


def project(name: str, **adapters: str) -> str:
    """The pyproject.toml of a package that brings these adapters."""
    points = "".join(f'{slug} = "{place}"\n' for slug, place in adapters.items())
    return f'[project]\nname = "{name}"\nversion = "1.0"\n[project.entry-points."sms_desk.providers"]\n{points}'
