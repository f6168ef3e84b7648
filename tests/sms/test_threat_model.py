"""The threat model names a test for each row, and each of them exists."""

from __future__ import annotations

import re
from pathlib import Path

PROJECT = Path(__file__).parents[2]


def rows() -> list[list[str]]:
    page = (PROJECT / "docs" / "threat-model.md").read_text().partition("\n## ")[0]
    lines = [line for line in page.splitlines() if line.startswith("| ")][1:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_row_has_a_threat_a_control_and_tests_that_exist() -> None:
    written = "\n".join(path.read_text() for path in (PROJECT / "tests").rglob("test_*.py"))
    existing = set(re.findall(r"def (test_\w+)\(", written))
    assert len(rows()) > 20
    for threat, control, tests in rows():
        named = re.findall(r"`(test_\w+)`", tests)
        assert threat, tests
        assert control, tests
        assert named, threat
        assert set(named) <= existing, set(named) - existing
