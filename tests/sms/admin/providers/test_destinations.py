"""The page of destinations, and where else staff see that a country is closed."""

from __future__ import annotations

from sms.models import Destination, Route
from sms.services.configuration import snapshot

PAGE = "/admin/sms/destination/"
LOOK_UP = "/admin/tools/who-would-carry/"


def test_a_destination_is_added_changed_and_keeps_a_history(boss, cast):
    new = {"country": "RO", "mode": "monitor", "number_types": ["mobile"], "daily_limit": "50"}
    assert boss.post(PAGE + "add/", new).status_code == 302
    row = Destination.objects.get()
    assert (row.mode, row.number_types, row.daily_limit) == ("monitor", ["mobile"], 50)
    changed = new | {"mode": "block", "number_types": [], "change_reason": "pumping"}
    assert boss.post(f"{PAGE}{row.pk}/change/", changed).status_code == 302
    row.refresh_from_db()
    assert (row.mode, row.number_types) == ("block", None)
    assert [past.history_change_reason for past in row.history.all()] == ["pumping", "Added."]
    assert "RO" in boss.get(PAGE).content.decode()


def test_a_wrong_value_is_told_at_its_field(boss, cast):
    page = boss.post(PAGE + "add/", {"country": "ZZ", "mode": "allow", "number_types": ["mobil"]}).content.decode()
    assert "ZZ is no country" in page
    assert "mobil is not one of the available choices" in page
    assert not Destination.objects.exists()


def test_the_route_look_up_says_that_a_country_is_closed(boss, cast):
    Route.objects.update(prefix="+")
    snapshot.reset_cache()
    number = {"number": "+905321234567"}
    assert "Messages to TR are not open." in boss.post(LOOK_UP, number).content.decode()
    Destination.objects.create(country="TR")
    snapshot.reset_cache()
    assert "destination_not_allowed" not in boss.post(LOOK_UP, number).content.decode()
