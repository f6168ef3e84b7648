"""What modems and vendors really post: pushed and applied as it was meant, or kept and told to staff."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode, urlsplit

from tests.faults.support.evidence import Database
from tests.support.stack import SHOP, Stack
from tests.support.waiting import eventually

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=frontier"
PHONE = "+994501112233"
RENTAL = f"""
[[partners]]
slug = "renter"
vendor = "onlinesim"
url = "$onlinesim/v1/PUSH_SMS_RENT"
credentials = {{ key = "demo-onlinesim-key" }}
[[rented_numbers]]
phone = "{PHONE}"
operation_id = 355
partner = "renter"
[[inbound_gateways]]
slug = "modem-1"
"""
SMS = {"from": "Instagram", "to": PHONE}


def multipart(values: dict[str, bytes], *headers: str) -> bytes:
    parts = [
        "\r\n".join(["--frontier", f'Content-Disposition: form-data; name="{name}"', *headers, "", ""]).encode() + value
        for name, value in values.items()
    ]
    return b"\r\n".join([*parts, b"--frontier--", b""])


def form(values: dict[str, str], charset: str = "utf-8") -> bytes:
    return urlencode(values, encoding=charset).encode()


def as_json(value: object, charset: str = "utf-8") -> bytes:
    return json.dumps(value, ensure_ascii=False).encode(charset)


@dataclass
class Post:
    """One call; `text`: what the partner must get, None where nothing can be read."""

    text: str | None
    content_type: str = ""
    body: bytes = b""
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)


def sms(text: str) -> dict[str, str]:
    return SMS | {"text": text}


POSTS = [
    Post("код 1", f"{FORM}; charset=windows-1251", form(sms("код 1"), "cp1251")),
    Post("şifre 2", f'{FORM}; charset="ISO-8859-9"', form(sms("şifre 2"), "iso-8859-9")),
    Post("код 3", "application/json", as_json(sms("код 3"), "utf-16")),
    Post("код 4", "application/json; charset=windows-1251", as_json(sms("код 4"), "cp1251")),
    Post("код 5", "application/json", as_json(sms("код 5"), "utf-8-sig")),
    Post("код 6", MULTIPART, multipart({name: value.encode() for name, value in sms("код 6").items()})),
    Post(
        "код 7",
        MULTIPART,
        multipart(
            {name: value.encode("cp1251") for name, value in sms("код 7").items()},
            "Content-Type: text/plain; charset=windows-1251",
        ),
    ),
    Post("код 8", query=urlencode({**sms("код 8"), "charset": "windows-1251"}, encoding="cp1251")),
    Post("код 9", query=f"from=Instagram&to={quote(PHONE)}&charset=UTF-16BE&text={quote('код 9'.encode('utf-16-be'))}"),
    Post("код 10", FORM, form(sms("код 10"), "cp1251") + b"&_charset_=windows-1251"),
    Post("код 11", "application/json", as_json({"event": "sms", "data": sms("код 11")})),
    Post("код 12", "application/json", as_json([sms("код 12")])),
    Post("код 13", FORM, form({"data": json.dumps(sms("код 13"))})),
    Post("код 14", FORM, form({name.upper(): value for name, value in sms("код 14").items()})),
    Post("код 15", FORM, gzip.compress(form(sms("код 15"))), headers={"Content-Encoding": "gzip"}),
    Post("код 16", "text/plain", as_json(sms("код 16"))),
    Post("SATIŞ’ 17", f"{FORM}; charset=windows-1254", form(sms("SATIŞ’ 17"), "cp1254")),
    Post("код 18", "application/json", as_json(sms("код 18")), headers={"Content-Encoding": "UTF-8"}),
    Post("код 19\nənd", "application/json", as_json(sms("код 19|ənd")).replace(b"|", b"\n") + b"\0"),
    Post("код 20", FORM, form({f"data[{name}]": value for name, value in sms("код 20").items()}) + b"\r\n"),
    Post("код 21", f"{FORM}; charset=utf8mb4", form(sms("код 21"))),
    Post(None, FORM, form(SMS) + b"&text=%u043A%u043E%u0434"),
    Post(None, FORM, form(sms("код"), "cp1251")),
    Post(None, f"{FORM}; charset=utf-8", form(sms("şifre"), "cp1254")),
    Post(None, f"{FORM}; charset=klingon", form(sms("şifre"))),
    Post(None, "application/json", as_json(sms("şifre"), "cp1254")),
    Post(None, "application/xml", b"<sms to='1'/>"),
    Post(None, MULTIPART, b"--frontier\r\nContent-Disposition: form-data"),
    Post(None, query=urlencode(sms("код"), encoding="cp1251")),
    Post(None, FORM, b"\x1f\x8b\x08", headers={"Content-Encoding": "gzip"}),
]


def post(stack: Stack, path: str, given: Post) -> int:
    headers = {**given.headers, **({"Content-Type": given.content_type} if given.content_type else {})}
    method = "POST" if given.body else "GET"
    return stack.call(method, f"{path}?{given.query}", given.body or None, **headers).status


def shop(stacks: Callable[..., Stack]) -> Stack:
    return stacks(provisioning=SHOP + RENTAL)


def endpoint(stack: Stack) -> str:
    return urlsplit(json.loads(stack.manage("callback_urls").stdout)["gateways"]["modem-1"]).path


def texts(stack: Stack) -> list[str]:
    return [call.fields["text"] for call in stack.vendors.onlinesim.calls()]


def test_received_messages_reach_the_partner_to_the_letter_or_not_at_all(stacks):
    stack = shop(stacks)
    path, database = endpoint(stack), Database(stack.database_url)
    answers = [post(stack, path, given) for given in POSTS]
    assert answers == [200 if given.text else 400 for given in POSTS]
    wanted = sorted(given.text for given in POSTS if given.text)
    eventually(lambda: len(texts(stack)) >= len(wanted), because="the partner gets what could be read")
    assert sorted(texts(stack)) == wanted
    notes = [row["note"] for row in database.rows("SELECT note FROM sms_inboundcall ORDER BY id")]
    assert [note.startswith("could not be read: ") for note in notes] == [given.text is None for given in POSTS]
    assert [row["key"] for row in database.rows("SELECT key FROM sms_alert")] == ["unread-received:modem-1"]


def test_equal_posts_at_once_are_one_message_and_an_id_that_comes_again_with_another_text_is_two(stacks):
    """Two processes answer."""
    stack = shop(stacks)
    path = endpoint(stack)
    twice = [Post("", FORM, form(sms("equal"))), Post("", FORM, form({**sms("with id"), "id": "1"}))] * 8
    again = Post("", FORM, form({**sms("after the swap"), "id": "1"}))
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda given: post(stack, path, given), [*twice, again])) == {200}
    rows = Database(stack.database_url).rows("SELECT text, count FROM sms_inboundmessage")
    assert {row["text"]: row["count"] for row in rows} == {"equal": 8, "with id": 8, "after the swap": 1}
    assert len(rows) == 3
    eventually(lambda: len(texts(stack)) >= 3, because="each is pushed")
    assert sorted(texts(stack)) == ["after the swap", "equal", "with id"]


def reports(id_: str) -> dict[str, Post]:
    """Reports of one attempt, each to be applied."""
    said = {"id": id_, "status": "sent", "type": "deliveryReport", "errorMessage": "şifre"}
    return {
        "plain": Post("", FORM, form(said)),
        "capitals": Post("", FORM, form({**said, "id": id_.upper()})),
        "no dashes": Post("", query=urlencode({**said, "id": id_.replace("-", "")})),
        "no id": Post("", query="status=sent"),
        "names": Post("", FORM, form({name.upper(): value for name, value in said.items()})),
        "multipart": Post("", MULTIPART, multipart({name: value.encode() for name, value in said.items()})),
        "charset": Post("", f"{FORM}; charset=iso-8859-9", form(said, "iso-8859-9")),
        "utf-16": Post("", "application/json", as_json(said, "utf-16")),
        "array": Post("", "application/json", as_json([said])),
        "inner": Post("", "application/json", as_json({"data": said})),
        "field": Post("", FORM, form({"data": json.dumps([said])})),
        "brackets": Post("", FORM, form({f"reports[0][{name}]": value for name, value in said.items()})),
        "line end": Post("", FORM, form(said) + b"\r\n"),
        "gzip": Post("", FORM, gzip.compress(form(said)), headers={"Content-Encoding": "gzip"}),
    }


def test_reports_are_applied_whatever_they_came_in_and_told_where_they_can_not_be(stacks):
    stack = shop(stacks)
    vendor, names = stack.vendors.accolades, list(reports(""))
    vendor.fault("none", times=0, callbacks="never")
    for number in range(len(names)):
        assert stack.send_sms(to=f"+4072345{number:04}", text=names[number]).status == 201
    eventually(lambda: len(vendor.calls()) == len(names), because="the vendor took every message")
    addresses = {call.fields["message"]: urlsplit(call.fields["sendResultTo"]).path for call in vendor.calls()}
    for call in vendor.calls():
        given = reports(call.fields["messageId"])[call.fields["message"]]
        assert post(stack, addresses[call.fields["message"]], given) == 200
    eventually(lambda: not not_sent(stack), because="every report is applied")
    assert Database(stack.database_url).rows("SELECT key FROM sms_alert") == []
    assert post(stack, addresses["plain"], Post("", "application/xml", b"<report/>")) == 200
    assert post(stack, addresses["plain"], Post("", FORM, b"id=order-7&status=sent")) == 200
    keys = "SELECT key FROM sms_alert ORDER BY key"
    told = ["report-unapplied:accolades-ro", "unread-report:accolades-ro"]
    eventually(
        lambda: [row["key"] for row in Database(stack.database_url).rows(keys)] == told,
        because="what was not applied is told",
    )


def not_sent(stack: Stack) -> list[str]:
    return [message["text"] for message in stack.messages() if message["status"] != "sent"]
