"""Sixty templates and six hundred texts as shops send them: each text has the outcome that is written beside it."""

import tomllib
from pathlib import Path

import pytest

from sms.domain.matching.index import Ambiguous, Index, Matched
from sms.domain.matching.nearest import nearest
from sms.domain.matching.templates import parse_body, parse_kinds
from sms.domain.newline_escape import normalise

TABLES = {
    path.stem: tomllib.loads(path.read_text("utf-8")) for path in sorted(Path(__file__).parent.glob("corpus/*.toml"))
}
ROWS = [(language, row) for language, table in TABLES.items() for row in table["texts"]]
# One provider has the templates of all four countries.
TEMPLATES = [
    (template["name"], parse_body(template["body"], parse_kinds(template["placeholders"])))
    for table in TABLES.values()
    for template in table["templates"]
]
INDEX = Index(TEMPLATES)


def expected(row):
    if "gives" in row:
        return Matched(row["gives"], row["values"], tuple(row.get("smoothing", ())))
    return set(row["ties"]) if "ties" in row else None


def names(rows):
    return [f"{language}-{number:03}" for number, (language, _) in enumerate(rows)]


@pytest.mark.parametrize(("language", "row"), ROWS, ids=names(ROWS))
def test_every_text_has_the_outcome_written_beside_it(language, row):
    found = INDEX.match(normalise(row["text"], "outside_urls"))
    assert (set(found.keys) if isinstance(found, Ambiguous) else found) == expected(row)


MISSES = [(language, row) for language, row in ROWS if "miss" in row]


@pytest.mark.parametrize(("language", "row"), MISSES, ids=names(MISSES))
def test_every_miss_by_a_character_has_a_nearest_template_in_its_language(language, row):
    near = nearest(INDEX, normalise(row["text"], "outside_urls"))
    assert near is not None
    assert near.key.startswith(f"{language}-")


def test_the_tables_hold_what_they_promise():
    assert set(TABLES) == {"az", "ro", "tr", "vi"}
    assert len(TEMPLATES) == len(dict(TEMPLATES)) == 60
    assert len(ROWS) == len({(language, row["text"]) for language, row in ROWS}) == 600
    texts = [row["text"] for _, row in ROWS]
    assert "Sizin təsdiq kodunuz: 004217. Heç kimə verməyin." in texts
    values = [value for _, row in ROWS for value in row.get("values", {}).values()]
    assert sum("/n" in text for text in texts) >= 30
    assert sum(value.isdigit() and value.startswith("0") for value in values) >= 50
    assert sum("http" in value.lower() for value in values) >= 40
    assert all(
        sum(key in row for _, row in ROWS) >= least for key, least in (("gives", 400), ("miss", 150), ("ties", 4))
    )
