"""The page of a rejected request explains itself."""

from __future__ import annotations

from html import unescape

import pytest

from sms.admin.messages.rejection_remedies import NOTHING, REMEDIES
from sms.domain.codes import BY_NAME, TABLE

REJECTIONS = [code for code in TABLE if 400 <= code.status < 500]


def page(client, refused) -> str:
    return unescape(client.get(f"/admin/sms/refusedrequest/{refused.pk}/change/").content.decode())


@pytest.mark.parametrize("code", REJECTIONS, ids=lambda code: code.name)
def test_a_rejected_request_says_its_cause_its_place_and_what_to_do(code, boss, cast):
    told = page(boss, cast.refusal(code=code.name, http_status=code.status, field=code.fields[0], nearest=""))
    remedy = REMEDIES.get(code.name, NOTHING)
    place = f"<code>{code.fields[0]}</code>" if code.fields[0] else "the whole request"
    for words in (f"Rejected with HTTP {code.status}", code.message, place, str(remedy.text), code.action):
        assert words in told, words


def test_the_nearest_template_is_named_to_those_who_may_see_texts(boss, person, cast):
    refused = cast.refusal(nearest="order-shipped: character 7")
    assert "order-shipped: character 7" in page(boss, refused)
    assert "order-shipped: character 7" not in page(person("Viewer"), refused)
    assert "no template is similar" in page(boss, cast.refusal(nearest=""))


@pytest.mark.parametrize("name", REMEDIES)
def test_the_page_that_corrects_it_is_linked_and_opens(name, boss, cast):
    address = boss.get(f"/admin/sms/refusedrequest/{cast.refusal(code=name).pk}/change/").context["address"]
    assert boss.get(address).status_code == 200


@pytest.mark.parametrize(
    ("sender", "opened"), [("AKINON", "/admin/sms/apiclient/"), ("MYSHOP", "/admin/sms/sendername/")]
)
def test_a_sender_name_is_added_to_the_client_only_if_it_exists(sender, opened, boss, cast):
    refused = cast.refusal(code="unknown_sender", sender=sender)
    assert boss.get(f"/admin/sms/refusedrequest/{refused.pk}/change/").context["address"] == opened


def test_a_page_that_a_role_can_not_open_is_not_linked(person, cast):
    refused = cast.refusal(code="template_not_matched")
    answer = person("Viewer").get(f"/admin/sms/refusedrequest/{refused.pk}/change/")
    assert answer.context["address"] == ""


def test_every_code_that_staff_can_act_on_is_known():
    assert set(REMEDIES) <= set(BY_NAME)


def test_a_code_of_an_earlier_release_is_shown_as_it_is(boss, cast):
    assert "of_an_earlier_release" in page(boss, cast.refusal(code="of_an_earlier_release"))
