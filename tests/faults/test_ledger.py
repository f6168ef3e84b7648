"""The figures from which docs/reliability.md is generated."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from .support import report
from .support.evidence import Figures
from .support.ledger import Entry, Ledger, load


def test_the_document_is_what_the_figures_say():
    assert report.DOCUMENT.read_text() == report.document(load())


def test_a_new_figure_takes_the_place_of_the_old_one_of_its_fault_and_database(tmp_path: Path):
    file = tmp_path / "figures.json"
    for database, unconfirmed in (("SQLite", 5), ("PostgreSQL", 6), ("SQLite", 7)):
        book = Ledger(database)
        book.note("made-up fault", Figures(10, 0, 0, unconfirmed))
        book.save(file)
    assert [(row["database"], row["unconfirmed"]) for row in load(file)] == [("PostgreSQL", 6), ("SQLite", 7)]


@pytest.mark.parametrize(("lost", "doubled"), [(1, 0), (0, 1)])
def test_a_loss_or_a_double_is_no_document(lost: int, doubled: int):
    row = asdict(Entry("dispatcher killed", "SQLite", 1, 10, lost, doubled, 0))
    with pytest.raises(ValueError, match="losses or doubles"):
        report.document([row])
