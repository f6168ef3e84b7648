"""Which reading of a text with `/n` goes out: the tables of docs/decisions/005-slash-n.md, and what they leave out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client

from sms.models import ApiClient, Message, MessageTemplate, Provider, RouteProvider, TemplateApproval
from sms.services.configuration import snapshot
from sms.services.monitoring.metrics import OWN
from sms.services.queue import held_messages
from sms.services.staff import dry_run
from tests.sms import cast
from tests.sms.cast import body, errors, send

DOCUMENT = Path(__file__).parents[4] / "docs/decisions/005-slash-n.md"


def rows(columns: int) -> list[tuple[str, ...]]:
    """The rows of the table with so many columns, their code spans as plain text with new lines."""
    found = []
    for line in DOCUMENT.read_text().splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) == columns and cells[0].startswith("`"):
            found.append(tuple(cell.strip("`").replace("⏎", "\n") for cell in cells))
    return found


def approve(text: str, name: str = "documented", provider: str = "only") -> None:
    cast.template(name, text, Provider.objects.get(slug=provider))
    snapshot.reset_cache()


def explained(text: str, to: str = cast.TEMPLATE_TO) -> dry_run.Explanation:
    client = snapshot.current().clients[cast.USERNAME]
    return dry_run.explain(raw_text=text, sender="AKINON", to=to, client=client, is_otp=False)


@pytest.mark.parametrize(("raw", "out"), rows(2))
def test_free_text_goes_out_as_the_document_says(raw: str, out: str, caller: Client) -> None:
    assert send(caller, body(text=raw)).status_code == 201
    message = Message.objects.get()
    assert (message.text, message.raw_text) == (out, raw)
    assert explained(raw, cast.FREE_TO).text == out


@pytest.mark.parametrize(("raw", "template", "out"), rows(3))
def test_a_template_decides_as_the_document_says(raw: str, template: str, out: str, caller: Client) -> None:
    approve(template)
    answer = send(caller, body(text=raw, to=cast.TEMPLATE_TO))
    if out == "refused":
        assert errors(answer) == [(422, "template_not_matched", "text")]
        assert explained(raw).code == "template_not_matched"
        return
    assert answer.status_code == 201
    message = Message.objects.get()
    assert (message.text, message.raw_text, message.template_version.template.name) == (out, raw, "documented")
    assert (explained(raw).text, explained(raw).code) == (out, "")


def test_the_document_has_both_tables() -> None:
    assert len(rows(2)) > 20
    assert len(rows(3)) > 5
    assert re.search("refused", DOCUMENT.read_text())


def test_new_lines_come_first_where_both_readings_have_a_template(caller: Client) -> None:
    approve("Bax and/not: {x}", "as-it-came")
    approve("Bax and\not: {x}", "new-line")
    send(caller, body(text="Bax and/not: 5", to=cast.TEMPLATE_TO))
    assert Message.objects.get().template_version.template.name == "new-line"


@pytest.mark.parametrize("order", [("free", "only"), ("only", "free")])
def test_the_reading_of_a_template_goes_out_by_every_provider(order: tuple[str, str], caller: Client) -> None:
    approve("Bax and/not: {x}")
    made = cast.route("+99477", *(Provider.objects.get(slug=slug) for slug in order))
    assert RouteProvider.objects.filter(route=made).count() == 2
    send(caller, body(text="Bax and/not: 5", to="+994771234567"))
    message = Message.objects.get()
    assert message.text == "Bax and/not: 5"
    assert [c["code"] for c in message.decision["candidates"]] == ["", ""]


def test_a_reading_that_is_too_long_is_not_tried(caller: Client) -> None:
    approve("x and/not {x}")
    text = "x and/not " + "a" * 1590
    assert errors(send(caller, body(text=text + "a", to=cast.TEMPLATE_TO)))[0][1] == "template_not_matched"


def test_what_nothing_decides_is_marked(caller: Client) -> None:
    approve("Bax and/not: {x}")
    for text, to in (("a and/not b", cast.FREE_TO), ("Salam/nSağ olun", cast.FREE_TO)):
        send(caller, body(text=text, to=to))
    send(caller, body(text="Bax and/not: 5", to=cast.TEMPLATE_TO))
    approve("Menyu: {item}", "menu")
    send(caller, body(text="Menyu: and/not", to=cast.TEMPLATE_TO))
    assert {m.raw_text: m.newline_is_undecided for m in Message.objects.all()} == {
        "a and/not b": True,
        "Salam/nSağ olun": False,
        "Bax and/not: 5": False,
        "Menyu: and/not": True,
    }


@pytest.mark.parametrize(("rule", "out"), [("always", "a\new and\not"), ("off", "a/new and/not")])
def test_the_other_rules_stay_exact_whatever_templates_say(rule: str, out: str, caller: Client) -> None:
    ApiClient.objects.update(newline_escape=rule)
    snapshot.reset_cache()
    send(caller, body(text="a/new and/not"))
    message = Message.objects.get()
    assert (message.text, message.newline_is_undecided) == (out, False)
    approve("Bax and/not: {x}" if rule == "always" else "Bax and\not: {x}")
    assert errors(send(caller, body(text="Bax and/not: 5", to=cast.TEMPLATE_TO)))[0][1] == "template_not_matched"


def test_undecided_texts_are_counted_by_client(caller: Client) -> None:
    def value() -> float:
        return OWN.get_sample_value("sms_desk_undecided_newlines_total", {"client": cast.USERNAME}) or 0.0

    before = value()
    for text in ("a and/not b", "a and/not b", "Salam/nSonra"):
        send(caller, body(text=text), x_akinon_request_id="r-1")
    assert value() - before == 1


def test_a_repeat_is_one_also_when_the_templates_changed_in_between(caller: Client) -> None:
    approve("Bax and/not: {x}")
    for _ in range(2):
        answer = send(caller, body(text="Bax and/not: 5", to=cast.TEMPLATE_TO), x_akinon_request_id="r-1")
        assert answer.status_code == 201
        TemplateApproval.objects.all().delete()
        snapshot.reset_cache()
    approve("Bax and\not: {x}", "new-line")
    send(caller, body(text="Bax and/not: 5", to=cast.TEMPLATE_TO), x_akinon_request_id="r-1")
    assert [m.text for m in Message.objects.all()] == ["Bax and/not: 5"]
    assert MessageTemplate.objects.filter(name="new-line").exists()


def test_a_held_message_goes_out_in_the_reading_of_a_template_that_is_approved_later(caller: Client) -> None:
    ApiClient.objects.update(on_no_template="hold")
    snapshot.reset_cache()
    send(caller, body(text="Bax and/not: 5", to=cast.TEMPLATE_TO))
    held = Message.objects.get()
    assert (held.status, held.text, held.newline_is_undecided) == ("held", "Bax and\not: 5", True)
    approve("Bax and/not: {x}")
    held_messages.HeldMessageScan().release_batch()
    released = Message.objects.get()
    assert (released.status, released.text, released.newline_is_undecided) == ("queued", "Bax and/not: 5", False)
