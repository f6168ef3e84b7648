"""The results of examples: what is expected and what is found, where they differ."""

from __future__ import annotations

import pytest

from providers.described import ExampleResult, load, run_examples

from .descriptions import text

CASES = {
    "another request": ("budget_described", "&to=994501234567", "&to=994501234568", "a message"),
    "another class": ("budget_described", 'means = "repeated"', 'means = "account"', "the reference was used before"),
    "another code": ("budget_described", 'code = "2004"\n', 'code = "2003"\n', "a sender that is not valid"),
    "another id": ("budget_described", 'ids = ["64354593"]', 'ids = ["6", "7"]', "accepted"),
    "another state": ("budget_described", 'state = "delivered", id =', 'state = "sent", id =', "delivered"),
    "another state in a poll": ("budget_described", '"undelivered", left = false }]', '"expired" }]', "not sent"),
    "more reports": (
        "budget_described",
        '[{ state = "delivered"',
        '[{ state = "sent" }, { state = "sent"',
        "delivered",
    ),
    "fewer reports": ("telnyx_described", '[{ state = "delivered", id = "m-1" }]', "[]", "delivered"),
    "a forgery that is authentic": (
        "telnyx_described",
        "body = '{\"data\": {}}'",
        "body = '''{body}'''",
        "another body",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_an_example_that_is_wrong_does_not_pass(case: str) -> None:
    name, old, new, failing = CASES[case]
    description = text(name)
    assert old in description
    if "{body}" in new:
        new = new.replace("{body}", description.partition('body = \'{"data": {"event')[2].partition("'")[0])
        new = new.replace("'''", "'''{\"data\": {\"event", 1)
    if case == "fewer reports":
        description += '\n[[examples]]\nname = "x"\nreceipt = {}\nreports = [{ state = "sent" }]'
    results = run_examples(load(description.replace(old, new, 1)))
    wrong = [each for each in results if not each.passed and each.name != "x"]
    assert [each.name.startswith(failing) for each in wrong] == [True]
    assert wrong[0].expected != wrong[0].found


def test_a_receipt_has_no_code_of_its_own() -> None:
    description = text("budget_described").replace('&date=1484407297" }', '&date=1484407297" }\ncode = "1"', 1)
    [wrong] = [each for each in run_examples(load(description)) if not each.passed]
    assert (wrong.name, "code 1" in wrong.expected) == ("delivered", True)


def test_the_texts_name_the_difference() -> None:
    description = text("budget_described").replace('code = "2004"\n', 'code = "2003"\n', 1)
    [wrong] = [each for each in run_examples(load(description)) if not each.passed]
    assert wrong == ExampleResult("a sender that is not valid", "means config; code 2003", "means config; code 2004")
    assert not wrong.passed
    description = text("budget_described").replace('state = "delivered", id = "64354593"', 'state = "sent", id = "6"')
    [wrong] = [each for each in run_examples(load(description)) if not each.passed]
    assert wrong.expected == "report: state sent, reference , id 6, to "
    assert wrong.found == "report: state delivered, reference , id 64354593, to "
