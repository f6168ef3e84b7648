"""What a raw call says, whatever it was made with: by its headers, strictly, or not at all."""

from __future__ import annotations

import codecs
import gzip
import json
import zlib
from urllib.parse import quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sms.services.webhooks.payload import Fields, RawCall, field_groups, parse_records
from sms.services.webhooks.payload_charset import Undecodable, Unreadable
from sms.services.webhooks.payload_forms import ConflictingValues

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=frontier"
TEXT = "код 42, şifrə"
RUSSIAN = "код 4 №"
TURKISH = "şifrəsiz ğüı".replace("ə", "e")


def form(text: str, charset: str, *more: str) -> bytes:
    return "&".join([f"text={quote_plus(text.encode(charset))}", *more]).encode()


def part(value: bytes, *headers: str, name: str = "text", more: str = "") -> bytes:
    lines = [f'Content-Disposition: form-data; name="{name}"{more}', *headers]
    return b"--frontier\r\n" + "\r\n".join(lines).encode() + b"\r\n\r\n" + value + b"\r\n"


END = b"--frontier--\r\n"


def as_json(value: object, charset: str = "utf-8") -> bytes:
    return json.dumps(value, ensure_ascii=False).encode(charset)


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


READABLE = {
    "a form": (RawCall(content_type=FORM, body=form(TEXT, "utf-8")), TEXT),
    "a form without a type": (RawCall(body=form(TEXT, "utf-8")), TEXT),
    "a form as text": (RawCall(content_type="text/plain", body=form(TEXT, "utf-8")), TEXT),
    "a form whose bytes are not escaped": (RawCall(content_type=FORM, body=f"text={TEXT}".encode()), TEXT),
    "a form in windows-1251": (
        RawCall(content_type=f"{FORM}; charset=windows-1251", body=form(RUSSIAN, "cp1251")),
        RUSSIAN,
    ),
    "bytes of windows-1251": (
        RawCall(content_type=f"{FORM}; charset=windows-1251", body=f"text={RUSSIAN}".encode("cp1251")),
        RUSSIAN,
    ),
    "the issue's text": (RawCall(content_type=f"{FORM};charset=windows-1251", body=b"text=%EA%EE%E4+3"), "код 3"),
    "a quoted name in capitals": (
        RawCall(content_type=f'{FORM}; Charset="WINDOWS-1251"', body=form(RUSSIAN, "cp1251")),
        RUSSIAN,
    ),
    "Windows' own name of it": (
        RawCall(content_type=f"{FORM}; charset=win-1251", body=form(RUSSIAN, "cp1251")),
        RUSSIAN,
    ),
    "a form in iso-8859-9": (
        RawCall(content_type=f"{FORM}; charset=iso-8859-9", body=form(TURKISH, "iso-8859-9")),
        TURKISH,
    ),
    "iso-8859-9 with a euro sign": (RawCall(content_type=f"{FORM}; charset=ISO-8859-9", body=b"text=4+%80"), "4 €"),
    "iso-8859-1 with quotes": (RawCall(content_type=f"{FORM}; charset=latin1", body=b"text=%93a%94"), "“a”"),
    "koi8-r": (RawCall(content_type=f"{FORM}; charset=koi8-r", body=form("код", "koi8-r")), "код"),
    "gbk under a narrower name": (RawCall(content_type=f"{FORM}; charset=gb2312", body=form("中文", "gbk")), "中文"),
    "escapes in utf-16": (
        RawCall(content_type=f"{FORM}; charset=utf-16be", body=form("中文 код", "utf-16-be")),
        "中文 код",
    ),
    "escapes in ucs-2": (RawCall(content_type=f"{FORM}; charset=UCS-2", body=form("код 4", "utf-16-be")), "код 4"),
    "escapes in utf-16, a mark in front": (
        RawCall(content_type=f"{FORM}; charset=utf-16", body=form("код 4", "utf-16")),
        "код 4",
    ),
    "escapes in little-endian utf-16": (
        RawCall(content_type=f"{FORM}; charset=utf-16", body=form("kod 4", "utf-16-le")),
        "kod 4",
    ),
    "a whole form in utf-16": (
        RawCall(content_type=f"{FORM}; charset=utf-16", body=f"text={TEXT}".encode("utf-16")),
        TEXT,
    ),
    "a whole form in utf-16 without a mark": (
        RawCall(content_type=f"{FORM}; charset=utf-16", body=f"text={TEXT}".encode("utf-16-be")),
        TEXT,
    ),
    "a form behind a mark": (RawCall(content_type=FORM, body=codecs.BOM_UTF8 + form(TEXT, "utf-8")), TEXT),
    "HTML's own field": (
        RawCall(content_type=FORM, body=form(RUSSIAN, "cp1251", "_charset_=windows-1251")),
        RUSSIAN,
    ),
    "HTML's own field against the header": (
        RawCall(content_type=f"{FORM}; charset=utf-8", body=form(RUSSIAN, "cp1251", "_charset_=windows-1251")),
        RUSSIAN,
    ),
    "a charset field": (RawCall(content_type=FORM, body=form(RUSSIAN, "cp1251", "charset=cp1251")), RUSSIAN),
    "a charset field of another meaning": (
        RawCall(content_type=f"{FORM}; charset=utf-8", body=form(TEXT, "utf-8", "charset=GSM")),
        TEXT,
    ),
    "Kannel's word for its own alphabet": (RawCall(query=form(TEXT, "utf-8", "charset=GSM")), TEXT),
    "an unknown charset that does not matter": (
        RawCall(content_type=f"{FORM}; charset=what", body=b"text=code+4"),
        "code 4",
    ),
    "a query": (RawCall(query=form(TEXT, "utf-8")), TEXT),
    "a query with its charset": (RawCall(query=form(RUSSIAN, "cp1251", "charset=windows-1251")), RUSSIAN),
    "a query in utf-16": (RawCall(query=form("код 4", "utf-16-be", "charset=UTF-16BE", "to=%2B994501112233")), "код 4"),
    "a form whose query says the charset": (
        RawCall(query=b"charset=windows-1251", content_type=FORM, body=form(RUSSIAN, "cp1251")),
        RUSSIAN,
    ),
    "a query under an empty form": (RawCall(query=form(TEXT, "utf-8"), content_type=FORM), TEXT),
    "a query under a blank body": (RawCall(query=form(TEXT, "utf-8"), body=b" \r\n"), TEXT),
    "a query beside words": (RawCall(query=form(TEXT, "utf-8"), content_type="text/plain", body=b"OK\n"), TEXT),
    "JSON": (RawCall(content_type="application/json", body=as_json({"text": TEXT})), TEXT),
    "JSON as a form": (RawCall(content_type=FORM, body=as_json({"text": TEXT})), TEXT),
    "JSON as text": (RawCall(content_type="text/plain; charset=utf-8", body=as_json({"text": TEXT})), TEXT),
    "JSON behind blanks": (RawCall(body=b"\r\n " + as_json({"text": TEXT})), TEXT),
    "JSON behind a mark": (RawCall(content_type="application/json", body=as_json({"text": TEXT}, "utf-8-sig")), TEXT),
    "JSON in windows-1251": (
        RawCall(content_type="application/json; charset=windows-1251", body=as_json({"text": RUSSIAN}, "cp1251")),
        RUSSIAN,
    ),
    "JSON in utf-16": (
        RawCall(content_type="application/json; charset=utf-16", body=as_json({"text": TEXT}, "utf-16")),
        TEXT,
    ),
    "JSON in utf-16, only a mark": (
        RawCall(content_type="application/json", body=as_json({"text": TEXT}, "utf-16")),
        TEXT,
    ),
    "JSON in utf-16, nothing said": (RawCall(body=as_json({"text": TEXT}, "utf-16-le")), TEXT),
    "JSON in utf-16 that says utf-8": (
        RawCall(content_type="application/json; charset=utf-8", body=as_json({"text": TEXT}, "utf-16-be")),
        TEXT,
    ),
    "JSON in utf-32": (RawCall(body=as_json({"text": TEXT}, "utf-32")), TEXT),
    "an escaped surrogate pair": (RawCall(body=b'{"text": "\\ud83d\\ude00"}'), "😀"),
    "a multipart form": (RawCall(content_type=MULTIPART, body=part(TEXT.encode()) + END), TEXT),
    "a quoted boundary": (
        RawCall(content_type='Multipart/Form-Data; Boundary="frontier"', body=part(TEXT.encode()) + END),
        TEXT,
    ),
    "a part's own charset": (
        RawCall(
            content_type=MULTIPART,
            body=part(RUSSIAN.encode("cp1251"), "Content-Type: text/plain; charset=windows-1251") + END,
        ),
        RUSSIAN,
    ),
    "the charset of the whole multipart form": (
        RawCall(content_type=f"{MULTIPART}; charset=windows-1251", body=part(RUSSIAN.encode("cp1251")) + END),
        RUSSIAN,
    ),
    "a multipart form's own field": (
        RawCall(
            content_type=MULTIPART,
            body=part(b"windows-1251", name="_charset_") + part(RUSSIAN.encode("cp1251")) + END,
        ),
        RUSSIAN,
    ),
    "parts of two charsets": (
        RawCall(
            content_type=MULTIPART,
            body=part(TEXT.encode()) + part(b"\xea", "Content-Type: text/plain; charset=cp1251", name="other") + END,
        ),
        TEXT,
    ),
    "a part in base64": (
        RawCall(content_type=MULTIPART, body=part(b"0LrQvtC0", "Content-Transfer-Encoding: base64") + END),
        "код",
    ),
    "a part in quoted-printable": (
        RawCall(content_type=MULTIPART, body=part(b"a=3Db", "Content-Transfer-Encoding: quoted-printable") + END),
        "a=b",
    ),
    "a file beside the fields": (
        RawCall(
            content_type=MULTIPART,
            body=part(b"\xff\xd8\0", "Content-Type: image/jpeg", name="photo", more='; filename="a.jpg"')
            + part(TEXT.encode())
            + END,
        ),
        TEXT,
    ),
    "a gzipped form": (
        RawCall(content_type=FORM, content_encoding="gzip", body=gzip.compress(form(TEXT, "utf-8"))),
        TEXT,
    ),
    "gzip under its old name": (RawCall(content_encoding="X-GZIP", body=gzip.compress(form(TEXT, "utf-8"))), TEXT),
    "deflate": (RawCall(content_encoding="deflate", body=zlib.compress(form(TEXT, "utf-8"))), TEXT),
    "deflate without a header": (RawCall(content_encoding="deflate", body=raw_deflate(form(TEXT, "utf-8"))), TEXT),
    "no encoding by name": (RawCall(content_encoding="identity", body=form(TEXT, "utf-8")), TEXT),
    "an equal field twice": (RawCall(body=b"text=a&text=a"), "a"),
    "a zero": (RawCall(body=b"text=a%00b"), "a\0b"),
    "a line end after a form": (RawCall(content_type=FORM, body=b"from=a&text=code+4\r\n"), "code 4"),
    "an escaped line end": (RawCall(content_type=FORM, body=b"text=code+4%0D%0A"), "code 4\r\n"),
    "a C string": (RawCall(content_type=FORM, body=b"text=code+4\0"), "code 4"),
    "JSON as a C string": (RawCall(body=as_json({"text": TEXT}) + b"\0\r\n"), TEXT),
    "JSON with a line break that is not escaped": (RawCall(body=b'{"text": "a\r\nb\tc"}'), "a\r\nb\tc"),
    "MySQL's name of utf-8": (RawCall(content_type=f"{FORM}; charset=utf8mb4", body=form(TEXT, "utf-8")), TEXT),
    "capitals before a quotation mark, in bytes that are valid utf-8": (
        RawCall(content_type=f"{FORM}; charset=windows-1254", body=form("SATIŞ’", "cp1254")),
        "SATIŞ’",
    ),
    "a charset as the content encoding": (
        RawCall(content_type="application/json", content_encoding="UTF-8", body=as_json({"text": TEXT})),
        TEXT,
    ),
    "a content type twice": (
        RawCall(content_type="application/json; charset=utf-8, application/json", body=b'{"text": "a"}'),
        "a",
    ),
    "a semicolon at the end": (
        RawCall(content_type="application/json;charset=UTF-8;", body=as_json({"text": TEXT})),
        TEXT,
    ),
    "utf-16 of .NET, without a mark": (
        RawCall(content_type="application/json; charset=utf-16", body=as_json({"text": TEXT}, "utf-16-le")),
        TEXT,
    ),
    "a multipart form without quotes, with a preamble": (
        RawCall(
            content_type=MULTIPART,
            body=b"preamble\r\n--frontier\r\ncontent-disposition:form-data;name=text\r\n\r\na\r\n--frontier--",
        ),
        "a",
    ),
}


