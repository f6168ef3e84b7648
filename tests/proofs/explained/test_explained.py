"""The states of a few hundred histories are rebuilt from their JSON; with a part left out, they are not."""

from __future__ import annotations

from unittest import mock

import pytest

from sms.models import MessageEvent
from sms.services.queue import claimed_messages
from sms.services.staff import explanation
from tests.simulation.bugs import without_part
from tests.simulation.conftest import prepared  # noqa: F401 - a fixture

from .histories import Totals, mismatches, run

pytestmark = pytest.mark.any_database
HISTORIES = 200
SEEDS = range(1, 12)


def test_the_checker_rebuilds_the_state_of_every_history(prepared, capsys):  # noqa: F811
    totals = run(range(1, 100), prepared, HISTORIES)
    assert "mismatch" not in capsys.readouterr().out
    assert totals.histories >= HISTORIES
    assert totals.mismatches == 0


def decisions_of_dispatchers_left_out():
    return without_part(claimed_messages, "_ADD_EVENTS", "WHERE v.event IS NOT NULL", "WHERE false")


def decisions_of_rules_left_out():
    return mock.patch.object(MessageEvent, "add_by_rule")


def _without(kind):
    real = explanation._history

    def history(rows, shows_text):
        return [entry for entry in real(rows, shows_text) if entry[1]["kind"] != kind]

    return mock.patch.object(explanation, "_history", history)


def reports_left_out():
    return _without("report")


def ends_of_calls_left_out():
    return _without("attempt_ended")


def actions_of_staff_left_out():
    return _without("event")


@pytest.mark.parametrize(
    "bug",
    [
        decisions_of_dispatchers_left_out,
        decisions_of_rules_left_out,
        reports_left_out,
        ends_of_calls_left_out,
        actions_of_staff_left_out,
    ],
)
def test_a_part_left_out_on_purpose_is_found_and_named_with_its_seed(prepared, bug):  # noqa: F811
    with bug():
        found = next(each for seed in SEEDS for each in mismatches(seed, prepared, Totals()))
    assert found.startswith("mismatch, --seed ")
