"""How what a client reports counts for the success of a call."""

from __future__ import annotations

import pytest

from sms.domain.quality.client_outcomes import ClientOutcome, is_success
from sms.domain.status_descriptions import CLIENT_OUTCOME


@pytest.mark.parametrize(
    ("outcome", "reported", "client_outcome", "expected"),
    [
        ("accepted", "", None, True),
        ("accepted", "", "used", True),
        ("accepted", "", "unsubscribed", True),
        ("accepted", "", "not_received", False),
        ("accepted", "sent", "not_received", False),
        ("accepted", "accepted", "not_received", False),
        ("accepted", "delivered", "not_received", True),
        ("accepted", "undelivered", "used", True),
        ("accepted", "expired", "unsubscribed", True),
        ("accepted", "undelivered", "not_received", False),
        ("unconfirmed", "", None, False),
        ("unconfirmed", "", "used", True),
        ("unconfirmed", "", "not_received", False),
        ("unconfirmed", "delivered", None, True),
        ("unconfirmed", "delivered", "not_received", True),
        ("refused", "", "used", False),  # it was in flight when the client reported, and was not sent
        ("unavailable", "", "used", False),
        ("misconfigured", "", "unsubscribed", False),
    ],
)
def test_what_was_used_has_arrived_and_a_report_of_delivery_outweighs_not_received(
    outcome: str, reported: str, client_outcome: str | None, expected: bool
) -> None:
    assert is_success(outcome, reported, client_outcome) is expected


def test_the_strongest_is_kept_and_each_one_is_described() -> None:
    weaker = {each.value: list(map(str, each.weaker)) for each in ClientOutcome}
    assert weaker == {"not_received": [], "used": ["not_received"], "unsubscribed": ["not_received", "used"]}
    assert set(CLIENT_OUTCOME) == set(ClientOutcome)