@pytest.mark.parametrize(("call", "text"), READABLE.values(), ids=READABLE)
def test_a_text_is_read_as_it_was_meant(call, text):
    (record,) = parse_records(call)
    assert record["text"] == text


FIELD_UNREADABLE = {
    "windows-1251 and nothing declared": RawCall(content_type=FORM, body=form(RUSSIAN, "cp1251")),
    "the same in a query": RawCall(query=form(RUSSIAN, "cp1251")),
    "windows-1254 that says utf-8": RawCall(content_type=f"{FORM}; charset=utf-8", body=form(TURKISH, "cp1254")),
    "windows-1254 in JSON": RawCall(content_type="application/json", body=as_json({"text": TURKISH}, "cp1254")),
    "utf-8 that says us-ascii": RawCall(content_type=f"{FORM}; charset=us-ascii", body=form(TEXT, "utf-8")),
    "an unknown charset": RawCall(content_type=f"{FORM}; charset=klingon", body=form(TEXT, "utf-8")),
    "a codec that is no charset": RawCall(content_type=f"{FORM}; charset=rot13", body=form(TEXT, "utf-8")),
    "utf-7": RawCall(content_type=f"{FORM}; charset=utf-7", body=form(TEXT, "utf-8")),
    "an escape of Python's": RawCall(content_type=f"{FORM}; charset=raw_unicode_escape", body=form(TEXT, "utf-8")),
    "half a character": RawCall(body=b"text=%D0"),
    "an odd byte of utf-16": RawCall(content_type=f"{FORM}; charset=utf-16be", body=b"text=%04%3A%04"),
    "a byte that windows-1252 lacks": RawCall(content_type=f"{FORM}; charset=iso-8859-1", body=b"text=%81"),
    "a part that is not what it says": RawCall(content_type=MULTIPART, body=part(TURKISH.encode("cp1254")) + END),
}


