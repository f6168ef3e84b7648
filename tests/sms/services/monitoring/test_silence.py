"""Alerts are acknowledged, and silenced for a while."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sms.models import Alert, AlertNotice
from sms.services.database import clock
from sms.services.monitoring import alert_delivery, alerts
from sms.services.queue.errors import ActionRefused

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _mail(settings, shop):
    settings.ALERT_EMAIL = ["staff@shop.example"]


def opened(key: str = "breaker:first") -> Alert:
    alerts.open_alert(key, title="first is suspended")
    return Alert.objects.get(key=key, closed_at=None)


def subjects(mailoutbox) -> list[str]:
    while alert_delivery.deliver():
        pass
    return [message.subject.split("]")[1].strip() for message in mailoutbox]


def end_silence() -> None:
    Alert.objects.exclude(silenced_until=None).update(silenced_until=clock.now())


def test_an_alert_that_opens_again_stays_silent_until_the_silence_is_over(mailoutbox):
    alert = opened()
    assert subjects(mailoutbox) == ["opened: first is suspended"]
    alerts.silence(alert.pk, HOUR, actor="aysel")
    alerts.close_alert(alert.key)
    again = opened()
    assert (again.silenced_by, again.silenced_until) == ("aysel", Alert.objects.get(pk=alert.pk).silenced_until)
    assert subjects(mailoutbox) == ["opened: first is suspended"]
    end_silence()
    assert subjects(mailoutbox)[1:] == ["closed: first is suspended", "opened: first is suspended"]


def test_of_an_alert_that_came_and_went_in_silence_nobody_is_told(mailoutbox):
    alerts.silence(opened().pk, HOUR, actor="aysel")
    alerts.close_alert("breaker:first")
    assert subjects(mailoutbox) == []
    end_silence()
    assert subjects(mailoutbox) == []
    assert not AlertNotice.objects.filter(due_at__isnull=False).exists()


def test_a_silence_concerns_its_own_condition_alone(mailoutbox):
    alerts.silence(opened().pk, HOUR, actor="aysel")
    opened("queue:waiting")
    assert len(subjects(mailoutbox)) == 1


def test_a_silence_is_ended_by_hand(mailoutbox):
    alert = opened()
    alerts.silence(alert.pk, HOUR, actor="aysel")
    alerts.silence(alert.pk, timedelta(0), actor="murad")
    assert subjects(mailoutbox) == ["opened: first is suspended"]


def test_a_silence_is_bounded_and_for_open_alerts():
    alert = opened()
    with pytest.raises(ActionRefused, match="7 days"):
        alerts.silence(alert.pk, timedelta(days=8), actor="aysel")
    alerts.close_alert(alert.key)
    for act in (lambda: alerts.silence(alert.pk, HOUR, actor="a"), lambda: alerts.acknowledge(alert.pk, actor="a")):
        with pytest.raises(ActionRefused, match="closed already"):
            act()


def test_an_alert_is_acknowledged_once():
    alert = opened()
    alerts.acknowledge(alert.pk, actor="aysel")
    with pytest.raises(ActionRefused, match="aysel has acknowledged"):
        alerts.acknowledge(alert.pk, actor="murad")
    alert.refresh_from_db()
    assert alert.acknowledged_by == "aysel"
    assert alert.acknowledged_at is not None
