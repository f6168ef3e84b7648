"""Which of the messages asked for a report is about."""

from __future__ import annotations

from typing import Any

import pytest

from providers.base import Asked, MessageState, Polls, Report
from providers.polls import matched

ONE = Asked("V-1", "r-1", "+994501110001")
TWO = Asked("V-2", "r-2", "+994501110002")
SAME_NUMBER = Asked("V-3", "r-3", "+994501110002")
FIRST_CALL = Asked("", "r-1", "+994501110001")
OTHERS_ID = Asked("V-1", "r-5", "+994501110005")
ID = "01a2240d-6ff9-7bc9-b425-68f82e387d19"
OURS = Asked("", ID, "+994501110006")
NO_ID = Asked("", "r-4", "+994501110004")

CASES = [
    # what the report says, the messages asked for, the one it is about
    ({"reference": "r-2"}, (ONE, TWO), TWO),
    ({"vendor_id": "V-2"}, (ONE, TWO), TWO),
    ({"to": "994501110002"}, (ONE, TWO), TWO),
    ({"to": "+994501110002"}, (ONE, TWO), TWO),
    ({"to": "+994501110004"}, (ONE, NO_ID), NO_ID),
    ({"reference": "r-1", "vendor_id": "V-2"}, (ONE, TWO), ONE),
    ({"to": "994501110002"}, (ONE, TWO, SAME_NUMBER), None),
    ({"to": "994501110002", "vendor_id": "V-3"}, (ONE, TWO, SAME_NUMBER), SAME_NUMBER),
    ({}, (ONE,), ONE),
    ({}, (ONE, TWO), None),
    ({"reference": "r-9"}, (ONE,), None),
    ({"vendor_id": "V-9"}, (ONE,), None),
    ({"vendor_id": "V-9", "to": "994501110001"}, (ONE,), None),
    ({"to": "994501119999"}, (ONE,), None),
    ({"to": "501110001"}, (ONE,), None),
    ({"vendor_id": "V-1"}, (ONE, ONE), ONE),
    ({"reference": "r-1"}, (FIRST_CALL, ONE), ONE),
    ({"vendor_id": "V-1"}, (ONE, OTHERS_ID), None),
    ({"vendor_id": "V-1"}, (), None),
    ({"reference": ID.upper()}, (ONE, OURS), OURS),
    ({"reference": ID.replace("-", "")}, (ONE, OURS), OURS),
    ({"reference": ID.replace("-", "").upper()}, (ONE, OURS), OURS),
    ({"reference": f"{{{ID}}}"}, (ONE, OURS), OURS),
    ({"reference": "R-2"}, (ONE, TWO), None),
    ({}, (), None),
]


@pytest.mark.parametrize(
    "rules",
    [{"at_once": -1}, {"at_once": 0}, {"at_once": "1"}, {"at_once": True}, {"at_once": 1.5},
     {"per_minute": 0}, {"per_minute": -3}, {"per_minute": 2.5}, {"until": 72}],
)  # fmt: skip
def test_rules_that_no_poll_can_follow_are_refused(rules: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"Polls.{next(iter(rules))} is "):
        Polls(**rules)


def test_the_rules_of_a_queue_are_accepted() -> None:
    assert Polls(at_once=None, per_minute=1).per_minute == 1


@pytest.mark.parametrize(("said", "asked", "expected"), CASES)
def test_a_report_is_about_the_only_message_that_fits(
    said: dict[str, str], asked: tuple[Asked, ...], expected: Asked | None
) -> None:
    assert matched(Report(MessageState.SENT, **said), asked) == expected  # type: ignore[arg-type]
