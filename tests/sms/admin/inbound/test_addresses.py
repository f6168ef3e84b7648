"""New and revoked addresses in the admin: with a dialog, a reason and a history."""

from __future__ import annotations

import pytest
from django.urls import reverse

from providers.base import ReportChannel
from sms.models import InboundGateway, Provider
from sms.services.webhooks.urls import gateway_url, registered_url
from tests.sms.admin.conftest import TextVendor


@pytest.fixture(params=["gateway", "provider"])
def row(request, cast, settings, monkeypatch):
    settings.PUBLIC_URL = "https://sms.example"
    monkeypatch.setattr(TextVendor, "reports", frozenset({ReportChannel.CALLBACK_REGISTERED}))
    return InboundGateway.objects.create(slug="modem-1") if request.param == "gateway" else cast.plain


def at(row, name: str) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{name}", args=(row.pk,))


def url(row) -> str:
    return gateway_url(row) if isinstance(row, InboundGateway) else registered_url(row)


def renew(client, row, **values):
    return client.post(at(row, "renew_address"), {"reason": "leaked", "hours": 1, "_form_submitted": "on"} | values)


def revoke(client, row):
    return client.post(at(row, "revoke_address"), {"reason": "done", "_form_submitted": "on"})


def test_a_new_address_is_shown_and_kept_in_the_history(boss, row):
    old = url(row)
    assert old in boss.get(at(row, "change")).content.decode()
    assert boss.get(at(row, "renew_address")).status_code == 200
    row.refresh_from_db()
    assert row.address_number == 0
    renew(boss, row)
    row.refresh_from_db()
    assert url(row) != old
    assert url(row) in boss.get(at(row, "change")).content.decode()
    assert row.history.first().history_change_reason.endswith("UTC. leaked")
    assert row.history.first().history_user.username == "boss"


def test_a_second_click_does_not_end_the_registered_address(boss, row):
    renew(boss, row)
    renew(boss, row)
    row.refresh_from_db()
    assert row.address_number == 1
    revoke(boss, row)
    row.refresh_from_db()
    assert row.old_address_until is None
    assert row.history.first().history_change_reason == "Old address revoked. done"
    renew(boss, row)
    row.refresh_from_db()
    assert row.address_number == 2


@pytest.mark.parametrize("values", [{"reason": ""}, {"hours": -1}, {"hours": 24 * 366}, {"hours": "soon"}])
def test_it_wants_a_reason_and_a_time(boss, row, values):
    renew(boss, row, **values)
    row.refresh_from_db()
    assert row.address_number == 0


@pytest.mark.parametrize("role", ["Viewer", "Operator", "Template editor"])
def test_others_can_neither_see_nor_change_it(person, row, role):
    client = person(role)
    renew(client, row)
    revoke(client, row)
    row.refresh_from_db()
    assert row.address_number == 0
    for page in (at(row, "change"), reverse("admin:tools_providers"), reverse("admin:tools_setup")):
        assert url(row) not in client.get(page).content.decode()


def test_a_vendor_that_gets_its_address_with_each_message_has_none_to_renew(boss, cast):
    assert "renew_address" not in boss.get(at(cast.templated, "change")).content.decode()
    renew(boss, cast.templated)
    assert Provider.objects.get(pk=cast.templated.pk).address_number == 0


def test_a_gateways_networks_are_a_list(boss, db):
    add = reverse("admin:sms_inboundgateway_add")
    boss.post(add, {"slug": "modem-2", "fields": "{}", "networks": "203.0.113.7, everywhere"})
    assert not InboundGateway.objects.exists()
    boss.post(add, {"slug": "modem-2", "fields": "{}", "networks": "203.0.113.7, 2001:db8::/32"})
    made = InboundGateway.objects.get()
    assert (made.networks, made.calls_per_minute) == (["203.0.113.7", "2001:db8::/32"], 600)
