"""What an answer's bytes say: content codings, charsets, and what stays unreadable."""

from __future__ import annotations

import gzip
import random
import zlib
from typing import Any

import pytest

from providers.answers import by_code, code_in, json_object, text_of
from providers.base import Failure, HttpResponse, ProviderError, Unconfirmed
from providers.content import TooLongError, decoded_text, decompressed
from providers.exchange import HIDDEN, exchange_text

LIMIT = 64 * 1024
BODY = '{"success": true, "code": "100", "message": "Gönderildi: əş"}'.encode()


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


def said(body: bytes, content_type: str = "application/json") -> HttpResponse:
    return HttpResponse(200, {"content-type": content_type}, body)


# --- content codings ---------------------------------------------------------------------------------

READABLE = {
    "identity": ("identity", BODY),
    "nothing declared": ("", BODY),
    "gzip": ("gzip", gzip.compress(BODY)),
    "x-gzip": ("x-gzip", gzip.compress(BODY)),
    "GZIP": (" GZIP ", gzip.compress(BODY)),
    "gzip and identity": ("identity, gzip", gzip.compress(BODY)),
    "gzip, undeclared": ("", gzip.compress(BODY)),
    "gzip, declared identity": ("identity", gzip.compress(BODY)),
    "gzip, declared deflate": ("deflate", gzip.compress(BODY)),
    "gzip, declared a charset": ("utf-8", gzip.compress(BODY)),
    "gzip in two members": ("gzip", gzip.compress(BODY[:9]) + gzip.compress(BODY[9:])),
    "gzip with padding": ("gzip", gzip.compress(BODY) + bytes(8)),
    "gzip, uncompressed inside": ("gzip", gzip.compress(BODY, 0)),
    "deflate with zlib's header": ("deflate", zlib.compress(BODY)),
    "deflate with the best compression": ("deflate", zlib.compress(BODY, 9)),
    "raw deflate": ("deflate", raw_deflate(BODY)),
    "deflate, then gzip": ("deflate, gzip", gzip.compress(zlib.compress(BODY))),
    "gzip twice": ("gzip, gzip", gzip.compress(gzip.compress(BODY))),
    "text, declared gzip": ("gzip", BODY),
    "text, declared deflate": ("deflate", BODY),
    "text, declared br": ("br", BODY),
    "text, declared a charset": ("utf-8", BODY),
    "text in a code page, declared none": ("none", BODY.decode().replace("ə", "e").encode("cp1254")),
}


@pytest.mark.parametrize("case", READABLE)
def test_a_content_coding_is_undone(case: str) -> None:
    declared, body = READABLE[case]
    undone = decompressed(body, declared, LIMIT)
    assert undone is not None
    answer = json_object(said(undone))
    assert answer is not None
    assert answer["code"] == "100"


