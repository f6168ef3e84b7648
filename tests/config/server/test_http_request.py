"""When a request is complete, and what is refused while it is being received."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st
from waitress.adjustments import Adjustments

from config.server.http_request import MAX_ADMIN_BODY, MAX_BODY, MAX_HEADERS, MAX_LINE, RequestParser
from config.server.worker import NO_LIMIT
from sms.domain.codes import Refusal

ADJUSTMENTS = Adjustments(max_request_body_size=NO_LIMIT, max_request_header_size=64 * 1024)
HEAD = b"POST /send-sms HTTP/1.1\r\nHost: x\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def with_length(body: bytes) -> bytes:
    return HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body


def chunked(*parts: bytes, extension: bytes = b"", trailers: bytes = b"") -> bytes:
    chunks = b"".join(b"%x%s\r\n%s\r\n" % (len(part), extension, part) for part in parts if part)
    return CHUNKED + chunks + b"0\r\n" + trailers + b"\r\n"


def receive(parser: RequestParser, data: bytes) -> int:
    """Hand the bytes over as a connection does; returns how many were used."""
    at = 0
    while at < len(data) and not parser.completed:
        at += parser.received(data[at:])
    return at


def parse(data: bytes) -> RequestParser:
    parser = RequestParser(ADJUSTMENTS)
    receive(parser, data)
    return parser


def code(parser: RequestParser) -> str | None:
    return parser.error.code.name if isinstance(parser.error, Refusal) else type(parser.error).__name__


REQUESTS = st.one_of(
    st.just(HEAD + b"\r\n"),
    st.binary(max_size=300).map(with_length),
    st.lists(st.binary(max_size=40), max_size=6).map(lambda parts: chunked(*parts)),
    st.lists(st.binary(max_size=9), max_size=3).map(lambda parts: chunked(*parts, extension=b";a=b")),
    st.lists(st.binary(max_size=9), max_size=3).map(lambda parts: chunked(*parts, trailers=b"X-Sum: 1\r\nY: 2\r\n")),
)


@given(REQUESTS, st.lists(st.integers(1, 50), max_size=20))
def test_it_is_complete_at_its_last_byte_however_it_was_cut(request: bytes, cuts: list[int]) -> None:
    parser, rest = RequestParser(ADJUSTMENTS), request[:-1]
    for cut in cuts:
        receive(parser, rest[:cut])
        rest = rest[cut:]
        assert not parser.completed
    receive(parser, rest)
    assert not parser.completed
    receive(parser, request[-1:])
    assert parser.completed
    assert parser.error is None


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=6))
def test_the_application_reads_the_body_that_was_sent(parts: list[bytes]) -> None:
    for request in (chunked(*parts), with_length(b"".join(parts))):
        assert parse(request).get_body_stream().read() == b"".join(parts)


@given(st.binary(max_size=400))
def test_no_bytes_at_all_break_it(noise: bytes) -> None:
    for start in (b"", HEAD, CHUNKED, HEAD + b"Content-Length: "):
        parse(start + noise)


AMBIGUOUS = [
    b"Content-Length: x\r\n",
    b"Content-Length: -1\r\n",
    b"Content-Length: 1\r\nContent-Length: 2\r\n",
    b"Content-Length: 1\r\nContent-Length: 1\r\n",
    b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n",
    b"X: a\r\n b\r\n",
    b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n",
]


@pytest.mark.parametrize("headers", AMBIGUOUS)
def test_what_is_ambiguous_is_refused_without_waiting_for_a_body(headers: bytes) -> None:
    parser = parse(HEAD + headers + b"\r\n")
    assert parser.completed
    assert parser.error is not None
    assert not parser.expect_continue


@pytest.mark.parametrize("version", [b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/9.9"])
def test_chunks_belong_to_http_1_1_and_other_versions_do_not_exist(version: bytes) -> None:
    assert parse(CHUNKED.replace(b"HTTP/1.1", version)).error is not None


def drip(start: bytes, piece: bytes) -> Iterator[tuple[RequestParser, int]]:
    """A parser that is given the same piece without end, and how many bytes it has had."""
    parser = RequestParser(ADJUSTMENTS)
    receive(parser, start)
    received = 0
    while not parser.completed and received < 100 * MAX_BODY:
        receive(parser, piece)
        received += len(piece)
        yield parser, received


ENDLESS = {
    "one extension": (CHUNKED + b"1;", b"e" * 100, 2_000, "bad_request"),
    "a size without an end": (CHUNKED, b"0" * 100, 2_000, "bad_request"),
    "an extension at each chunk": (CHUNKED, b"1;" + b"e" * 900 + b"\r\nx\r\n", 600_000, "payload_too_large"),
    "trailers": (CHUNKED + b"0\r\n", b"X: x\r\n", 10_000, "headers_too_large"),
    "one trailer": (CHUNKED + b"0\r\n", b"x", 10_000, "headers_too_large"),
    "headers": (HEAD, b"X: x\r\n", 70_000, "RequestHeaderFieldsTooLarge"),
    "one header": (HEAD + b"X: ", b"x" * 50, 70_000, "RequestHeaderFieldsTooLarge"),
    "empty lines": (CHUNKED, b"\r\n", 600_000, "payload_too_large"),
}


@pytest.mark.parametrize(("start", "piece", "limit", "expected"), ENDLESS.values(), ids=ENDLESS)
def test_what_has_no_end_is_refused_while_it_is_received(start: bytes, piece: bytes, limit: int, expected: str) -> None:
    parser, received = list(drip(start, piece))[-1]
    assert parser.completed
    assert received < limit
    assert code(parser) == expected


def test_a_body_that_is_too_long_is_handed_on_as_soon_as_that_is_known() -> None:
    parser = parse(HEAD + b"Content-Length: %d\r\n\r\n" % (MAX_BODY + 1))
    assert parser.completed
    assert (parser.error, parser.headers["CONNECTION"]) == (None, "close")
    parser, received = list(drip(CHUNKED + b"ffffff\r\n", b"x" * 1000))[-1]
    assert received <= MAX_BODY + 1000
    assert int(parser.headers["CONTENT_LENGTH"]) > MAX_BODY


def test_the_admin_takes_longer_forms() -> None:
    head = b"POST /admin/import/ HTTP/1.1\r\nContent-Length: %d\r\n\r\n"
    assert not parse(head % MAX_ADMIN_BODY).completed
    assert parse(head % (MAX_ADMIN_BODY + 1)).completed


GET = b"GET / HTTP/1.1\r\n"
TARGET = MAX_LINE - len(b"GET / HTTP/1.1")
FIELD = MAX_LINE - len(b"X: ")
HEADS = {
    "the longest first line": (b"GET /%b HTTP/1.1\r\n" % (b"x" * TARGET), None),
    "a longer first line": (b"GET /%b HTTP/1.1\r\n" % (b"x" * (TARGET + 1)), "uri_too_long"),
    "the longest field": (GET + b"X: %b\r\n" % (b"x" * FIELD), None),
    "a longer field": (GET + b"X: %b\r\n" % (b"x" * (FIELD + 1)), "headers_too_large"),
    "a longer field between others": (GET + b"Y: 1\r\nX: %b\r\nZ: 1\r\n" % (b"x" * (FIELD + 1)), "headers_too_large"),
    "two long fields": (GET + b"X: %b\r\n" % (b"x" * FIELD) * 2, None),
    "as many fields as are taken": (GET + b"X: 1\r\n" * MAX_HEADERS, None),
    "one field more": (GET + b"X: 1\r\n" * (MAX_HEADERS + 1), "headers_too_large"),
    "a folded field": (GET + b"X: 1\r\n 2\r\n", "BadRequest"),
    "a field folded with a tab": (GET + b"X: 1\r\n\t2\r\n", "BadRequest"),
    "a first field that is folded": (GET + b" X: 1\r\n", "BadRequest"),
    "a blank and a tab within fields": (GET + b"X: 1 2\r\nY:\t3\r\n", None),
}


@pytest.mark.parametrize(("lines", "expected"), HEADS.values(), ids=HEADS)
def test_the_limits_of_a_head_are_exact(lines: bytes, expected: str | None) -> None:
    parser = parse(lines + b"\r\n")
    assert parser.completed
    assert (parser.error and code(parser)) == expected


TARGETS = {
    "UTF-8": ("/inbound/k?text=Salut é".encode().replace(b" ", b"+"), "text=Salut+%C3%A9"),
    "Latin-1": (b"/inbound/k?text=caf\xe9", "text=caf%E9"),
    "a fragment": (b"/inbound/k?text=Room+#5&to=1", "text=Room+%235&to=1"),
    "a tab": (b"/inbound/k?text=a\tb", "text=a%09b"),
    "a zero byte": (b"/inbound/k?text=a\0b", "text=a%00b"),
    "escapes": (b"/inbound/k?text=%C3%A9&to=%2B1[0]", "text=%C3%A9&to=%2B1[0]"),
    "an absolute URL": (b"http://sms.example/inbound/k?text=\xc3\xa9", "text=%C3%A9"),
    "two slashes": (b"//inbound/k?text=\xc3\xa9", "text=%C3%A9"),
}


@pytest.mark.parametrize(("target", "query"), TARGETS.values(), ids=TARGETS)
def test_a_query_with_bytes_that_should_have_been_escaped_is_complete(target: bytes, query: str) -> None:
    parser = parse(b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % target)
    assert (parser.completed, parser.error) == (True, None)
    assert parser.query == query


UNREADABLE = [b"http://[", b"http://[::1/", b"http://a[b/x", b"http://x]/", b"/x\ny", b"/x\ry", b"/a b"]


@pytest.mark.parametrize("target", UNREADABLE)
def test_a_url_that_cannot_be_read_is_answered(target: bytes) -> None:
    parser = parse(b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % target)
    assert parser.completed
    assert code(parser) == "BadRequest"


@pytest.mark.parametrize("length", [b"", b"Content-Length: 0\r\n"])
def test_a_request_without_a_body_does_not_wait_for_one_that_it_announces(length: bytes) -> None:
    parser = parse(HEAD + length + b"Expect: 100-continue\r\n\r\n")
    assert (parser.completed, parser.error, parser.expect_continue) == (True, None, False)


@pytest.mark.parametrize("end", [b"", b" HTTP/1.1\r\n", b" HTTP/1.1\r\nHost: x\r\n\r\n"])
def test_a_url_beyond_every_limit_is_named_as_the_fault(end: bytes) -> None:
    assert code(parse(b"GET /" + b"x" * 70_000 + end)) == "uri_too_long"


def test_django_refuses_no_form_that_the_server_lets_through():
    assert settings.DATA_UPLOAD_MAX_MEMORY_SIZE == MAX_ADMIN_BODY
