"""The pages of described vendors: who may open them, what is saved and why not, the effect of a change, the dry run."""

from __future__ import annotations

import html
import re
import socket

import pytest

from providers.registry import SENDERS
from sms.models import Provider, VendorDescription
from sms.services.access import staff_session
from sms.services.configuration import snapshot
from tests.sms.admin.conftest import HOSTILE
from tests.sms.descriptions import description

LIST = "/admin/sms/vendordescription/"
ADD = f"{LIST}add/"
DRY_RUN = "/admin/tools/vendor-dry-run/"
ROLES = ("Viewer", "Operator", "Template editor", "Administrator")


@pytest.fixture
def row(db) -> VendorDescription:
    row = VendorDescription.objects.create(slug="acme", text=description())
    snapshot.latest()
    return row


@pytest.fixture
def used(row) -> VendorDescription:
    Provider.objects.create(slug="acme-az", vendor="acme", credentials={"token": "s3cret-token"})
    return row


def page_of(row: VendorDescription, name: str = "change") -> str:
    return f"{LIST}{row.pk}/{name}/"


def posted(text: str, **more: str) -> dict[str, str]:
    return {"text": text.replace("\n", "\r\n"), "change_reason": "the vendor's new codes", **more}


def key_in(page: str) -> str:
    found = re.search(r'name="confirm" value="([0-9a-f]{64})"', page)
    assert found, page
    return found[1]


def confirmed(boss, address: str, values: dict[str, str]):
    """The answer to the form, posted again with the confirmation that it asks for."""
    return boss.post(address, values | {"confirm": key_in(boss.post(address, values).content.decode())})


# --- who may -----------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_only_administrators_open_the_pages(role, person, row):
    client = person(role)
    for address in (LIST, ADD, page_of(row), page_of(row, "history"), page_of(row, "delete"), DRY_RUN):
        assert client.get(address).status_code == (200 if role == "Administrator" else 403), address
    assert (b"Vendor descriptions" in client.get("/admin/").content) == (role == "Administrator")


@pytest.mark.parametrize("role", ROLES[:-1])
def test_others_change_nothing(role, person, row):
    client = person(role)
    for address in (ADD, page_of(row), page_of(row, "delete"), DRY_RUN):
        assert client.post(address, posted(description(name="Acme 2"), post="yes")).status_code == 403, address
    assert VendorDescription.objects.get().text == description()


@pytest.mark.parametrize("name", ["add", "change", "delete"])
def test_a_change_asks_for_the_password_again(name, person, row):
    client = person("Administrator")
    session = client.session
    session[staff_session.PASSWORD] = 0
    session.save()
    address = ADD if name == "add" else page_of(row, name)
    page = client.post(address, posted(description("other"), post="yes")).content.decode()
    assert 'name="_password_again"' in page
    assert VendorDescription.objects.get().text == description()


# --- what is saved ------------------------------------------------------------


def test_a_new_description_is_a_vendor_that_providers_can_choose(boss):
    assert confirmed(boss, ADD, posted(description())).status_code == 302
    row = VendorDescription.objects.get()
    assert (row.slug, row.text) == ("acme", description())
    assert row.history.get().history_user.username == "boss"
    snapshot.reset_cache()
    page = boss.get("/admin/sms/provider/add/?vendor=acme").content.decode()
    assert "credential_token" in page
    assert 'value="acme" selected' in page
    assert "The vendor says recipient." in boss.get("/admin/tools/words/").content.decode()
    assert "can be used" in boss.get(LIST).content.decode()


def test_a_process_that_has_just_started_knows_the_stored_ones(boss):
    VendorDescription.objects.create(slug="acme", text=description())
    assert "acme" not in SENDERS
    assert 'value="acme"' in boss.get("/admin/sms/provider/add/").content.decode()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "This field is required."),
        ("[vendor]\nslug = 7\n", "vendor.slug"),
        (description(expected="content"), "The example “code 7” fails: expected "),
        (description("plainvendor"), "There is another adapter plainvendor."),
        (description("acme"), "There is another description acme."),
        (description("other", base_url="https://127.0.0.1"), "127.0.0.1"),
        (description("other", name=HOSTILE.replace('"', "")), "has the hidden character"),
        ("x" * 70_000, "at most"),
    ],
)
def test_what_is_wrong_is_shown_and_not_saved(boss, cast, row, text, words):
    page = boss.post(ADD, posted(text))
    assert page.status_code == 200
    assert words in html.unescape(page.content.decode())
    assert "<b x-init" not in page.content.decode()
    assert VendorDescription.objects.get() == row


def test_a_text_with_an_error_is_shown_again_as_it_was_typed(boss):
    text = description(expected="content")
    page = html.unescape(boss.post(ADD, posted(text)).content.decode())
    assert text in page


def test_escapes_of_toml_stay_as_they_are_typed(boss):
    text = description(name="Ac\\u202eme \\u0041")
    assert confirmed(boss, ADD, posted(text)).status_code == 302
    row = VendorDescription.objects.get()
    assert row.text == text
    page = boss.get(page_of(row)).content.decode()
    assert "Ac\\u202eme \\u0041" in page


