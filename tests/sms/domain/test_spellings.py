"""One number in any spelling, and no other."""

from __future__ import annotations

import pytest

from sms.domain.spellings import replaced, spellings


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("+12025550123", "call (202) 555-0123 now"),
        ("+12025550123", "1.202.555.0123"),
        ("+12025550123", "+1 202 555 0123"),
        ("+447911123456", "07911 123456"),
        ("+447911123456", "+44 (0)7911 123 456"),
        ("+447911123456", "44%207911%20123456"),
        ("+994501234567", "<to>994501234567</to>"),
        ("+994501234567", "sms-994501234567@x"),
        ("+994501234567", "９９４５０１２３４５６７"),
    ],
)
def test_it_is_replaced(number, text):
    new = replaced(text, spellings(number), "#x")
    assert "#x" in new
    assert not spellings(number).search(new)


def test_blanks_around_it_stay():
    assert replaced("a +994 50 123 45 67 b", spellings("+994501234567"), "#x") == "a #x b"


@pytest.mark.parametrize("text", ["1234567", "order 12345678", "+4712345678901"])
def test_a_short_number_is_found_with_its_country_code_only(text):
    assert not spellings("+29012345").search(text)


def test_numbers_in_documents_are_found_as_texts_and_as_integers():
    value = {"to": 994501234567, "list": ["+994501234567", True, None, 1], "00994501234567": 1.5}
    new = {"to": "#x", "list": ["#x", True, None, 1], "#x": 1.5}
    assert replaced(value, spellings("+994501234567"), "#x") == new
