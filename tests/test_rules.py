"""Rules that no linter checks: where locks, the environment and vendors' names may stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
VENDORS = sorted({path.stem for path in (PROJECT / "providers/vendors").glob("[!_]*.py")} - {"sandbox"})
CODE = ("config", "providers", "sms", "templates", "manage.py")

RULES = {
    "a lock clause": (
        re.compile(r"\bfor\s+(no\s+key\s+)?update\b|\bfor\s+share\b|skip\s+locked|select_for_update", re.IGNORECASE),
        {"sms/services/queue/outbox.py"},
    ),
    "a read of the environment": (
        re.compile(r"os\.environ(?!\.setdefault\(.DJANGO_SETTINGS_MODULE)|getenv\("),
        # The supervisor hands its own environment on to its children and reads nothing of it.
        {"config/environment.py", "config/gunicorn.py", "sms/management/demonstration/supervisor.py"},
    ),
    "a vendor's name": (
        re.compile("|".join([*VENDORS, "voipit", "omnimess"]), re.IGNORECASE),
        {"providers/vendors/", "sms/management/demonstration"},
    ),
}


def files() -> list[Path]:
    found = [
        path
        for name in CODE
        for path in ([PROJECT / name] if (PROJECT / name).is_file() else (PROJECT / name).rglob("*"))
    ]
    return [path for path in found if path.suffix in {".py", ".html", ".js", ".css"}]


@pytest.mark.parametrize("rule", RULES)
def test_it_stands_only_where_it_may(rule: str) -> None:
    pattern, allowed = RULES[rule]
    places = [
        f"{path.relative_to(PROJECT)}:{number}: {line.strip()}"
        for path in files()
        if not any(str(path.relative_to(PROJECT)).startswith(name) for name in allowed)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if pattern.search(line)
    ]
    assert places == []


@pytest.mark.parametrize("rule", RULES)
def test_the_rule_would_see_it(rule: str) -> None:
    """Where it is allowed it stands, so the pattern finds what it is for."""
    pattern, allowed = RULES[rule]
    at_home = [path for path in files() if any(str(path.relative_to(PROJECT)).startswith(name) for name in allowed)]
    assert any(pattern.search(path.read_text()) for path in at_home)


def test_no_file_is_about_two_things() -> None:
    """A file past 400 lines is about two things (migrations are written by a machine)."""
    long = {
        str(path.relative_to(PROJECT)): lines
        for path in files()
        if path.suffix == ".py" and "migrations" not in path.parts
        if (lines := len(path.read_text().splitlines())) > 400
    }
    assert long == {}


def test_no_private_method_of_a_library_is_extended() -> None:
    """It may change in any release."""
    extended = re.compile(r"super\(\)\._[a-z]")
    assert [str(path) for path in files() if path.suffix == ".py" and extended.search(path.read_text())] == []
