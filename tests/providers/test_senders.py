"""Which senders a vendor takes."""

from __future__ import annotations

import pytest

from providers.senders import FIXED_SENDER, REQUIRED_SENDER, SenderRule, SenderUse

USUAL = SenderRule(SenderUse.OPTIONAL, letters=11, digits=15)
NO_NUMBERS = SenderRule(SenderUse.REQUIRED, letters=11, digits=0)
NUMBERS_ALONE = SenderRule(SenderUse.REQUIRED, letters=0, digits=15)


@pytest.mark.parametrize(
    ("rule", "name", "taken"),
    [
        (USUAL, "BRAND", True),
        (USUAL, "BRAND NAMES", True),
        (USUAL, "BRAND NAMES2", False),
        (USUAL, "+15551234567", True),
        (USUAL, "123456789012345", True),
        (USUAL, "1234567890123456", False),
        (USUAL, "123456789012A", False),
        (USUAL, "٣٣٣٣٣٣٣٣٣٣٣٣", False),
        (NO_NUMBERS, "4321", False),
        (NO_NUMBERS, "+4321", False),
        (NO_NUMBERS, "4321A", True),
        (NUMBERS_ALONE, "BRAND", False),
        (NUMBERS_ALONE, "15551234567", True),
        (REQUIRED_SENDER, "A name of any length at all", True),
        (FIXED_SENDER, "1" * 64, True),
    ],
)
def test_letters_and_digits_have_a_limit_each(rule: SenderRule, name: str, taken: bool) -> None:
    problem = rule.problem(name)
    assert (problem == "") == taken
    assert taken or name in problem
