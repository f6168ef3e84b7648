"""Delivery reports in any order lead to the state that a plain model of the rules gives."""

from __future__ import annotations

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from providers.base import MessageState
from sms.models import Attempt, DeliveryReport, Message
from sms.services.database import clock
from sms.services.reports.apply import ReportUpdate, apply_reports

from .support.load import etelecom_item
from .support.shop import Shop

EVENTS = ("accepted", "sent", "undelivered", "expired", "rejected", "delivered")
BAD = ("undelivered", "expired", "rejected")

# The rules once more, written from the design alone: three facts about one message with two attempts at a vendor whose
# bad report does not mean "it never left".
GOOD = {"accepted": 1, "sent": 2, "delivered": 4}
START = {"submitted": 1, "unconfirmed": 0, "failed": 0, "expired": 0}


class Model:
    """One message, its latest attempt and an earlier one."""

    def __init__(self, status: str) -> None:
        self.status = status
        self.rank = START[status]
        self.reported = {"earlier": 0, "latest": 0}

    def hear(self, attempt: str, word: str) -> None:
        rank_of_word = {"accepted": 1, "sent": 2, "delivered": 4}.get(word, 3)
        if rank_of_word <= self.reported[attempt]:
            return  # a report never moves backwards
        self.reported[attempt] = rank_of_word
        if word in BAD:
            if attempt == "latest" and self.rank < 3:  # a bad late one of an earlier attempt leaves the message alone
                self.rank, self.status = 3, "undelivered"
        elif GOOD[word] > self.rank:  # a good one of any attempt counts
            self.rank, self.status = GOOD[word], "submitted" if word == "accepted" else word


Event = tuple[str, str]
events = st.lists(st.tuples(st.sampled_from(["earlier", "latest"]), st.sampled_from(EVENTS)), min_size=1, max_size=6)


def new_message(vendors: Any) -> Message:
    """A message with two attempts; reports name them by their vendor's ids."""
    message = Shop(vendors).accept(etelecom_item())
    for number, name in enumerate(("earlier", "latest"), 1):
        Attempt.objects.create(
            id=clock.new_id(),
            message=message,
            number=number,
            provider_id=message.provider_id,
            lease_token=clock.new_id(),
            outcome="accepted" if name == "latest" else "unconfirmed",
            vendor_message_id=name,
            started_at=clock.now(),
        )
    return message


def begin(message: Message, status: str) -> None:
    """As if nothing had been reported yet."""
    DeliveryReport.objects.all().delete()
    Attempt.objects.update(reported="")
    Message.objects.filter(pk=message.pk).update(status=status, attempts_made=2, code="", detail="")


def updates(message: Message, said: Sequence[Event]) -> list[ReportUpdate]:
    return [
        ReportUpdate(message.provider_id, MessageState(word), vendor_id=attempt, may_wait=True)
        for attempt, word in said
    ]


@pytest.mark.parametrize("orders", [100, pytest.param(5_000, marks=pytest.mark.faults)])
def test_any_order_of_reports_ends_where_the_model_says(db: None, vendors: Any, orders: int):
    message = new_message(vendors)

    @settings(max_examples=orders, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(sorted(START)), events, st.integers(1, 6))
    def check(status: str, said: Sequence[Event], at_once: int) -> None:
        with transaction.atomic():
            begin(message, status)
            for place in range(0, len(said), at_once):
                apply_reports(updates(message, said[place : place + at_once]))
            message.refresh_from_db()
            assert message.status == ends(status, said), (status, said, at_once)
            transaction.set_rollback(True)

    check()


def ends(status: str, said: Sequence[Event]) -> str:
    model = Model(status)
    for event in said:
        model.hear(*event)
    return model.status


def test_concurrent_reports_end_where_some_order_of_them_ends(transactional_db: None, vendors: Any):
    message = new_message(vendors)
    dice = random.Random(4)
    for _ in range(25):
        said = [(dice.choice(["earlier", "latest"]), dice.choice(EVENTS)) for _ in range(4)]
        begin(message, "submitted")
        with ThreadPoolExecutor(len(said)) as pool:
            list(pool.map(lambda event: apply_alone(message, event), said))
        message.refresh_from_db()
        assert message.status in {ends("submitted", order) for order in permutations(said)}, said


def apply_alone(message: Message, event: Event) -> None:
    try:
        apply_reports(updates(message, [event]))
    finally:
        connection.close()
