"""Each person saves filters of the list of messages under a name, without the search, which may hold a number."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from sms.admin.messages import saved_views
from sms.models import StaffPreferences

pytestmark = pytest.mark.any_database
LIST = reverse("admin:sms_message_changelist")
PAGE = reverse("admin:tools_saved_views")


def saved() -> dict[str, str]:
    """All persons' views."""
    return {name: query for each in StaffPreferences.objects.all() for name, query in each.saved_views.items()}


def save(browser: Client, name: str, query: str) -> str:
    return browser.post(PAGE, {"name": name, "query": query}, follow=True).content.decode()


def test_a_saved_view_is_a_link_with_its_filters(boss: Client) -> None:
    page = save(boss, "Failed in a day", "view=failed&period=day&status=failed&status=expired")
    assert 'href="?view=failed&amp;period=day&amp;status=failed&amp;status=expired"' in page
    assert "Failed in a day" in boss.get(LIST).content.decode()
    assert boss.get(f"{LIST}?{saved()['Failed in a day']}").status_code == 200


def test_the_search_and_the_page_are_not_saved(boss: Client) -> None:
    save(boss, "One number", "q=%2B994501234567&p=3&view=failed")
    assert saved() == {"One number": "view=failed"}


@pytest.mark.parametrize("query", ["", "p=2", "q=48213", "nonsense=1", "view=failed&to=994501234567", "q=%00"])
def test_without_filters_of_the_list_nothing_is_saved(boss: Client, query: str) -> None:
    save(boss, "Nothing", query)
    assert "994" not in str(saved())
    assert "" not in saved().values()


def test_the_same_name_again_replaces_the_view(boss: Client) -> None:
    save(boss, "Mine", "view=failed")
    save(boss, " Mine ", "view=held")
    assert saved() == {"Mine": "view=held"}


@pytest.mark.parametrize("name", ["", "  ", "x" * 61])
def test_a_view_needs_a_short_name(boss: Client, name: str) -> None:
    save(boss, name, "view=failed")
    assert saved() == {}


def test_a_name_is_shown_as_text(boss: Client) -> None:
    assert "<b>x</b>" not in save(boss, "<b>x</b>", "view=failed")


def test_views_are_those_of_one_person(boss: Client, person) -> None:
    save(boss, "Mine", "view=failed")
    operator = person("Operator")
    assert "Mine" not in operator.get(LIST).content.decode()
    operator.post(PAGE, {"delete": "Mine"})
    assert saved() == {"Mine": "view=failed"}
    boss.post(PAGE, {"delete": "Mine"})
    assert saved() == {}


@pytest.mark.parametrize("key", ["x", "", "mine", "\x00"])
def test_a_name_of_no_view_deletes_nothing(boss: Client, key: str) -> None:
    save(boss, "Mine", "view=failed")
    assert boss.post(PAGE, {"delete": key}).status_code == 302
    assert saved() == {"Mine": "view=failed"}


def test_a_name_with_a_hidden_character_is_deleted_as_it_is_shown(boss: Client) -> None:
    page = save(boss, "one\u202etwo", "view=failed")
    assert saved() == {"one\u202etwo": "view=failed"}
    assert 'value="one\\u202etwo"' in page
    boss.post(PAGE, {"delete": "one\\u202etwo"})
    assert saved() == {}


def test_a_person_has_at_most_so_many(boss: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_views, "MOST", 2)
    for number in range(3):
        page = save(boss, f"View {number}", "view=failed")
    assert len(saved()) == 2
    assert "at most 2" in page


def test_it_goes_with_its_person_and_needs_the_list(boss: Client, person) -> None:
    save(boss, "Mine", "view=failed")
    get_user_model().objects.get(username="boss").delete()
    assert saved() == {}
    stranger = get_user_model().objects.create_user("stranger", is_staff=True)
    browser = Client()
    browser.force_login(stranger)
    assert browser.post(PAGE, {"name": "x", "query": "view=failed"}).status_code == 403
