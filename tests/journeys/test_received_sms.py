"""What our numbers receive reaches the partner as its document wants: to the letter, and ten seconds apart.

Simulators and dispatchers stamp their calls with the machine's monotonic clock, which is the same in every process.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from urllib.parse import urlsplit

from tests.faults.support.evidence import Database
from tests.simulators.client import SeenCall
from tests.support.stack import ONE_WORKER, Stack
from tests.support.waiting import eventually

PHONE = "+994501112233"
OPERATION = 355
RENTAL = f"""
[[partners]]
slug = "renter"
vendor = "onlinesim"
url = "$onlinesim/v1/PUSH_SMS_RENT"
credentials = {{ key = "demo-onlinesim-key" }}
options = {{ timeout = $$timeout }}
[[rented_numbers]]
phone = "{PHONE}"
operation_id = {OPERATION}
partner = "renter"
[[inbound_gateways]]
slug = "modem-1"
"""
GAP, TOLERANCE = 10.0, 1.0
STOP_WORDS = ("NO_OPERATION", "NO_OP", "BAD_SERVICE")
OTHER_WORDS = ("IGNORED", "SERVICE_BAN")
PATIENCE_SECONDS = 60
STATES = "SELECT m.text, p.status, p.tries FROM sms_inboundpush p JOIN sms_inboundmessage m ON m.id = p.message_id"


@dataclass
class Story:
    """One received message: what the partner answers, and how it must end."""

    text: str
    faults: list[dict[str, object]] = field(default_factory=list)
    tries: int = 1
    status: str = "delivered"


def stories() -> list[Story]:
    """A hundred of them; no text stands in another."""
    told: list[Story] = []

    def tell(count: int, **facts: object) -> None:
        for _ in range(count):
            told.append(Story(f"received-{len(told):03}.", **facts))

    for word in (*STOP_WORDS, *OTHER_WORDS):
        for form in ("json", "nested", "text"):
            for status in (200, 400, 500):
                tell(1, **after_word(word, form, status))
    tell(20, faults=[{"fault": "status", "status": 500, "times": 2}], tries=3)
    tell(15, faults=[{"fault": "hang", "accepted": True}], tries=2)
    tell(100 - len(told))
    return told


def after_word(word: str, form: str, status: int) -> dict[str, object]:
    fault = {"fault": "word", "word": word, "form": form, "status": status}
    if word in STOP_WORDS:
        return {"faults": [fault], "status": "refused"}
    return {"faults": [fault], "tries": 1 if status == 200 else 2}


def script(stack: Stack, told: list[Story]) -> None:
    stack.vendors.onlinesim.faults(*({**f, "match": {"contains": s.text}} for s in told for f in s.faults))


def receive(stack: Stack, told: list[Story]) -> None:
    """The modem's calls."""
    gateways = json.loads(stack.manage("callback_urls").stdout)["gateways"]
    endpoint = urlsplit(gateways["modem-1"]).path
    for story in told:
        reply = stack.call("POST", endpoint, {"from": "Instagram", "to": PHONE, "text": story.text})
        assert (reply.status, reply.body) == (200, b"")


def calls_by_text(stack: Stack) -> dict[str, list[SeenCall]]:
    calls: dict[str, list[SeenCall]] = defaultdict(list)
    for call in stack.vendors.onlinesim.calls():
        calls[call.fields["text"]].append(call)
    return calls


def states(stack: Stack) -> dict[str, list[object]]:
    """Status and tries of each push, by its text."""
    return {row["text"]: [row["status"], row["tries"]] for row in Database(stack.database_url).rows(STATES)}


def wait_for_calls(stack: Stack, count: int) -> None:
    vendor = stack.vendors.onlinesim
    eventually(lambda: vendor.counts()["calls"] >= count, PATIENCE_SECONDS, because=f"the partner saw {count} calls")