@pytest.mark.parametrize("call", FIELD_UNREADABLE.values(), ids=FIELD_UNREADABLE)
def test_a_text_that_can_not_be_decoded_is_never_guessed(call):
    (record,) = parse_records(call)
    assert isinstance(record["text"], Undecodable)
    assert record.undecodable()["text"]
    assert not record.is_plain()


UNREADABLE = {
    "JavaScript's escapes": (RawCall(content_type=FORM, body=b"text=%u043A%u043E"), "%u0441"),
    "JavaScript's escapes in a query": (RawCall(query=b"text=%u043A%u043E"), "%u0441"),
    "JSON in a string": (RawCall(body=json.dumps('{"text": "a"}').encode()), "neither"),
    "lines of JSON": (RawCall(body=b'{"text": "a"}\n{"text": "b"}'), "neither"),
    "JSON in single quotes": (RawCall(body=b"{'text': 'a'}"), "neither"),
    "XML": (RawCall(content_type="application/xml", body=b"<sms><text a='1'>x</text></sms>"), "XML"),
    "HTML as a form": (RawCall(content_type=FORM, body=b"<a href=1>"), "neither"),
    "words": (RawCall(content_type="text/plain", body=b"hello"), "neither"),
    "bytes": (RawCall(content_type="application/octet-stream", body=b"\0\xff\x01"), "neither"),
    "half a JSON": (RawCall(body=b'{"text": "a'), "neither"),
    "a deep JSON": (RawCall(body=b"[" * 60_000), "neither"),
    "an array of numbers": (RawCall(body=b"[1, 2]"), "array of objects"),
    "an array of arrays": (RawCall(body=b"[[]]"), "array of objects"),
    "JSON in a charset that is unknown": (
        RawCall(content_type="application/json; charset=klingon", body=as_json({"text": "a"})),
        "klingon",
    ),
    "half a utf-16": (RawCall(body=codecs.BOM_UTF16_LE + b"t"), "utf-16"),
    "multipart without a boundary": (RawCall(content_type="multipart/form-data", body=part(b"a") + END), "boundary"),
    "another boundary": (RawCall(content_type="multipart/form-data; boundary=x", body=part(b"a") + END), "multipart"),
    "half a multipart form": (RawCall(content_type=MULTIPART, body=part(b"a")), "multipart"),
    "a part in broken base64": (
        RawCall(content_type=MULTIPART, body=part(b"0LrQv", "Content-Transfer-Encoding: base64") + END),
        "base64",
    ),
    "too many parts": (RawCall(content_type=MULTIPART, body=part(b"a") * 1001 + END), "multipart"),
    "half a gzip": (RawCall(content_encoding="gzip", body=gzip.compress(b"text=a")[:-4]), "broken off"),
    "two gzips": (RawCall(content_encoding="gzip", body=gzip.compress(b"text=a") * 2), "followed"),
    "no gzip": (RawCall(content_encoding="gzip", body=b"text=a"), "not gzip"),
    "a gzip that grows": (RawCall(content_encoding="gzip", body=gzip.compress(b"text=" + b"a" * 10**7)), "64 KiB"),
    "another encoding": (RawCall(content_encoding="br", body=b"text=a"), "br"),
    "too many fields": (RawCall(body="&".join(f"f{n}=1" for n in range(101)).encode()), "100 fields"),
    "too many records": (RawCall(body=b"[" + b"{}," * 1000 + b"{}]"), "1000 records"),
    "a header that can't be read": (RawCall(content_type="a/b; charset*=what'en'%41", body=b"text=a"), "Content-Type"),
}


