"""Fifty equal calls at once are one message and fifty 201s."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.support.stack import Stack

from .support import invariants
from .support.evidence import Database, drained
from .support.load import Caller, Item, Reply, smsplus_item

AT_ONCE = 50


def test_fifty_equal_calls_at_once_are_one_message(stacks: Callable[..., Stack]):
    stack = stacks()
    item, other = smsplus_item(), smsplus_item()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        replies = list(pool.map(lambda _: send(stack, item, item.request_id), range(AT_ONCE)))
    assert [reply.status for reply in replies] == [201] * AT_ONCE
    assert send(stack, other, item.request_id).status == 201
    rows = Database(stack.database_url).rows("SELECT text FROM sms_message ORDER BY id")
    assert [row["text"] for row in rows] == [item.text, other.text]
    drained(stack)
    taken = [call.fields["second_parameters"] for call in stack.vendors.smsplus.calls() if call.accepted]
    assert sorted(taken) == [[item.marker], [other.marker]]
    invariants.logs_keep_quiet(stack.logs(), [item])


def send(stack: Stack, item: Item, request_id: str) -> Reply:
    with Caller(stack.port) as caller:
        return caller.send(item, request_id=request_id)
