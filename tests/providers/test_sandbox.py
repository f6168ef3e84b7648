"""The sandbox: each pair of last digits plays its part, and no socket is opened."""

from __future__ import annotations

import socket
import time

import pytest

from providers import playground
from providers.base import (
    Accepted,
    Asked,
    HttpResponse,
    MessageState,
    ProviderError,
    Refused,
    Report,
    Unavailable,
    Unconfirmed,
)
from providers.http import Client, TooLate
from providers.testing.cases import Answer, answers, check, without_a_code

from .samples import Sample, sender, sms

SAMPLE = Sample({})

ADDRESS = "sandbox://training"


@pytest.fixture(autouse=True)
def no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("The sandbox opened a socket.")

    monkeypatch.setattr(socket, "socket", refuse)


def send(digits: str, timeout: float = 15.0, not_after: float | None = None) -> Accepted:
    adapter = sender("sandbox", ADDRESS)
    request = adapter.request(sms("sandbox", to=f"+9945012345{digits}"))
    return adapter.outcome(Client().send(request, timeout=timeout, not_after=not_after))


@pytest.mark.parametrize("digits", ["00", "07", "67", "99"])
def test_accepted_and_never_heard_of_again(digits: str) -> None:
    assert send(digits) == Accepted(code="accepted")


@pytest.mark.parametrize(("digits", "state"), [("01", MessageState.DELIVERED), ("02", MessageState.UNDELIVERED)])
def test_accepted_and_its_state_can_be_asked_for(digits: str, state: MessageState) -> None:
    accepted = send(digits)
    assert accepted == Accepted(f"0197-attempt-{digits}", "accepted")
    adapter = sender("sandbox", ADDRESS)
    answer = Client().send(adapter.poll_request(Asked(accepted.vendor_id)), timeout=15.0)
    assert adapter.poll_outcome(answer) == [Report(state, vendor_id=accepted.vendor_id, code=state.value)]


@pytest.mark.parametrize(("digits", "kind"), [("03", Refused), ("04", Unavailable), ("05", Unconfirmed)])
def test_the_ways_to_fail(digits: str, kind: type[ProviderError]) -> None:
    with pytest.raises(kind):
        send(digits)


def test_06_answers_after_five_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(playground, "sleep", slept.append)
    assert send("06") == Accepted(code="accepted")
    assert slept == [5.0]
    with pytest.raises(Unconfirmed):
        send("06", timeout=4.0)
    assert slept == [5.0]


def test_a_call_that_is_too_late_is_not_played() -> None:
    with pytest.raises(TooLate):
        send("00", not_after=time.monotonic() - 1)


@answers(*without_a_code())
def test_an_answer_from_elsewhere_is_read_by_its_status(case: Answer) -> None:
    check(sender("sandbox").outcome, case)
    check(sender("sandbox").poll_outcome, case)


def test_a_state_that_is_none_is_an_error() -> None:
    with pytest.raises(Unconfirmed):
        sender("sandbox").poll_outcome(HttpResponse(200, {}, b'{"state":"unknown","id":"x"}'))