@pytest.mark.parametrize(("call", "reason"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_can_not_be_read_says_why(call, reason):
    with pytest.raises(Unreadable, match=reason):
        parse_records(call)


@settings(deadline=None)
@given(
    query=st.binary(max_size=60),
    content_type=st.one_of(
        st.sampled_from([FORM, MULTIPART, "application/json; charset=utf-16", f"{MULTIPART}; charset=utf-32"]),
        st.text(max_size=30).map(lambda name: f"{FORM}; charset={name}"),
        st.text(max_size=60),
    ),
    content_encoding=st.sampled_from(["", "gzip", "deflate", "gzip, deflate"]),
    body=st.one_of(
        st.binary(max_size=200),
        st.binary(max_size=100).map(lambda value: part(value, "Content-Type: text/plain; charset=cp1251") + END),
        st.binary(max_size=100).map(gzip.compress),
        st.recursive(st.none() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)).map(
            lambda value: json.dumps(value).encode("utf-16")
        ),
    ),
)
def test_any_bytes_are_read_or_refused(query, content_type, content_encoding, body):
    for record in read_or_refused(RawCall(query, content_type, content_encoding, body)):
        assert all(isinstance(fields, Fields) for group in field_groups(record) for fields in group)


def read_or_refused(call: RawCall) -> list[Fields]:
    try:
        return parse_records(call)
    except Unreadable as unreadable:
        return [Fields({})] if str(unreadable).isprintable() else pytest.fail(ascii(str(unreadable)))


def test_a_reason_quotes_nothing_of_the_text():
    with pytest.raises(Unreadable) as unreadable:
        parse_records(RawCall(body=b'{"text": "Code 800142'))
    assert "800142" not in str(unreadable.value)


def test_each_record_of_an_array_has_the_fields_of_the_query():
    call = RawCall(query=b"to=1", body=as_json([{"text": "a"}, {"text": "b", "to": "2"}]))
    assert [dict(record) for record in parse_records(call)] == [{"to": "1", "text": "a"}, {"to": "2", "text": "b"}]


def test_numbers_of_json_keep_their_digits():
    (record,) = parse_records(RawCall(body=b'{"id": 12345678901234567890, "price": 0.10}'))
    assert (record["id"], record["price"]) == (12345678901234567890, "0.10")


@pytest.mark.parametrize("body", [b"id=1&id=2", b'{"id": "1", "id": "2"}'])
def test_a_field_that_contradicts_itself_is_none_of_its_values(body):
    (record,) = parse_records(RawCall(body=body))
    assert record["id"] == ConflictingValues(("1", "2"))
    assert not record.is_plain()


def test_names_are_found_in_any_letter_case_the_exact_one_first():
    fields = Fields({"MessageId": "1", "status": "a", "STATUS": "b"})
    assert (fields["messageid"], fields.get("MESSAGEID"), fields["status"], fields["STATUS"]) == ("1", "1", "a", "b")
    assert fields["Status"] == ConflictingValues(("a", "b"))
    assert fields.get("other") is None
    assert "messageID" in fields
    assert not Fields({"a": "1", "A": "2"}).is_plain()
