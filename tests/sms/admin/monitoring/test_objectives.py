"""The pages of objectives and of share moves, and the figures on the page of the providers."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection

from sms.models import Objective, ObjectivePeriod, ObjectiveSum, ShareMove
from sms.services.database.clock import now
from sms.services.objectives.budgets import budgets

PAGE = "/admin/sms/objective/"
CARDS = "/admin/tools/providers/"


def test_an_objective_is_added_changed_and_keeps_a_history(boss, cast):
    page = boss.get(PAGE + "add/").content.decode()
    assert "99 % of OTPs are answered by the vendor within 2 s" in page
    new = {
        "provider": cast.plain.pk,
        "country": "AZ",
        "is_otp": "True",
        "answer_percent": "98.5",
        "answer_seconds": "5",
    }
    assert boss.post(PAGE + "add/", new).status_code == 302
    row = Objective.objects.get()
    assert (row.provider, row.country, row.is_otp, row.answer_percent) == (cast.plain, "AZ", True, 98.5)
    changed = new | {"answer_percent": "0", "change_reason": "not measured there"}
    assert boss.post(f"{PAGE}{row.pk}/change/", changed).status_code == 302
    assert "not measured" in boss.get(PAGE).content.decode()
    assert row.history.first().history_change_reason == "not measured there"


def test_a_second_one_for_the_same_messages_is_refused(boss, cast):
    for expected in (302, 200):
        assert boss.post(PAGE + "add/", {"country": "AZ", "success_percent": "90"}).status_code == expected
    assert boss.post(PAGE + "add/", {"country": "RO"}).status_code == 200  # it sets nothing
    assert Objective.objects.count() == 1


def test_a_card_shows_how_much_of_an_error_budget_is_used(boss, cast, django_assert_num_queries):
    hour = ObjectivePeriod.objects.create(start=now() - timedelta(hours=3), seconds=3600)
    about = {"period": hour, "provider": cast.plain, "country": "AZ", "is_otp": True}
    ObjectiveSum.objects.create(**about, measure="answer", total=1000, good=985)
    ObjectiveSum.objects.create(**about, measure="success", total=29, good=0)
    asks_the_clock = connection.vendor == "postgresql"
    with django_assert_num_queries(2 + asks_the_clock):
        budgets()
    page = boss.get(CARDS).content.decode()
    assert "150 % of an error budget used" in page
    assert "99 % answered within 2 s" in page
    assert "98.5 %" in page
    assert "fewer than 30 messages" in page


def test_the_list_of_share_moves_has_their_figures(boss, cast):
    figures = {"evidence": {"time": 21.5, "success": 0.0}, "usual": {"calls": 2000, "log_seconds": -1.2}}
    about = {"route": cast.route, "provider": cast.plain, "mode": "advise", "at": now()}
    move = ShareMove.objects.create(**about, before=100, after=50, figures=figures)
    page = boss.get("/admin/sms/sharemove/").content.decode()
    assert "100 % → 50 %" in page
    assert "time 21.5" in page
    assert "logarithm of the seconds -1.2" in boss.get(f"/admin/sms/sharemove/{move.pk}/change/").content.decode()
