"""Descriptions, answers and callbacks made up at random: nothing fails, no secret is shown, nothing is sent twice."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from providers.base import (
    Accepted,
    Asked,
    Failure,
    HttpRequest,
    HttpResponse,
    ProviderError,
    Report,
    ReportChannel,
    SessionExpired,
    Unconfirmed,
)
from providers.contract import first_problem
from providers.described import DescriptionError, load, run_examples
from providers.described.adapter import Described
from providers.exchange import exchange_text

from . import made_up

SECRET = "s3cr3t+W0rd/="
BASE = "https://vendor.example/base"


def run(seed: int, cases: int) -> Counter[str]:
    random, counts = Random(seed), Counter[str]()
    for _ in range(cases):
        text = made_up.description(random)
        try:
            adapter = load(text)
        except DescriptionError as refused:
            said_well(refused)
            counts["refused"] += 1
            continue
        assert issubclass(adapter, Described)
        counts["loaded"] += 1
        assert first_problem(adapter) == ""
        counts.update(judge(random, adapter))
    return counts


def said_well(refused: DescriptionError) -> None:
    assert refused.problems
    assert all(each.text and isinstance(each.place, str) for each in refused.problems)


def judge(random: Random, adapter: type[Described]) -> list[str]:
    described = adapter.description
    passed = {each.name for each in run_examples(adapter) if each.passed}
    credentials = {each.key: SECRET if each.secret else "public" for each in adapter.credentials}
    sender = adapter(base_url=BASE, credentials=credentials, options=described.sample.options)
    likely = [each.answer.body for each in described.examples if each.answer and each.of == "send"]
    echoes = [SECRET, f"GET /x?p={quote_plus(SECRET)}"]
    done = ["requests"] * sum(sent(random, sender) for _ in range(2))
    for _ in range(4):
        done.append(answered(sender, made_up.answer(random, random.choice(echoes), likely)))
    done += taken(random, sender, passed)
    done += reported(random, sender)
    return done


def sent(random: Random, sender: Described) -> bool:
    try:
        request = sender.request(made_up.message(random))
    except ProviderError as error:
        shown_without_secrets(error)
        return False
    assert request.url.startswith(f"{BASE}/")
    assert all(value.isascii() and value.isprintable() for _, value in request.headers)
    shown_without_secrets(exchange_text(request, (*sender.secrets(), *request.hidden)))
    return True


def answered(sender: Described, response: HttpResponse) -> str:
    answer = sender.description.answer
    try:
        accepted = sender.outcome(response)
    except ProviderError as error:
        refused_rightly(sender, response, error)
        return str(error.failure)
    shown_without_secrets(accepted)
    assert accepted.repeated or response.status // 100 == 2
    assert not accepted.repeated or "repeated" in {each.class_ for each in answer.codes}
    return "accepted"


def refused_rightly(sender: Described, response: HttpResponse, error: ProviderError) -> None:
    shown_without_secrets(error)
    assert not isinstance(error, SessionExpired)
    if not isinstance(error, Unconfirmed) and response.status // 100 in (1, 2, 5):
        # no rule for a status says that nothing was sent, so that the description must say it
        answer = sender.description.answer
        listed = {each.class_ for each in answer.codes if each.code == error.code or each.code.endswith("*")}
        assert error.failure in listed or (answer.refused_when and error.failure is Failure.CONFIG)


def taken(random: Random, sender: Described, passed: set[str]) -> list[str]:
    """The vendor took the message, and answers as in an example, or that answer is damaged on its way: it is either
    accepted or in doubt, so that the message is never sent again."""
    done = []
    for example in sender.description.examples:
        if example.of != "send" or example.answer is None or example.means != "accepted" or example.name not in passed:
            continue
        body = example.answer.body.encode()
        damaged = random.choice((body[: random.randrange(len(body) + 1)], b"<html>" + body, b"", body + body, body))
        status = random.choice((example.answer.status, 500, 502, 504))
        try:
            assert isinstance(sender.outcome(HttpResponse(status, {}, damaged)), Accepted)
        except Unconfirmed:
            done.append("in doubt")
        else:
            done.append("taken")
    return done


def reported(random: Random, sender: Described) -> list[str]:
    described = sender.description
    callback = made_up.callback(random, SECRET)
    assert sender.authentic(callback) in (True, False)
    stranger = type(sender)(base_url=BASE, credentials={}, options={})
    signature = described.receipts.signature if described.receipts else None
    assert signature is None or not stranger.authentic(callback)
    assert sender.reply(callback).status // 100 == 2
    found = sender.read(callback) or sender.read_reports({"status": "error", "id": SECRET, "x": [1], "data": {"id": 1}})
    if ReportChannel.POLL in sender.reports:
        assert isinstance(sender.poll_request(Asked("4711", "0197-attempt", "+994501234567")), HttpRequest)
        try:
            found = [*found, *sender.poll_outcome(made_up.answer(random, SECRET))]
        except ProviderError as error:
            shown_without_secrets(error)
    never_left = {state.word.lower() for each in (described.receipts, described.poll) if each
                  for state in each.states if state.left is False}  # fmt: skip
    for report in found:
        shown_without_secrets(report)
        assert isinstance(report, Report)
        assert report.left is not False or never_left
    return ["reports"] * len(found)


def shown_without_secrets(value: Any) -> None:
    text = value if isinstance(value, str) else repr(value) + getattr(value, "detail", "")
    for form in (SECRET, quote(SECRET), quote(SECRET, safe=""), quote_plus(SECRET)):
        assert form not in text


EACH = ("refused", "loaded", "requests", "accepted", "ambiguous", "account", "taken", "in doubt", "reports")


def test_a_few_made_up_descriptions() -> None:
    counts = run(seed=20, cases=120)
    assert min(counts[each] for each in ("refused", "loaded", "requests", "accepted", "ambiguous", "reports")) > 10, (
        counts
    )


@pytest.mark.faults
@pytest.mark.parametrize("seed", range(10))
def test_ten_thousand_made_up_descriptions(seed: int) -> None:
    counts = run(seed, cases=1000)
    assert min(counts[each] for each in EACH) > 9, counts
