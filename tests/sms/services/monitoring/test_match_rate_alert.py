"""The alerts for changed texts of a shop."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sms.models import Alert, ApiClient, HourlyMatch, Message, MessageTemplate, RefusedRequest, RollupHour
from sms.services.database import clock
from sms.services.monitoring import hourly_stats, match_rate_alert

pytestmark = pytest.mark.django_db


@pytest.fixture
def client():
    return ApiClient.objects.create(username="akinon", secret_digest="0" * 64)


def template(name):
    return MessageTemplate.objects.create(name=name, body=f"{name} {{code}}")


def gave(template, *, hours_ago, count):
    hour, _ = RollupHour.objects.get_or_create(
        hour=clock.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours_ago)
    )
    HourlyMatch.objects.create(hour=hour, template=template, count=count)


def refused(client, text, count, *, hours_ago=0.5):
    when = clock.now() - timedelta(hours=hours_ago)
    RefusedRequest.objects.bulk_create(
        RefusedRequest(
            client=client,
            request_id="made-up",
            http_status=422,
            code="template_not_matched",
            shape=text.format(n="#" * (n % 3 + 1)),
            created_at=when,
        )
        for n in range(count)
    )


def is_open():
    return list(Alert.objects.filter(closed_at=None).values_list("key", flat=True))


def test_a_template_whose_share_falls_by_half_raises_the_alarm_until_it_is_back():
    falls, stays = template("falls"), template("stays")
    gave(falls, hours_ago=48, count=500)
    gave(stays, hours_ago=48, count=500)
    gave(falls, hours_ago=2, count=20)
    gave(stays, hours_ago=2, count=80)
    match_rate_alert.evaluate()
    assert is_open() == ["template:share:falls"]
    assert "20%" in Alert.objects.get().title
    gave(falls, hours_ago=1, count=80)
    match_rate_alert.evaluate()
    assert is_open() == []


def test_few_messages_raise_no_alarm():
    falls, stays = template("falls"), template("stays")
    gave(falls, hours_ago=48, count=match_rate_alert.MIN_MATCHES - 1)
    gave(stays, hours_ago=2, count=500)
    match_rate_alert.evaluate()
    assert is_open() == []


def test_more_than_twenty_refused_texts_of_a_new_kind_raise_the_alarm(client):
    refused(client, "Sifariş {n} anbardan çıxdı", 20)
    match_rate_alert.evaluate()
    assert is_open() == []
    refused(client, "Sifariş {n} anbardan çıxdı", 1)
    match_rate_alert.evaluate()
    assert len(is_open()) == 1
    assert "anbardan" in Alert.objects.get().title


def test_a_kind_that_was_refused_before_the_last_day_is_not_new(client):
    refused(client, "Sifariş {n} anbardan çıxdı", 1, hours_ago=30)
    refused(client, "Sifariş {n} anbardan çıxdı", 50)
    match_rate_alert.evaluate()
    assert is_open() == []


def test_the_hourly_sums_count_what_each_template_gave(client):
    made = template("otp")
    now = clock.now()
    for n in range(3):
        Message.objects.create(
            id=clock.new_id(),
            client=client,
            request_id=str(n),
            sender="AKINON",
            to="+994501234567",
            encoding="GSM-7",
            segments=1,
            status="submitted",
            template_version=made.current_version if n else None,
            expires_at=now,
            created_at=now,
            updated_at=now,
        )
    hourly_stats.roll_up(10)
    assert list(HourlyMatch.objects.values_list("template", "count")) == [(made.pk, 2)]
