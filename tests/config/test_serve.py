"""SERVE: the API and the admin as processes of their own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.stack import ONE_WORKER, Stack


@pytest.mark.parametrize(("serve", "sent", "shown"), [("api", 201, 404), ("admin", 404, 200), ("all", 201, 200)])
def test_a_process_answers_what_it_serves_and_404_for_the_rest(
    stacks: Callable[..., Stack], serve: str, sent: int, shown: int
) -> None:
    stack = stacks(dispatchers=0, web_words=ONE_WORKER, SERVE=serve)
    reply = stack.send_sms("+40712345678", "Salut")
    assert reply.status == sent
    if sent == 404:
        assert reply.json["errors"][0]["code"] == "not_found"
    assert stack.call("GET", "/admin/login/").status == shown
    assert stack.call("GET", "/healthz/").status == 200