def wait_for_end(stack: Stack, expected: dict[str, list[object]]) -> None:
    """All pushes are over, as they should be: nothing is due, so nothing more can come."""
    eventually(lambda: _equal(states(stack), expected), PATIENCE_SECONDS, because="every push is over")


def _equal(found: dict[str, list[object]], expected: dict[str, list[object]]) -> bool:
    assert {text: state for text, state in found.items() if state != expected[text]} == {}
    return found.keys() == expected.keys()


def gaps(calls: list[SeenCall]) -> list[float]:
    """Seconds from the end of each try to the start of the next."""
    return [after.arrived - before.ended for before, after in pairwise(calls)]


def assert_to_the_letter(calls: list[SeenCall]) -> None:
    """Each repeat is the same bytes, and the request is the document's."""
    assert len({(call.method, call.target, tuple(map(tuple, call.headers)), call.body) for call in calls}) == 1
    first = calls[0]
    assert first.header("content-type") == "application/json; charset=utf-8"
    assert json.loads(first.body) == {
        "smsId": OPERATION,
        "phoneFrom": "Instagram",
        "phone": PHONE.removeprefix("+"),
        "text": first.fields["text"],
        "action": "PUSH_SMS",
        "key": "demo-onlinesim-key",
        "service": "rent",
    }
    assert all(call.violations == [] for call in calls)


def rental(stacks: Callable[..., Stack], *, dispatchers: int, timeout: int) -> Stack:
    """A number that the partner rents; `timeout`: seconds for which the partner may be silent."""
    rented = RENTAL.replace("$$timeout", str(timeout))
    return stacks(provisioning=rented, dispatchers=dispatchers, web_words=ONE_WORKER)


def test_a_hundred_messages_are_pushed_and_repeated_by_two_dispatchers(stacks):
    stack, told = rental(stacks, dispatchers=2, timeout=2), stories()
    assert len(told) == 100
    script(stack, told)
    receive(stack, told)
    wait_for_end(stack, {story.text: [story.status, story.tries] for story in told})
    seen = calls_by_text(stack)
    assert {text: len(calls) for text, calls in seen.items()} == {story.text: story.tries for story in told}
    for calls in seen.values():
        assert_to_the_letter(calls)
    apart = [gap for calls in seen.values() for gap in gaps(calls)]
    assert len(apart) == sum(story.tries - 1 for story in told)
    assert min(apart) >= GAP - TOLERANCE, sorted(apart)[:5]
    assert max(apart) <= GAP + TOLERANCE, sorted(apart)[-5:]


def test_a_killed_dispatcher_delays_no_repeat_between_tries_and_an_open_try_until_its_lease_ends(stacks):
    timeout = 6
    stack = rental(stacks, dispatchers=1, timeout=timeout)
    between = [Story(f"between-{n:02}.", [{"fault": "status", "status": 503}], tries=2) for n in range(20)]
    during = Story("during.", [{"fault": "hang", "accepted": True}], tries=2)
    script(stack, [*between, during])
    receive(stack, [*between, during])
    wait_for_calls(stack, 21)
    waiting = {story.text: ["waiting", 1] for story in between} | {"during.": ["pushing", 1]}
    eventually(lambda: _equal(states(stack), waiting), because="all but one wait for their second try")
    stack.dispatchers[0].kill()
    stack.add_dispatcher()
    wait_for_end(stack, {story.text: ["delivered", 2] for story in (*between, during)})
    seen = calls_by_text(stack)
    assert {len(calls) for calls in seen.values()} == {2}
    for calls in seen.values():
        assert_to_the_letter(calls)
    (first, second), apart = seen.pop("during."), [gaps(calls)[0] for calls in seen.values()]
    assert max(abs(gap - GAP) for gap in apart) <= TOLERANCE, sorted(apart)
    lease = 5 + timeout + 10  # seconds: connecting, the call, slack
    assert abs(second.arrived - first.arrived - lease) <= TOLERANCE
