"""Invalid ids, parameters and fields give 404, 400 or a form error on every page, never an internal error."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import BigAutoField, UUIDField
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, reverse

from sms.admin.common.row_ids import can_be
from tests.sms.admin.conftest import PHONE
from tests.sms.admin.test_gets import patterns

admin.autodiscover()
MODELS = list(admin.site._registry)
NO_KEY = ("abc", "0", "-1", "٣", "9" * 30, "_", "1'--")
NEVER_A_KEY = (
    "", "+1", "01", "1.0", "1e5", "1_0", "９", " 1", "1 ", "é", "%", "_00", "_2F", "x" * 300, "None", "1/2", "../1",
    "00000000-0000-0000-0000-00000000000g", "9" * 5000, *NO_KEY,
)  # fmt: skip


def pages_of(model) -> list[URLPattern]:
    """The pages of a row of this model."""
    found = admin.site._registry[model].get_urls()
    return [
        each
        for each in found
        if "object_id" in str(each.pattern) or "id>" in str(each.pattern) or each.pattern.regex.groups
    ]


def address_of(model, page: URLPattern, row: str) -> str:
    at = re.sub(r"<[^>]*>|\(\[\^/\]\+\)", lambda _found: row, str(page.pattern).strip("^$"))
    return f"/admin/{model._meta.app_label}/{model._meta.model_name}/{at}"


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_an_id_that_can_not_be_one_leads_nowhere(model, boss):
    pages = pages_of(model)
    assert {"change", "history", "delete"} <= {str(page.name).rsplit("_", 1)[-1] for page in pages}
    for page in pages:
        for row in NO_KEY:
            address = address_of(model, page, row)
            assert (boss.get(address).status_code, boss.post(address).status_code) == (404, 404), address


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_an_id_that_no_row_has_is_no_fault(model, boss):
    missing = str(UUID(int=7)) if isinstance(model._meta.pk, UUIDField) else "999999"
    for page in pages_of(model):
        address = address_of(model, page, missing if "([^/]+)/history" not in str(page.pattern) else "999999")
        for answer in (boss.get(address), boss.post(address)):
            assert answer.status_code in (200, 302, 403, 404, 405), address


def test_who_is_not_logged_in_is_led_to_the_log_in_page_whatever_the_id_is(db):
    for row in ("abc", "1"):
        answer = Client().get(f"/admin/sms/route/{row}/history/")
        assert (answer.status_code, "/admin/login/" in answer["Location"]) == (302, True)


def test_there_is_no_shortcut_to_pages_of_a_website(boss):
    with pytest.raises(NoReverseMatch):
        reverse("admin:view_on_site", args=(1, 1))
    assert boss.get("/admin/r/3/abc/").status_code == 404


@pytest.mark.parametrize(
    ("key", "written", "is_possible"),
    [
        (BigAutoField(), "1", True),
        (BigAutoField(), str(2**63 - 1), True),
        (BigAutoField(), str(2**63), False),
        (UUIDField(), "019323450000700080000000000000aa", True),
        (UUIDField(), "01932345-0000-7000-8000-0000000000aa", True),
        (UUIDField(), "01932345-0000-7000-8000", False),
    ],
)
def test_what_can_be_a_key(key, written, is_possible):
    assert can_be(key, written) is is_possible


@pytest.mark.parametrize("written", NEVER_A_KEY)
def test_what_can_never_be_a_key(written):
    assert not can_be(BigAutoField(), written)
    assert not can_be(UUIDField(), written)


# --- parameters and fields --------------------------------------------------------------


def lists() -> list[str]:
    return [reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist") for model in MODELS]


def plain_pages() -> list[str]:
    """Pages without a row: lists, forms, tools."""
    found = []
    for at, pattern in patterns(admin.site.get_urls()):
        if not pattern.pattern.converters and "(" not in at and pattern.name != "logout":
            found.append("/admin/" + at)
    return found


def test_a_nul_in_any_parameter_or_path_is_refused(boss):
    for address in plain_pages():
        for query in ("q=%00", "x%00=1", "q=a%00b&p=1"):
            assert boss.get(f"{address}?{query}").status_code == 400, address
    for address in ("/admin/sms/route/%00/change/", "/admin/%00", "/admin/sms/route/1%00/"):
        assert boss.get(address).status_code == 400, address
    assert boss.get("/admin/sms/message/?q=%2500").status_code == 200


@pytest.mark.parametrize("value", ["abc", "9" * 30])
def test_values_that_no_list_offers_are_no_fault(value, boss):
    for model, address in zip(MODELS, lists(), strict=True):
        own = [each.parameter_name for each in admin.site._registry[model].list_filter if not isinstance(each, tuple)]
        for names in (["q", "o", "_changelist_filters", *own], ["p"], ["_to_field"]):
            assert boss.get(address, dict.fromkeys(names, value)).status_code in (200, 302, 400), (address, names)


@pytest.mark.parametrize("value", ["abc", "0", "9" * 30, "\0"])
def test_ticked_rows_that_can_not_be_are_no_fault(value, boss):
    for address in lists():
        for action in ("delete_selected", "export_ticked", value):
            answer = boss.post(address, {"action": action, "_selected_action": value, "index": "0"})
            assert answer.status_code == 400, (address, action)


def test_a_nul_in_any_field_of_a_form_is_no_fault(boss, cast):
    cast.everything()
    names = (
        "numbers", "number", "reason", "to", "text", "client", "sender", "phone", "slug", "name", "prefix", "username",
        "body", "action", "_selected_action", "index", "data", "seal", "vendor", "url", "region", "is_otp", "code",
        "note", "address", "placeholders", "shape", "token", "email", "password1", "password2", "query", "q", "kind",
    )  # fmt: skip
    for address in plain_pages():
        answer = boss.post(address, dict.fromkeys(names, "a\0b"))
        assert answer.status_code < 500, address


def test_log_in_with_a_nul_is_a_form_error(db):
    get_user_model().objects.create_superuser("boss", password="a long pass phrase")
    answer = Client(REMOTE_ADDR="203.0.113.77").post("/admin/login/", {"username": "bo\0ss", "password": "x\0"})
    assert answer.status_code == 200


def test_a_search_for_anything_is_no_fault(boss):
    for term in ("\U0010ffff'; -- \\%", "same-number-as:abc", PHONE * 400):
        for address in lists():
            assert boss.get(address, {"q": term}).status_code == 200, (address, term)
