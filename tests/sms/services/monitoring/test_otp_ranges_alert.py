"""The alert when OTPs to many ranges of one country rise together."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sms.domain.ids import uuid7
from sms.models import Alert, ApiClient, Message
from sms.services.database import clock
from sms.services.monitoring import otp_ranges_alert

pytestmark = pytest.mark.django_db


@pytest.fixture
def client():
    return ApiClient.objects.create(username="akinon", secret_digest="0" * 64)


def otps(client, start: str, *, ranges: int = 10, each: int = 10, minutes_ago: int = 5, **columns):
    """OTPs to so many neighbouring ranges; `start` is a number without its last four digits."""
    at = clock.now() - timedelta(minutes=minutes_ago)
    values = {"request_id": "r", "sender": "A", "encoding": "GSM-7", "segments": 1, "status": "submitted"}
    values |= {"is_otp": True, "created_at": at, "updated_at": at, "expires_at": at} | columns
    numbers = [f"{start}{place:02}{number:02}" for place in range(ranges) for number in range(each)]
    first = int(at.timestamp() * 1000)
    used = Message.objects.count()
    Message.objects.bulk_create(
        Message(id=uuid7(first, used + place), client=client, to=to, **values) for place, to in enumerate(numbers)
    )


def is_open():
    otp_ranges_alert.evaluate()
    return list(Alert.objects.filter(closed_at=None).values_list("key", flat=True))


def test_many_ranges_of_one_country_open_it_and_quiet_closes_it(client):
    otps(client, "+40712345")
    assert is_open() == ["otp-ranges:RO"]
    assert is_open() == ["otp-ranges:RO"]
    Message.objects.all().delete()
    assert is_open() == []


@pytest.mark.parametrize(
    "change",
    [{"ranges": 9}, {"each": 9}, {"is_otp": False}, {"is_test": True}, {"minutes_ago": 70}],
    ids=["too few ranges", "too few OTPs", "no OTPs", "tests of staff", "over an hour ago"],
)
def test_less_does_not(client, change):
    otps(client, "+40712345", **change)
    assert is_open() == []


def test_what_was_as_high_an_hour_before_is_no_rise(client):
    otps(client, "+40712345", each=20)
    otps(client, "+40712345", each=7, minutes_ago=90)
    assert is_open() == []


def test_ranges_of_two_countries_are_not_added(client):
    otps(client, "+40712345", ranges=5)
    otps(client, "+99450123", ranges=5)
    assert is_open() == []


def test_several_clients_are_added(client):
    other = ApiClient.objects.create(username="other", secret_digest="1" * 64)
    otps(client, "+40712345", each=5)
    otps(other, "+40712345", each=5, minutes_ago=6)
    assert is_open() == ["otp-ranges:RO"]
