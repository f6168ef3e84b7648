"""A script that extracts secrets character by character through filters finds nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sms.models import MessageTemplate, SenderName

LETTERS = ("H", "{", "0", "z")
"""First letters of texts, of stored JSON and of digests, and one that is wrong: enough to tell answers apart."""
OPERATORS = ("", "__startswith", "__contains", "__regex", "__gte")
PATHS = {
    # list: the ways from it to something that nobody may read
    "message": ("text", "raw_text", "parameters", "client__secret_digest", "provider__credentials", "events__reason"),
    "attempt": ("raw_request", "raw_response", "message__text", "provider__credentials"),
    "deliveryreport": ("message__text", "callback__body", "provider__credentials"),
    "provider": ("credentials", "messages__text", "state__last_error_detail"),
    "apiclient": ("secret_digest", "previous_digest", "messages__text"),
    "partner": ("credentials", "rented_numbers__phone"),
    "refusedrequest": ("client__secret_digest", "shape", "client__messages__text"),
    "messagetemplate": ("approvals__provider__credentials", "versions__author__password"),
    "sendername": ("approvals__provider__credentials", "clients__secret_digest"),
    "route": ("client__secret_digest", "steps__provider__credentials"),
    "inboundmessage": ("text", "gateway__calls__body"),
    "rentednumber": ("partner__credentials",),
}


def seen(client, address: str, **query: str) -> object:
    """What a script can observe: the status and the rows."""
    answer = client.get(address, query)
    changelist = (answer.context or {}).get("cl") if answer.status_code == 200 else None
    return answer.status_code, [str(row.pk) for row in changelist.result_list] if changelist else None


def told_apart(client, address: str, name: str) -> str:
    """The characters for which the response to a parameter differs."""
    answers = {letter: seen(client, address, **{name: letter}) for letter in LETTERS}
    usual = max(answers.values(), key=list(answers.values()).count)
    return "".join(letter for letter, answer in answers.items() if answer != usual)


def addresses() -> Iterator[tuple[str, str]]:
    for model, paths in PATHS.items():
        for path in paths:
            yield f"/admin/sms/{model}/", path
    for path in PATHS["message"]:
        yield "/admin/sms/message/export/", path
    for path in ("password", "totpdevice__key", "logentry__change_message"):
        yield "/admin/auth/user/", path


@pytest.mark.any_database  # all are refused before there is a query
@pytest.mark.parametrize("operator", OPERATORS)
def test_it_recovers_nothing_by_filters(operator, boss, cast):
    cast.everything()
    assert {(at, path): found for at, path in addresses() if (found := told_apart(boss, at, path + operator))} == {}


@pytest.mark.parametrize("name", ["o", "ot", "e", "_to_field", "_popup", "_facets", "all"])
def test_it_recovers_nothing_by_a_lists_other_parameters(name, boss, cast):
    """Sorting by a hidden column would reveal its order."""
    cast.everything()
    usual = seen(boss, "/admin/sms/provider/")[1]
    for value in ("credentials", "-credentials", "text", "99", "secret_digest"):
        status, rows = seen(boss, "/admin/sms/provider/", **{name: value})
        assert status in (200, 302, 400)
        assert rows in (usual, usual[::-1], None)


@pytest.mark.parametrize("model", [*PATHS, "callback", "inboundpush", "inboundcall", "alert"])
def test_it_recovers_nothing_by_searches(model, boss, cast):
    """Not even by a whole secret."""
    cast.everything()
    usual = seen(boss, f"/admin/sms/{model}/", q="nowhere")  # a list without a search shows all its rows
    for guess in (cast.shop.secret_digest, cast.shop.secret_digest[:12], "s3cret-token", "s3cret", "s3cret-key"):
        assert seen(boss, f"/admin/sms/{model}/", q=guess) == usual


def test_the_script_would_read_what_a_search_gives_away(boss, cast):
    """The same script finds values through a search by prefix, so it works."""
    MessageTemplate.objects.create(name="0-percent", body="x")
    SenderName.objects.create(name="zebra")
    assert "0" in told_apart(boss, "/admin/sms/messagetemplate/", "q")
    assert told_apart(boss, "/admin/sms/sendername/", "q") == "z"
