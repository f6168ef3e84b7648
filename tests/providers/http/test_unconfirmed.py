"""From the first byte on: perhaps sent, unless a whole answer comes."""

from __future__ import annotations

import time

import pytest

from providers import connection, http
from providers.base import Unconfirmed
from providers.http import Client
from providers.testing.wire import answer, replying, serving
from tests.providers.calls import LONG, PERHAPS_SENT, SHORT, call, failure, silence_before_reading
from tests.providers.certificates import certificate, server_context


@pytest.mark.parametrize("case", PERHAPS_SENT)
def test_from_the_first_byte_on_everything_but_a_whole_answer_is_unconfirmed(client: Client, case: str) -> None:
    script, code = PERHAPS_SENT[case]
    started = time.monotonic()
    with serving(script) as server:
        error = failure(client, call(server.url), timeout=SHORT if code == "timeout" else LONG)
        assert time.monotonic() - started < LONG / 2
    assert isinstance(error, Unconfirmed)
    assert error.code in ((code,) if code else ("oversize", "unreadable", "closed"))
    if code == "timeout":
        assert time.monotonic() - started >= SHORT


@pytest.mark.parametrize(
    ("case", "status"),
    [
        ("a dripping body", 200),
        ("half a chunk", 200),
        ("a negative chunk", 200),
        ("a body of 64 KiB and one", 200),
        ("a compressed body that is too long", 200),
        ("half a body", 400),
        ("half the headers", None),
        ("early hints and no more", None),
        ("closed without a byte", None),
    ],
)
def test_the_status_of_an_answer_that_broke_off_is_kept(client: Client, case: str, status: int | None) -> None:
    """A partner's status may say enough, whatever its body is."""
    script, code = PERHAPS_SENT[case]
    with serving(script) as server:
        error = failure(client, call(server.url), timeout=SHORT if code == "timeout" else LONG)
    assert error.status == status
    with serving(replying()) as server:
        assert failure(client, call(server.url), timeout=LONG).status is None


def test_a_body_of_exactly_64_kib_is_whole(client: Client) -> None:
    with serving(replying(answer(bytes(64 * 1024)))) as server:
        assert len(client.send(call(server.url), timeout=LONG).body) == 64 * 1024


def test_a_request_that_the_vendor_stops_reading_ends_at_the_deadline(client: Client) -> None:
    with serving(silence_before_reading) as server:
        error = failure(client, call(server.url, b"x" * 20_000_000), timeout=SHORT)
    assert (type(error), error.code) == (Unconfirmed, "timeout")


@pytest.mark.parametrize("case", ["silence", "half a body", "a dripping body", "closed without a byte"])
def test_over_tls_the_same_holds(client: Client, tmp_path: object, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    pem = certificate(tmp_path, "localhost")
    monkeypatch.setattr(http, "_public_trust", lambda: connection.tls_context(str(pem)))
    script, code = PERHAPS_SENT[case]
    with serving(script, tls=server_context(pem)) as server:
        error = failure(client, call(f"https://localhost:{server.port}"), timeout=SHORT if code == "timeout" else LONG)
    assert (type(error), error.code) == (Unconfirmed, code)