UNREADABLE = {
    "half a gzip": ("gzip", gzip.compress(BODY)[:-20]),
    "gzip without its last byte": ("gzip", gzip.compress(BODY)[:-1]),
    "gzip with a wrong checksum": ("gzip", gzip.compress(BODY)[:-8] + bytes(8)),
    "the head of a gzip": ("gzip", gzip.compress(BODY)[:10]),
    "gzip and other bytes": ("gzip", gzip.compress(BODY) + b"<html>"),
    "half a gzip, undeclared": ("", gzip.compress(BODY)[:-20]),
    "half a deflate": ("deflate", zlib.compress(BODY)[:-10]),
    "deflate and other bytes": ("deflate", zlib.compress(BODY) + b"{}"),
    "half a raw deflate": ("deflate", raw_deflate(BODY)[:-10]),
    "half of the inner coding": ("deflate, gzip", gzip.compress(zlib.compress(BODY)[:-10])),
    "brotli": ("br", b"\x0f\x1e\x80" + bytes(20)),
    "an unknown coding": ("snappy", bytes(range(64))),
    "a known coding inside an unknown one": ("gzip, br", b"\x0f\x1e\x80" + bytes(20)),
    "four codings": ("gzip, gzip, gzip, gzip", gzip.compress(BODY)),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_cannot_be_undone_is_not_read(case: str) -> None:
    declared, body = UNREADABLE[case]
    assert decompressed(body, declared, LIMIT) is None


@pytest.mark.parametrize("declared", ["gzip", "deflate", "br", "", "deflate, gzip"])
def test_an_empty_body_is_empty(declared: str) -> None:
    assert decompressed(b"", declared, LIMIT) == b""


BOMBS = {
    "gzip": ("gzip", gzip.compress(bytes(20_000_000))),
    "gzip, undeclared": ("", gzip.compress(bytes(20_000_000))),
    "deflate": ("deflate", zlib.compress(bytes(20_000_000))),
    "raw deflate": ("deflate", raw_deflate(bytes(20_000_000))),
    "one inside the other": ("gzip, gzip", gzip.compress(gzip.compress(bytes(20_000_000)))),
    "many members": ("gzip", gzip.compress(bytes(1000)) * 100),
    "one byte too many": ("gzip", gzip.compress(bytes(LIMIT + 1))),
}


@pytest.mark.parametrize("case", BOMBS)
def test_a_bomb_is_refused_at_the_limit(case: str) -> None:
    declared, body = BOMBS[case]
    with pytest.raises(TooLongError):
        decompressed(body, declared, LIMIT)


def test_a_body_of_exactly_the_limit_is_whole() -> None:
    assert decompressed(gzip.compress(bytes(LIMIT)), "gzip", LIMIT) == bytes(LIMIT)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_no_mutilated_stream_gives_another_text(coding: str) -> None:
    """Any single wrong byte of a stream with a checksum is found."""
    chance = random.Random(17)
    pack = gzip.compress if coding == "gzip" else zlib.compress
    for at in range(10, len(pack(BODY))):
        body = bytearray(pack(BODY))
        body[at] ^= chance.randrange(1, 256)
        assert decompressed(bytes(body), coding, LIMIT) in (None, BODY)


# --- charsets -----------------------------------------------------------------------------------------

TEXT = '{"code": "119", "message": "Bakiye yetersiz: ş"}'
CHARSETS: dict[str, tuple[str, bytes, bool]] = {
    "UTF-8": ("application/json", TEXT.encode(), True),
    "UTF-8, declared in quotes": ('application/json; charset="UTF-8"', TEXT.encode(), True),
    "UTF-8 with a byte order mark": ("application/json", TEXT.encode("utf-8-sig"), True),
    "UTF-8, declared as a code page": ("text/html; charset=iso-8859-9", TEXT.encode(), True),
    "UTF-8, declared as UTF-16": ("application/json; charset=utf-16", TEXT.encode(), True),
    "ASCII, declared as UTF-16": ("application/json; charset=utf-16", TEXT.replace("ş", "s ").encode(), False),
    "windows-1254": ("application/json; charset=windows-1254", TEXT.encode("cp1254"), True),
    "windows-1254, in single quotes": ("application/json; charset='windows-1254'", TEXT.encode("cp1254"), True),
    "windows-1254, blanks around": ("application/json ; Charset = windows-1254 ; a=b", TEXT.encode("cp1254"), True),
    "windows-1254, undeclared": ("application/json", TEXT.encode("cp1254"), False),
    "windows-1254, declared as UTF-8": ("application/json; charset=utf-8", TEXT.encode("cp1254"), False),
    "windows-1254, declared as UTF-16": ("application/json; charset=utf-16", TEXT.encode("cp1254"), False),
    "windows-1254, an unknown charset": ("application/json; charset=x-none", TEXT.encode("cp1254"), False),
    "windows-1254, no charset at all": ("application/json; charset=", TEXT.encode("cp1254"), False),
    "windows-1254, a codec that is no charset": ("application/json; charset=rot13", TEXT.encode("cp1254"), False),
    "windows-1254, Python's own codec": ("application/json; charset=unicode_escape", TEXT.encode("cp1254"), False),
    "iso-8859-9": ("application/json; charset=iso-8859-9", TEXT.encode("iso-8859-9"), True),
    "windows-1251": ("application/json; charset=windows-1251", TEXT.replace("ş", "ш").encode("cp1251"), False),
    "iso-2022-kr": ("application/json; charset=iso-2022-kr", TEXT.replace("ş", "한").encode("iso-2022-kr"), False),
    "EBCDIC": ("application/json; charset=cp1026", TEXT.encode("cp1026"), True),
    "UTF-16": ("application/json; charset=utf-16", TEXT.encode("utf-16"), True),
    "UTF-16 without a mark": ("application/json; charset=utf-16", TEXT.encode("utf-16-be"), True),
    "UTF-16, little end first, undeclared": ("application/json", TEXT.encode("utf-16-le"), True),
    "UTF-16, big end first, undeclared": ("application/json", TEXT.encode("utf-16-be"), True),
    "UTF-16 with a mark, declared by its end": (
        "application/json; charset=utf-16le", "\ufeff".encode("utf-16-le") + TEXT.encode("utf-16-le"), True,
    ),
    "UTF-16, declared as UTF-8": ("application/json; charset=utf-8", TEXT.encode("utf-16"), True),
    "UTF-32": ("application/json", TEXT.encode("utf-32"), True),
    "UTF-32, undeclared, without a mark": ("application/json", TEXT.encode("utf-32-be"), True),
}  # fmt: skip


@pytest.mark.parametrize("case", CHARSETS)
def test_the_code_is_read_in_any_charset(case: str) -> None:
    content_type, body, to_the_letter = CHARSETS[case]
    answer = json_object(said(body, content_type))
    assert answer is not None
    assert answer["code"] == "119"
    assert not to_the_letter or answer["message"] == "Bakiye yetersiz: ş"


def test_a_text_that_is_no_json_is_read_too() -> None:
    assert text_of(said("Unauthorized\r\n".encode("utf-16"), "text/plain")) == "Unauthorized"
    assert decoded_text(said(b"", "text/plain; charset=utf-16")) == ""


# --- JSON ----------------------------------------------------------------------------------------------

JSON: dict[str, tuple[bytes, dict[str, Any] | None]] = {
    "blanks and line ends around": (b' \r\n\t{"a": 1}\n\n ', {"a": 1}),
    "NUL at the end": (b'{"a": 1}\0', {"a": 1}),
    "NUL and line end": (b'{"a": 1}\0\r\n\0', {"a": 1}),
    "two byte order marks": (b'\xef\xbb\xbf\xef\xbb\xbf{"a": 1}', {"a": 1}),
    "a line end inside a text": (b'{"a": 1, "b": "two\nlines\x07"}', {"a": 1, "b": "two\nlines\x07"}),
    "a name twice, with one value": (b'{"a": 1, "a": 1}', {"a": 1}),
    "an inner name twice": (b'{"a": {"b": 1, "b": 2}}', {"a": {"b": 2}}),
    "nothing": (b"", None),
    "blanks alone": (b" \n", None),
    "JSONP": (b'answer({"a": 1});', None),
    "JSONP with a comment": (b'/**/answer({"a": 1})', None),
    "an object in HTML": (b'<html><body>{"a": 1}</body></html>', None),
    "a warning before it": (b'Warning: mysql_connect() in /var/www/a.php\n{"a": 1}', None),
    "something behind it": (b'{"a": 1}<!-- 0.1 s -->', None),
    "two objects": (b'{"a": 1}{"a": 1}', None),
    "two lines with an object each": (b'{"a": 1}\n{"a": 2}', None),
    "XML": (b'<?xml version="1.0"?><a>1</a>', None),
    "single quotes": (b"{'a': 1}", None),
    "half of it": (b'{"a": 1', None),
    "half of UTF-16": ('{"a": 1}'.encode("utf-16")[:-1], None),
    "a guard against reading": (b')]}\',\n{"a": 1}', None),
    "a list": (b'[{"a": 1}]', None),
    "a text": (b'"{}"', None),
    "a number that is too long": (b'{"a": ' + b"1" * 5000 + b"}", None),
}


@pytest.mark.parametrize("case", JSON)
def test_only_a_whole_object_is_one(case: str) -> None:
    body, expected = JSON[case]
    assert json_object(said(body)) == expected


@pytest.mark.parametrize(
    "body",
    [
        b'{"success": true, "success": false, "code": "119"}',
        b'{"code": "100", "success": true, "code": "119"}',
        b'{"code": "100", "code": 100}',
        b'{"success": true, "success": 1}',
        b'{"status": {"a": 1}, "status": null}',
    ],
)
def test_a_name_with_two_values_is_a_contradiction(body: bytes) -> None:
    with pytest.raises(Unconfirmed) as caught:
        json_object(said(body))
    assert caught.value.code == "two_values"


def test_names_that_are_spelled_alike_are_one_name() -> None:
    with pytest.raises(Unconfirmed):
        json_object(said(b'{" Status ": "1", "status": "-3"}'), lambda name: name.strip().lower())


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (100, "100"), (100.0, "100"), (-3.0, "-3"), (403.6, "403.6"), ("100", "100"), (" 100\n", "100"), ("", None),
        (" ", None), (True, None), (None, None), ([100], None), ({}, None), ("x" * 64, "x" * 64), ("x" * 65, None),
        ("1\x000", None), (float("nan"), "nan"), (float("inf"), "inf"),
    ],
)  # fmt: skip
def test_a_code_is_a_text_or_a_number(value: Any, code: str | None) -> None:
    assert code_in(value) == code


