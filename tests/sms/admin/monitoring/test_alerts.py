"""Staff close alerts that are not closed automatically, with a reason."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from sms.models import Alert, AlertNotice
from sms.services.monitoring import alerts

REASON = {"reason": "the template is corrected", "_form_submitted": "on"}


def opened(key: str) -> Alert:
    alerts.open_alert(key, title="plain-az refuses messages as it is set up")
    return Alert.objects.get(key=key, closed_at=None)


def close(client: Client, alert: Alert, **values: str):
    return client.post(reverse("admin:sms_alert_close", args=(alert.pk,)), REASON | values)


def page_of(client: Client, alert: Alert) -> str:
    return client.get(reverse("admin:sms_alert_change", args=(alert.pk,))).content.decode()


@pytest.mark.parametrize(
    "key",
    [
        "config:plain-az:-6",
        "report-beats-state:0190aa00-0000-7000-8000-000000000001",
        "report-unapplied:first",
        "report-config:first:made-up",
        "unread-report:first",
        "unread-received:modem-1",
    ],
)
def test_an_alert_that_never_closes_by_itself_is_closed_with_a_reason(key, boss, cast, settings):
    settings.ALERT_EMAIL = "staff@shop.example"
    alert = opened(key)
    address = reverse("admin:sms_alert_close", args=(alert.pk,))
    assert address in page_of(boss, alert)
    assert close(boss, alert).headers["HX-Redirect"] == reverse("admin:sms_alert_change", args=(alert.pk,))
    alert.refresh_from_db()
    assert alert.closed_at is not None
    assert "the template is corrected" in LogEntry.objects.get(object_id=str(alert.pk)).change_message
    assert alert.notices.filter(change=AlertNotice.Change.CLOSED).exists()
    assert address not in page_of(boss, alert)
    assert opened(key).pk != alert.pk  # the same mistake again is news again


def test_without_a_reason_it_stays_open(boss, cast):
    alert = opened("config:plain-az:-6")
    close(boss, alert, reason="")
    boss.get(reverse("admin:sms_alert_close", args=(alert.pk,)), REASON)
    assert Alert.objects.filter(pk=alert.pk, closed_at=None).exists()


def test_an_alert_that_closes_by_itself_is_not_closed_by_hand(boss, cast):
    alert = opened("breaker:plain-az")
    assert reverse("admin:sms_alert_close", args=(alert.pk,)) not in page_of(boss, alert)
    close(boss, alert)
    assert "closes by itself" in page_of(boss, alert)
    assert Alert.objects.filter(pk=alert.pk, closed_at=None).exists()
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize(
    ("role", "may"), [("Viewer", False), ("Operator", True), ("Template editor", False), ("Administrator", True)]
)
def test_closing_is_for_operators_and_administrators(role, may, person, cast):
    alert = opened("config:plain-az:-6")
    client = person(role)
    assert (reverse("admin:sms_alert_close", args=(alert.pk,)) in page_of(client, alert)) is may
    assert close(client, alert).status_code == (200 if may else 403)
    assert Alert.objects.filter(pk=alert.pk, closed_at=None).exists() is not may


def act(client: Client, name: str, alert: Alert, **values: str):
    address = reverse(f"admin:sms_alert_{name}", args=(alert.pk,))
    return client.post(address, {"_form_submitted": "on", **values})


@pytest.mark.parametrize(("role", "may"), [("Viewer", False), ("Operator", True), ("Template editor", False)])
def test_an_alert_is_acknowledged_and_silenced_by_those_who_may(role, may, person, cast):
    alert = opened("breaker:plain-az")
    client = person(role)
    assert act(client, "acknowledge", alert).status_code == (200 if may else 403)
    assert act(client, "silence", alert, minutes="60", reason="known").status_code == (200 if may else 403)
    alert.refresh_from_db()
    assert (alert.acknowledged_by == role, alert.silenced_by == role) == (may, may)
    assert ("silenced until" in client.get("/admin/sms/alert/").content.decode()) is may


def test_an_alert_about_a_provider_shows_what_waits_and_links_to_exactly_that(boss, cast):
    cast.message("queued")
    cast.message("unconfirmed")
    cast.plain.state.breaker = "open"
    cast.plain.state.save()
    alerts.open_alert("breaker:plain-az", title="plain-az", provider_id=cast.plain.pk)
    page = page_of(boss, Alert.objects.get())
    for view, kind in (("waiting", "move"), ("waiting", "cancel"), ("unconfirmed", "resolve")):
        assert f"kind={kind}&amp;view={view}&amp;provider={cast.plain.pk}" in page
    assert f"/admin/sms/message/?view=waiting&amp;provider={cast.plain.pk}" in page
    assert "Probe now" in page


@pytest.mark.parametrize(
    ("key", "query", "count"),
    [("otp:late", "view=waiting&amp;is_otp=1", 1), ("queue:waiting", "view=waiting&amp;is_otp=0", 2)],
)
def test_an_alert_about_a_queue_links_to_its_messages(key, query, count, boss, cast):
    cast.message("queued", is_otp=True)
    cast.message("queued")
    cast.message("queued")
    page = page_of(boss, opened(key))
    assert query in page
    assert f"Waiting: {count}<" in page
