"""The table of ASVS in the threat model names files and tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "threat-model.md").read_text().partition("\n## ASVS 5, level 2\n")[2]
ROWS = [
    tuple(cell.strip() for cell in line.strip("|").split("|")) for line in PAGE.splitlines() if line.startswith("| V")
]


def test_the_table_has_rows() -> None:
    assert len(ROWS) > 40
    assert len(set(ROWS)) == len(ROWS)


@pytest.mark.parametrize(("requirement", "where", "tests"), ROWS, ids=[row[0][:60] for row in ROWS])
def test_each_row_names_a_section_files_and_tests_that_exist(requirement: str, where: str, tests: str) -> None:
    assert re.match(r"V(1[0-7]|[1-9])\.\d [A-Z]", requirement)
    files, named = re.findall(r"`([^`]+)`", where), re.findall(r"`([^`]+)::(test_\w+)`", tests)
    assert files
    assert named
    assert len(named) == tests.count("`") // 2
    for file in files:
        assert (PROJECT / file).is_file(), file
    for file, name in named:
        assert re.search(rf"def {name}\(", (PROJECT / file).read_text()), f"{file}::{name}"