def test_a_change_needs_a_reason_and_keeps_it(boss, row):
    changed = posted(description(name="Acme 2"))
    assert boss.post(page_of(row), changed | {"change_reason": ""}).status_code == 200
    assert boss.post(page_of(row), changed).status_code == 302
    newest = row.history.first()
    assert (newest.history_change_reason, newest.text) == ("the vendor's new codes", description(name="Acme 2"))
    assert "the vendor&#x27;s new codes" in boss.get(page_of(row, "history")).content.decode()


def test_a_stored_row_that_cannot_be_used_says_why_and_is_corrected(boss, used):
    VendorDescription.objects.update(text="broken")
    snapshot.reset_cache()
    assert "can&#x27;t be used" in boss.get(LIST).content.decode()
    assert "The vendor description acme can&#x27;t be used: " in boss.get(page_of(used)).content.decode()
    page = boss.post(page_of(used), posted(description())).content.decode()
    assert boss.post(page_of(used), posted(description(), confirm=key_in(page))).status_code == 302
    snapshot.reset_cache()
    assert "can&#x27;t be used" not in boss.get(page_of(used)).content.decode()


# --- a change of one that is in use ---------------------------------------------


def test_a_change_of_one_in_use_shows_its_effect_and_needs_confirmation(boss, used):
    text = description(failure="content")
    page = boss.post(page_of(used), posted(text)).content.decode()
    for words in ("acme-az", "code 7", "recipient", "content", "messages are sent twice"):
        assert words in page
    assert VendorDescription.objects.get().text == description()
    assert boss.post(page_of(used), posted(text, confirm=key_in(page))).status_code == 302
    assert VendorDescription.objects.get().text == text


def test_a_confirmation_holds_for_the_change_that_was_shown_only(boss, used):
    page = boss.post(page_of(used), posted(description(failure="content"))).content.decode()
    for other in (description(failure="transient"), description(base_url="https://evil.example")):
        assert boss.post(page_of(used), posted(other, confirm=key_in(page))).status_code == 200
    VendorDescription.objects.update(text=description(failure="balance"))  # somebody else was faster
    answer = boss.post(page_of(used), posted(description(failure="content"), confirm=key_in(page)))
    assert answer.status_code == 200
    assert VendorDescription.objects.get().text == description(failure="balance")


def test_the_same_text_and_one_that_nobody_uses_need_no_confirmation(boss, used):
    assert boss.post(page_of(used), posted(description())).status_code == 302
    Provider.objects.all().delete()
    assert boss.post(page_of(used), posted(description(name="Acme 2"))).status_code == 302


def test_what_somebody_else_has_saved_is_not_lost_unseen(boss, row):
    seen = re.search(r'name="seen" value="([0-9a-f]{64})"', boss.get(page_of(row)).content.decode())
    assert seen
    VendorDescription.objects.update(text=description(name="By another"))
    mine = posted(description(name="Mine"), seen=seen[1])
    page = html.unescape(boss.post(page_of(row), mine).content.decode())
    assert "Somebody else has changed it in the meantime." in page
    assert '-name = "By another"\n+name = "Mine"' in page
    assert SENDERS["acme"].name != "Mine"
    assert boss.post(page_of(row), mine | {"confirm": key_in(page)}).status_code == 302
    assert VendorDescription.objects.get().text == description(name="Mine")


NOT_LEFT = '{ word = "lost", state = "undelivered", left = false }'
ONCE = description().replace('sender = "optional"', 'sender = "optional"\nrepeats_are_safe = true')
REFUSED_WHEN = 'refused_when = [{ path = "ok", is = false }]'
RISKS = [
    (description(failure="transient"), 'class = "transient": 7'),
    (description(failure="content"), 'class = "content": 7'),
    (description().replace("states = [", f"states = [{NOT_LEFT}, "), "left = false in receipts: lost"),
    (
        ONCE.replace('name = "to",', 'name = "ref", value = "{reference}" },\n  { name = "to",').replace(
            """body = '{"to":""", """body = '{"ref": "0197-attempt", "to":"""
        ),
        "repeats_are_safe = true",
    ),
    (description().replace("[answer]", f"[answer]\n{REFUSED_WHEN}"), 'refused_when: {"path":["ok"],"is":false}'),
]


@pytest.mark.parametrize(("text", "statement"), RISKS)
@pytest.mark.parametrize("accounts", [0, 1])
def test_a_statement_that_can_send_messages_twice_is_confirmed_and_kept_in_the_history(
    boss, used, text, statement, accounts
):
    if not accounts:
        Provider.objects.all().delete()
    page = html.unescape(boss.post(page_of(used), posted(text)).content.decode())
    assert "messages are sent twice" in page
    assert f"<code>{statement}</code>" in page
    assert VendorDescription.objects.get().text == description()
    assert boss.post(page_of(used), posted(text, confirm=key_in(page))).status_code == 302
    reason = used.history.first().history_change_reason
    assert reason == f"the vendor's new codes Confirmed that messages may be sent again after this: {statement}."
    for address in (page_of(used, "history"), "/admin/tools/audit/"):
        assert statement in html.unescape(boss.get(address).content.decode())


