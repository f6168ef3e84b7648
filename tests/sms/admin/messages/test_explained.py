"""The explained message: its part of the page and its JSON, with the same parts hidden."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from sms.services.database import clock
from tests.sms.admin.conftest import HOSTILE, PHONE

from .test_detail import page, press

DECISION = {
    "from": 0,
    "to": 0,
    "status": "queued",
    "code": "http-500",
    "candidates": [{"slug": "plain-az", "code": "closed", "reason": "Its circuit breaker is open."}],
}


def address(message) -> str:
    return reverse("admin:sms_message_explained", args=(message.pk,))


@pytest.fixture
def message(cast):
    version = cast.template.current_version
    approval = cast.template.approvals.get()
    candidate = {"provider": cast.templated.pk, "slug": "templated-az", "code": "", "approval": approval.pk}
    candidate["version"] = version.pk
    decision = {"route": 1, "prefix": "+994", "code": "", "candidates": [candidate]}
    message = cast.message(
        provider=cast.templated, template_version=version, decision=decision, parameters={"name": "Aysel"},
        smoothing=["nfc"],
    )  # fmt: skip
    attempt = cast.attempt(message, "unavailable", code="http-500", failure="transient", polls=2)
    cast.report(attempt, "sent", applied=False, reason="this attempt was already reported sent")
    message.events.create(at=clock.now(), kind="rerouted", reason="It is closed.", decision=DECISION)
    return message


def test_the_page_shows_each_decision_with_its_candidates_and_the_registered_text(boss, message):
    told = boss.get(page(message)).content.decode()
    for words in (
        "Moved to another provider before the call",
        "Its circuit breaker is open.",
        "Registered at templated-az",
        "1432: <code>Hello {name}, it is on its way.</code>",
        "characters composed (NFC)",
        "Status queries of attempt 1",
        address(message),
    ):
        assert words in told, words


def test_the_json_has_the_same_parts(boss, message):
    told = boss.get(address(message)).json()
    [candidate] = told["intake"]["candidates"]
    assert (candidate["slug"], candidate["version"]) == ("templated-az", 1)
    assert told["approvals"][0]["registered_text"] == "Hello {name}, it is on its way."
    assert [step["kind"] for step in told["history"]] == ["attempt_started", "report", "event", "attempt_ended"]
    assert told["history"][1]["reason"] == "this attempt was already reported sent"


def test_text_and_parameters_are_in_the_json_only_after_they_were_revealed(boss, message):
    assert "Aysel" not in boss.get(address(message)).content.decode()
    press(boss, message, "reveal", reason="the customer called")
    assert boss.get(address(message)).json()["parameters"] == {"name": "Aysel"}


def test_a_one_time_password_is_in_no_json(boss, cast):
    message = cast.message(is_otp=True, text="Kod 004217", raw_text="Kod 004217", parameters={"code": "004217"})
    cast.attempt(message, raw_request="code=004217")
    press(boss, message, "reveal", reason="curious")
    assert "004217" not in boss.get(address(message)).content.decode()


def test_a_viewer_gets_the_number_masked_and_others_get_nothing(cast):
    message = cast.message()
    viewer = get_user_model().objects.create_user("viewer", is_staff=True)
    client = Client()
    client.force_login(viewer)
    assert client.get(address(message)).status_code == 403
    viewer.groups.add(Group.objects.get(name="Viewer"))
    told = client.get(address(message)).content.decode()
    assert str(message.pk) in told
    assert PHONE not in told
    assert Client().get(address(message)).status_code == 302


def test_hidden_characters_are_escaped(boss, cast):
    told = boss.get(address(cast.message(request_id=HOSTILE))).content.decode()
    assert "\u202e" not in told
    assert "\\u202e" in told


@pytest.mark.parametrize("nonsense", ["nonsense", "0" * 32])
def test_an_id_that_is_no_message_is_not_found(boss, nonsense):
    assert boss.get(reverse("admin:sms_message_explained", args=(nonsense,))).status_code == 404
