"""Many rows in one statement: whatever they hold."""

import pytest

from sms.services.database import bulk_sql


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("plain", "plain"),
        ("nul \0 inside", "nul \\x00 inside"),
        ("lone \ud800 surrogate", "lone \\ud800 surrogate"),
        ("a backslash, u0000: \\u0000", "a backslash, u0000: \\u0000"),
        ("emoji \U0001f600", "emoji \U0001f600"),
        ("Azərbaycan ' \" % {}", "Azərbaycan ' \" % {}"),
        (None, None),
    ],
)
@pytest.mark.django_db
def test_any_text_is_stored_readable(given, stored):
    columns = {"text": "text", "number": "bigint"}
    records = [{"text": given, "number": 7}, {"text": "other", "number": None}]
    found = bulk_sql.write_records("SELECT text, number FROM v", columns, records)
    assert [tuple(row) for row in found] == [(stored, 7), ("other", None)]