@pytest.mark.parametrize("failure", ["ambiguous"])
def test_what_allows_no_other_call_needs_no_confirmation(boss, row, failure):
    assert boss.post(page_of(row), posted(description(failure=failure))).status_code == 302
    assert row.history.first().history_change_reason == "the vendor's new codes"


def test_a_new_description_is_confirmed_with_all_of_its_statements(boss):
    page = html.unescape(boss.post(ADD, posted(description())).content.decode())
    assert '<code>class = "recipient": 7</code>' in page
    assert not VendorDescription.objects.exists()
    assert boss.post(ADD, posted(description(), confirm=key_in(page))).status_code == 302
    assert "Added. Confirmed" in VendorDescription.objects.get().history.get().history_change_reason


def test_one_in_use_cannot_be_deleted(boss, used):
    for address, values in (
        (page_of(used, "delete"), {"post": "yes"}),
        (LIST, {"action": "delete_selected", "_selected_action": [used.pk], "post": "yes"}),
    ):
        boss.post(address, values)
        assert VendorDescription.objects.exists(), address
    assert "acme-az" in boss.get(page_of(used, "delete")).content.decode()
    Provider.objects.all().delete()
    boss.post(page_of(used, "delete"), {"post": "yes"})
    assert not VendorDescription.objects.exists()
    snapshot.reset_cache()
    assert 'value="acme"' not in boss.get("/admin/sms/provider/add/").content.decode()


def test_one_whose_place_an_adapter_in_code_has_taken_can_be_deleted(boss, cast):
    """As the system check advises after an upgrade that brings the adapter."""
    row = VendorDescription.objects.create(slug="plainvendor", text=description("plainvendor"))
    assert "there is another adapter of this name" in boss.get(page_of(row)).content.decode()
    boss.post(page_of(row, "delete"), {"post": "yes"})
    assert not VendorDescription.objects.exists()
    assert SENDERS["plainvendor"].name == "Plain Vendor"


# --- the dry run -------------------------------------------------------------------


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_: object) -> None:
        raise AssertionError("a dry run makes no call")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def run(client, **values: str) -> str:
    facts = {"text": description(), "to": "+994501234567", "sms": "Salam", "sender": "AKINON"} | values
    page = client.post(DRY_RUN, facts)
    assert page.status_code == 200
    return html.unescape(page.content.decode())


def test_the_request_is_shown_without_its_secrets(boss, no_network):
    page = run(boss)
    assert "POST https://api.acme.example/send" in page
    assert "Authorization: [hidden]" in page
    assert "made-up-token" not in page.partition("<h3>Request</h3>")[2]
    assert "Salam" in page


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        ("200", '{"ok": true, "id": "77"}', ("accepted", "77")),
        ("200", '{"ok": false, "code": "7"}', ("refused", "(recipient)", "The vendor says recipient.")),
        ("200", '{"ok": false, "code": "999"}', ("unconfirmed", "(ambiguous)", "999")),
    ],
)
def test_the_meaning_of_an_answer_is_shown(boss, no_network, status, body, words):
    page = run(boss, status=status, answer_body=body, answer_headers="Content-Type: application/json")
    for each in words:
        assert each in page.partition("<h3>Answer</h3>")[2], each


def test_the_reports_of_a_callback_are_shown(boss, no_network):
    headers = "Content-Type: application/json"
    page = run(boss, callback_body='{"ref": "our-attempt", "status": "ok"}', callback_headers=headers)
    result = page.partition("<h3>Callback</h3>")[2]
    for words in ("It is answered with 200.", "delivered", "(final)", "our-attempt"):
        assert words in result, words
    assert "no delivery report was found in it" in run(boss, callback_body="{}", callback_headers=headers)


@pytest.mark.parametrize(
    "values",
    [
        {"text": "broken"},
        {"text": "[" * 5000},
        {"answer_headers": "no colon", "status": "200"},
        {"parameters": "no equals sign"},
        {"status": "7"},
        {"to": "nobody"},
    ],
)
def test_a_wrong_form_is_an_error_and_no_result(boss, no_network, values):
    page = run(boss, **values)
    assert "errorlist" in page
    assert "<h3>Request</h3>" not in page


@pytest.mark.parametrize("value", [HOSTILE, "\ud800", "a\0b", "9" * 5000, "[" * 5000, "{}", "\u202e"])
def test_hostile_values_are_no_fault(boss, no_network, value):
    for name in ("sms", "sender", "vendor_template", "answer_body", "callback_body", "query", "callback_headers"):
        value = value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
        page = boss.post(DRY_RUN, {"text": description(), "to": "+994501234567", "status": "200", name: value})
        assert page.status_code == 200, name
        assert "<b x-init" not in page.content.decode(), name
        assert "\u202e" not in page.content.decode(), name


def test_a_draft_is_taken_over_from_the_form(boss):
    page = boss.post(DRY_RUN, {"text": description(name="Draft"), "draft": "1"}).content.decode()
    assert "Draft" in page
    assert "errorlist" not in page
    assert not VendorDescription.objects.exists()
