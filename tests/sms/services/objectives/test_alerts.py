"""An alert opens while the error budget of an objective burns fast, and closes soon after."""

from __future__ import annotations

from typing import Any

import pytest

from sms.models import Alert, Objective, Provider
from sms.services.objectives.alerts import evaluate
from tests.sms.services.objectives.test_roll_up import everything


def open_alerts() -> list[str]:
    everything()
    evaluate()
    return list(Alert.objects.filter(closed_at=None).order_by("key").values_list("key", flat=True))


def minute_by_minute(traffic: Any, pass_time: Any, minutes: int, *, each: int = 2, **call: Any) -> list[str]:
    for _ in range(minutes):
        for second in range(each):
            attempt = traffic.send(ago=second, **call)
            traffic.receipt(attempt, after=1)
        pass_time(minutes=1)
    return open_alerts()


def test_slow_answers_open_an_alert_and_it_closes_when_they_end(traffic, pass_time):
    assert minute_by_minute(traffic, pass_time, 20) == []
    assert minute_by_minute(traffic, pass_time, 10, took=5) == ["objective:plain-az:AZ:otp:answer"]
    alert = Alert.objects.get()
    assert alert.title == "plain-az, AZ: 66.6 % of 60 OTPs answered within 2 s in 1 h; the objective is 99 %"
    assert (alert.severity, alert.provider_id) == ("critical", traffic.plain.pk)
    assert minute_by_minute(traffic, pass_time, 12, each=1) == ["objective:plain-az:AZ:otp:answer"]  # the slow rule
    assert minute_by_minute(traffic, pass_time, 25, each=1) == []
    assert Alert.objects.get().closed_at is not None


def test_the_figures_of_an_open_alert_follow(traffic, pass_time):
    minute_by_minute(traffic, pass_time, 20, took=5)
    minute_by_minute(traffic, pass_time, 2, took=5)
    assert Alert.objects.get().title.startswith("plain-az, AZ: 0 % of 44 OTPs")


@pytest.mark.parametrize("messages", [29, 30])
def test_under_thirty_messages_nothing_is_opened(traffic, messages):
    for second in range(messages):
        traffic.send(ago=second, outcome="unavailable", is_otp=False)
    assert open_alerts() == (["objective:plain-az:AZ:other:success"] if messages == 30 else [])


def test_a_vendor_that_accepts_and_reports_no_more_is_found(traffic, pass_time):
    minute_by_minute(traffic, pass_time, 20)
    for _ in range(80):
        traffic.send(ago=0)
        traffic.send(ago=1)
        pass_time(minutes=1)
    assert open_alerts() == ["objective:plain-az:AZ:otp:receipt"]


def test_a_vendor_that_never_reported_opens_nothing(traffic, pass_time):
    for second in range(60):
        traffic.send(ago=second, provider=traffic.templated)
    pass_time(minutes=5)
    assert open_alerts() == []


def test_what_is_not_measured_or_not_enabled_closes_its_alert(traffic):
    for second in range(40):
        traffic.send(ago=second, took=5, is_otp=True)
    assert open_alerts() == ["objective:plain-az:AZ:otp:answer"]
    objective = Objective.objects.create(provider=traffic.plain, answer_percent=0)
    assert open_alerts() == []
    objective.delete()
    assert open_alerts() == ["objective:plain-az:AZ:otp:answer"]
    Provider.objects.update(enabled=False)
    assert open_alerts() == []


def test_the_longest_key_fits(traffic):
    Provider.objects.filter(pk=traffic.plain.pk).update(slug="p" * 64)
    for second in range(40):
        traffic.send(ago=second, is_otp=False, outcome="refused")
    assert open_alerts() == [f"objective:{'p' * 64}:AZ:other:success"]