@pytest.mark.parametrize(
    ("status", "refused", "code", "failure"),
    [
        (200, False, "1", Failure.BALANCE),
        (401, False, "1", Failure.BALANCE),
        (500, True, "1", Failure.BALANCE),
        (401, False, "?", Failure.ACCOUNT),
        (403, False, "?", Failure.ACCOUNT),
        (401, True, "?", Failure.ACCOUNT),
        (403, True, "?", Failure.ACCOUNT),
        (200, True, "?", Failure.CONFIG),
        (404, True, "?", Failure.CONFIG),
        (200, False, "?", Failure.AMBIGUOUS),
        (400, False, "?", Failure.AMBIGUOUS),
        (404, False, "?", Failure.AMBIGUOUS),
        (500, False, "?", Failure.AMBIGUOUS),
    ],
)
def test_401_and_403_decide_before_an_unknown_code_does(
    status: int, refused: bool, code: str, failure: Failure
) -> None:
    codes = {"1": (Failure.BALANCE, "The account is empty.")}
    error: ProviderError = by_code(codes, code, HttpResponse(status), refused=refused)
    assert error.failure is failure


# --- what is kept for staff ------------------------------------------------------------------------------

SECRET = "pärölş&1"
KEPT = {
    "UTF-8": ("application/json", SECRET.encode()),
    "windows-1254": ("text/plain; charset=windows-1254", SECRET.encode("cp1254")),
    "windows-1254, undeclared": ("text/plain", SECRET.encode("cp1254")),
    "windows-1254, declared as UTF-8": ("text/plain; charset=utf-8", SECRET.encode("cp1254")),
    "windows-1254, declared as windows-1251": ("text/plain; charset=windows-1251", SECRET.encode("cp1254")),
    "iso-8859-9": ("text/plain; charset=iso-8859-9", SECRET.encode("iso-8859-9")),
    "UTF-8 among bytes that are none": ("text/plain", b"\xff\xfe " + SECRET.encode() + b" \xfe"),
    "UTF-8, declared as Latin 1, among others": ("text/plain; charset=latin-1", b"\xff " + SECRET.encode()),
    "letters lost": ("text/plain; charset=latin-1", b"\xff p?r?l?&1"),
    "UTF-16": ("text/plain; charset=utf-16", SECRET.encode("utf-16")),
    "UTF-16, undeclared": ("text/plain", SECRET.encode("utf-16-be")),
    "UTF-32": ("text/plain", SECRET.encode("utf-32")),
    "form-encoded": ("text/plain", b"\xff p%C3%A4r%C3%B6l%C5%9F%261"),
}


@pytest.mark.parametrize("case", KEPT)
def test_a_secret_is_hidden_in_any_charset(case: str) -> None:
    content_type, body = KEPT[case]
    shown = exchange_text(said(body, content_type), [SECRET])
    assert shown.partition("\n\n")[2].count(HIDDEN) == 1
    assert "&1" not in shown
    assert "%261" not in shown


def test_what_can_be_read_is_shown_as_text() -> None:
    assert exchange_text(said(TEXT.encode("utf-16")), []).endswith(TEXT)
    assert exchange_text(said(TEXT.encode("cp1254")), []).endswith(TEXT.replace("ş", "\\xfe"))


def test_a_coding_that_cannot_be_undone_is_not_shown_at_all() -> None:
    """A reader could decode its beginning."""
    shown = exchange_text(HttpResponse(200, {"content-encoding": "br"}, unreadable=513), [SECRET])
    assert shown == "HTTP 200\ncontent-encoding: br\n\n(513 bytes in a content coding that can't be undone)"
