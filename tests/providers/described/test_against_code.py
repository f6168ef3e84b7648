"""Two vendors described and in code: the same calls, and one meaning of each answer and report of their tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from providers.base import ProviderError, Sender
from providers.testing import Example
from providers.testing.cases import Answer
from tests.providers import samples, test_accolades, test_smsplus

from .descriptions import adapter

PAIRS = {"smsplus": ("plus_described", test_smsplus), "accolades": ("voipit_described", test_accolades)}


def tables(module: ModuleType, *names: str) -> Iterator[tuple[Any, ...]]:
    """The rows of each test of the module whose parameters have these names."""
    for test in vars(module).values():
        for mark in getattr(test, "pytestmark", ()):
            found, rows = mark.args
            if tuple([found] if isinstance(found, str) else found) == names:
                yield from (getattr(row, "values", row if isinstance(row, tuple) else (row,)) for row in rows)


def pair(slug: str, **options: Any) -> tuple[Sender, Sender]:
    """The adapter in code and the described one, with one account."""
    in_code = samples.example(slug)
    described = Example(adapter(PAIRS[slug][0]), in_code.credentials, in_code.message)
    return in_code.sender(**options), described.sender(**options)


def meaning(call: Callable[[], Any]) -> Any:
    """The result, or the class and the code of the error."""
    try:
        return call()
    except ProviderError as error:
        return type(error), error.failure, error.code, error.retry_after


ANSWERS = [
    (slug, case)
    for slug, (_, module) in PAIRS.items()
    for (case,) in tables(module, "case")
    if isinstance(case, Answer)
]


def test_the_tables_are_found() -> None:
    counts = {slug: sum(each == slug for each, _ in ANSWERS) for slug in PAIRS}
    assert min(counts.values()) > 200, counts


@pytest.mark.parametrize(("slug", "case"), [pytest.param(*each, id=f"{each[0]}, {each[1].label}") for each in ANSWERS])
def test_each_answer_means_the_same(slug: str, case: Answer) -> None:
    in_code, described = pair(slug)
    response = case.response()
    assert meaning(lambda: described.outcome(response)) == meaning(lambda: in_code.outcome(response))
    if in_code.can_test:
        passed, other = (meaning(lambda each=each: each.test_outcome(response)) for each in (described, in_code))
        assert isinstance(passed, str) == isinstance(other, str)
        assert isinstance(passed, str) or passed == other


MESSAGES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    *(("smsplus", options, changes) for options, changes, _ in test_smsplus.REQUESTS.values()),
    *(("smsplus", {}, changes) for changes, *_ in test_smsplus.FAULTS.values()),
    *(
        ("accolades", {"phone_format": name}, {"to": to})
        for name, to, _ in tables(test_accolades, "name", "to", "written")
    ),
    *(("accolades", {}, {"text": text}) for (text,) in tables(test_accolades, "text")),
    *(("accolades", {"phone_format": "national"}, {"to": to}) for (to,) in tables(test_accolades, "to")),
    ("accolades", {}, {"callback_url": None}),
    ("accolades", {"trailing_slash": True}, {}),
    ("accolades", {"phone_format": "national"}, {"to": "+999123456789"}),
    *((slug, {}, changes) for slug in PAIRS for changes in ({}, {"sender": ""}, {"text": "x" * 161}, {"is_otp": True})),
]


@pytest.mark.parametrize(("slug", "options", "changes"), MESSAGES)
def test_each_message_is_the_same_call(slug: str, options: dict[str, Any], changes: dict[str, Any]) -> None:
    in_code, described = pair(slug, **options)
    sms = samples.sms(slug, **changes)
    assert meaning(lambda: described.request(sms)) == meaning(lambda: in_code.request(sms))


def test_there_are_messages_of_every_table() -> None:
    assert len(MESSAGES) >= 40


def test_the_connection_is_tested_by_the_same_call() -> None:
    in_code, described = pair("accolades", trailing_slash=True)
    assert described.test_request() == in_code.test_request()


@pytest.mark.parametrize("fields", [fields for fields, _ in tables(test_accolades, "fields", "reports")])
def test_each_callback_is_the_same_report(fields: dict[str, Any]) -> None:
    in_code, described = pair("accolades")
    assert described.read_reports(fields) == in_code.read_reports(fields)


FACTS = [
    *("carries", "max_parameters", "max_length", "max_value_length", "max_parts", "sender_rule", "names_parameters"),
    *("blocks_callers", "reports", "signed_headers", "ids_per_part", "repeats_are_safe", "strongest", "can_test"),
    *("tells_balance", "sandbox", "doubted_approvals", "credentials", "options", "documents", "default_base_url"),
]


@pytest.mark.parametrize("slug", PAIRS)
@pytest.mark.parametrize("fact", FACTS)
def test_each_fact_is_the_same(slug: str, fact: str) -> None:
    in_code, described = pair(slug)
    assert getattr(described, fact) == getattr(in_code, fact)


@pytest.mark.parametrize("slug", PAIRS)
def test_each_code_has_the_same_class(slug: str) -> None:
    in_code, described = pair(slug)
    classes = {code: failure for code, (failure, _) in described.codes.items()}
    assert {code: classes.get(code, classes.get("5*")) for code in in_code.codes} == {
        code: failure for code, (failure, _) in in_code.codes.items()
    }
