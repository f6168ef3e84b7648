"""When a request is whole: at the same byte, however it was cut on its way, and as gunicorn's own parser finds."""

from __future__ import annotations

import pytest
from gunicorn.config import Config
from gunicorn.http.parser import RequestParser
from hypothesis import given
from hypothesis import strategies as st

from config.incoming import MAX_ADMIN_BODY, MOST_BODY, Incoming, State

HEAD = b"POST /send-sms HTTP/1.1\r\nHost: x\r\n"
NEXT = b"GET /healthz HTTP/1.1\r\n\r\n"


def with_length(body: bytes) -> bytes:
    return HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body


def chunked(*parts: bytes, extension: bytes = b"", trailers: bytes = b"") -> bytes:
    chunks = b"".join(b"%x%s\r\n%s\r\n" % (len(part), extension, part) for part in parts if part)
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n" + trailers + b"\r\n"


def body_by_gunicorn(whole: bytes) -> bytes:
    return next(RequestParser(Config(), iter((whole,)), ("127.0.0.1", 1))).body.read()


REQUESTS = st.one_of(
    st.just(HEAD + b"\r\n"),
    st.binary(max_size=300).map(with_length),
    st.lists(st.binary(max_size=40), max_size=6).map(lambda parts: chunked(*parts)),
    st.lists(st.binary(max_size=9), max_size=3).map(lambda parts: chunked(*parts, extension=b";a=b")),
    st.lists(st.binary(max_size=9), max_size=3).map(lambda parts: chunked(*parts, trailers=b"X-Sum: 1\r\nY: 2\r\n")),
)


@given(REQUESTS, st.lists(st.integers(1, 50), max_size=20), st.sampled_from([b"", b"G", NEXT]))
def test_it_is_whole_at_its_last_byte_however_it_was_cut(request: bytes, cuts: list[int], behind: bytes) -> None:
    incoming, rest = Incoming(), request[:-1]
    for cut in cuts:
        incoming.add(rest[:cut])
        rest = rest[cut:]
        assert incoming.state() is State.PARTIAL
    incoming.add(rest)
    assert incoming.state() is State.PARTIAL
    incoming.add(request[-1:] + behind)
    assert incoming.state() is State.WHOLE
    assert incoming.take() == (request, behind)
    assert not incoming.is_cut


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=6))
def test_gunicorn_reads_the_same_body_out_of_it(parts: list[bytes]) -> None:
    for request in (chunked(*parts), with_length(b"".join(parts))):
        incoming = Incoming(request + NEXT)
        assert incoming.state() is State.WHOLE
        assert body_by_gunicorn(incoming.take()[0]) == b"".join(parts)


@given(st.binary(max_size=400))
def test_no_bytes_at_all_break_it(noise: bytes) -> None:
    for start in (b"", HEAD, HEAD + b"Transfer-Encoding: chunked\r\n\r\n", HEAD + b"Content-Length: "):
        incoming = Incoming(start + noise)
        if incoming.state() is State.WHOLE:
            assert b"".join(incoming.take()) == start + noise


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 65537\r\n",
        b"Content-Length: 99999999999999999999999\r\n",
        b"Content-Length: x\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: 1\r\nContent-Length: 2\r\n",
        b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"Expect: miracles\r\nContent-Length: 5\r\n",
    ],
)
def test_what_must_be_refused_is_not_waited_for_and_ends_its_connection(headers: bytes) -> None:
    incoming = Incoming(HEAD + headers + b"\r\n")
    assert incoming.state() is State.WHOLE
    assert incoming.is_cut


@pytest.mark.parametrize("chunks", [b"x\r\n", b"-1\r\n", b"\r\n", b"5\r\nabcdefg\r\n", b"1" * 1025, b"123456789\r\n"])
def test_chunks_that_can_not_be_read_are_not_waited_for(chunks: bytes) -> None:
    incoming = Incoming(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
    assert incoming.state() is State.WHOLE
    assert incoming.is_cut


def test_a_long_chunked_body_is_handed_on_as_soon_as_it_is_too_long() -> None:
    incoming = Incoming(HEAD + b"Transfer-Encoding: chunked\r\n\r\nfffff\r\n" + b"x" * MOST_BODY)
    assert incoming.state() is State.PARTIAL
    incoming.add(b"xx")
    assert incoming.state() is State.WHOLE
    assert incoming.is_cut


def test_a_chunked_body_that_is_mostly_frame_is_refused() -> None:
    incoming = Incoming(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + (b"1;" + b"e" * 900 + b"\r\nx\r\n") * 700)
    assert incoming.state() is State.BODY_TOO_LARGE


def test_a_head_without_an_end_is_refused() -> None:
    incoming = Incoming(HEAD + b"X: " + b"x" * 65_536)
    assert incoming.state() is State.HEAD_TOO_LARGE


def test_the_admin_takes_longer_forms() -> None:
    head = b"POST /admin/import/ HTTP/1.1\r\nContent-Length: %d\r\n\r\n"
    assert Incoming(head % MAX_ADMIN_BODY).state() is State.PARTIAL
    assert Incoming(head % (MAX_ADMIN_BODY + 1)).state() is State.WHOLE
