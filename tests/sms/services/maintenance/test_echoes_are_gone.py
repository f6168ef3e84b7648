"""Whatever a vendor repeats of a message, in any channel and spelling, is masked at once and gone once it is erased."""

from __future__ import annotations

import html
import io
import json
import logging
import re
import unicodedata
from collections.abc import Iterator
from datetime import timedelta
from itertools import cycle
from typing import Any
from urllib.parse import quote, unquote, urlencode

import pytest
from django.db import connection
from django.test import Client

from config import logs
from providers.base import Carries, HttpResponse, ReportChannel, Sender
from providers.registry import SENDERS
from sms.domain.echoes import HIDDEN
from sms.models import Attempt, Callback, DeliveryReport, Message, Provider, ProviderState
from sms.services.configuration import snapshot
from sms.services.database import clock
from sms.services.maintenance import personal_data, retention
from sms.services.webhooks import tokens
from tests.providers.samples import sample
from tests.sms import cast

NUMBER, CODE, WORD = "+994501234567", "482913", "WOLFRAM"
NATIONAL = NUMBER.removeprefix("+994")
BODY = "Kodunuz {code}, parol {word}. Heç kimə verməyin."
TEXT = BODY.format(code=CODE, word=WORD)


def units(value: str) -> str:
    return "".join(f"\\u{ord(each):04x}" for each in value)


ECHOES = [
    f"bad text '{TEXT}' to {NUMBER}",
    f"{CODE} {WORD} 00{NUMBER[1:]}",
    f"code:{CODE[:3]}-{CODE[3:]} {WORD.lower()} 0{NATIONAL[:2]} {NATIONAL[2:5]} {NATIONAL[5:7]} {NATIONAL[7:]}",
    f"{units(CODE)} {units(WORD)} {units(NUMBER)}",
    f"{quote(TEXT)} %2B{NUMBER[1:]} {''.join(f'%{ord(each):02X}' for each in CODE)}",
    "".join(f"&#{ord(each)};" for each in f"{CODE} {WORD} {NUMBER}"),
    f"{CODE} {NUMBER}".translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")) + f" {WORD.title()}",
    f"+994 ({NATIONAL[:2]}) {NATIONAL[2:]}: {' '.join(CODE)}, {WORD}",
    f"{NATIONAL}/{CODE}{WORD}",
    f"{CODE}",
    f"{WORD}",
    f"{NUMBER}",
    f"{TEXT} {NUMBER}".encode("utf-16-be").hex().upper(),
    f"{CODE} {WORD} {NUMBER}".encode().hex(),
    f"The words of this answer are so many that they are cut {'.' * 130} {CODE} {WORD} {NUMBER}",
]


def answers(echo: str) -> Iterator[HttpResponse]:
    """Answers in which any vendor finds a code, words, an id or nothing that it knows."""
    shapes: list[dict[str, Any]] = [
        {"type": "error", "code": "999", "message": echo},
        {"type": "error", "code": echo, "message": echo},
        {"type": "error", "code": "400", "message": echo},
        {"type": "ok", "code": echo},
        {"success": False, "code": "777", "message": echo},
        {"success": False, "code": echo, "message": echo},
        {"success": True, "code": echo},
        {"status": "-99", "code": echo, "idOmniMess": ""},
        {"status": echo, "code": echo},
        {"status": 1, "idOmniMess": "", "code": echo},
        {"status": 1, "idOmniMess": "id-1", "code": echo},
        {"status": 1, "idOmniMess": f"id {CODE} {WORD}", "code": "success"},
        {"result": "accepted", "id": f"{WORD}-{CODE}"},
        {"result": "refused", "code": echo, "id": echo},
        {"status": echo, "errorCode": echo, "channel": echo},
        {"status": "FAIL", "errorCode": echo, "channel": echo},
    ]
    for status, shape in zip(cycle((200, 200, 400, 401, 500)), shapes):
        yield HttpResponse(status, {"x-echo": echo}, json.dumps(shape).encode())
        yield HttpResponse(200, {"x-echo": echo}, json.dumps(shape, ensure_ascii=False).encode())
    yield HttpResponse(200, {}, echo.encode())
    yield HttpResponse(400, {}, f"<p>{html.escape(echo)}".encode("utf-16"))


def reports(echo: str, attempt: Attempt, word: str) -> Iterator[dict[str, str]]:
    """Fields of callbacks: about the attempt by our id or the vendor's, about nothing, and nothing to be read."""
    said = {"errorMessage": echo, "errorCode": echo, "channel": echo, "detail": echo, "type": "deliveryReport"}
    for reference, vendor_id in (
        (str(attempt.pk), attempt.vendor_message_id or "id-1"), (echo, echo), (f"unknown {echo}", "unknown"),
    ):  # fmt: skip
        yield said | {"id": reference, "idOmniMess": vendor_id, "status": word}
        yield said | {"id": reference, "idOmniMess": vendor_id, "status": echo}
    yield {echo: echo}


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the product's handler writes, at the level that says most."""
    options = logs.settings(level="DEBUG", form="json")["formatters"]["line"]
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(options.pop("()")(**options))
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def provider(
    request: pytest.FixtureRequest, transactional_db: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Provider:
    """A provider of this vendor, on the route of the number, with the template if it wants one."""
    settings.ALLOW_SANDBOX = settings.ALLOW_PRIVATE_PROVIDER_HOSTS = True
    vendor = SENDERS[request.param]
    # The callbacks below are not signed; what is tested comes after that.
    monkeypatch.setattr(vendor, "authentic", Sender.authentic)
    cast.client(otp_per_number=0, otp_per_range=0)
    base_url = vendor.default_base_url if vendor.sandbox else "https://vendor.example"
    account = {"credentials": sample(vendor.slug).credentials, "options": dict(sample(vendor.slug).options)}
    made = cast.provider("vendor", vendor.slug, base_url=base_url, **account)
    cast.route("+994", made)
    cast.sender("AKINON", made)
    template = cast.template("otp", BODY, placeholders={"code": "digits", "word": "name"})
    if vendor.carries is Carries.TEMPLATE:
        theirs = sample(vendor.slug).message["vendor_template"]
        template.approvals.create(provider=made, vendor_template=theirs, status="approved")
    snapshot.reset_cache()
    return made


def send(caller: Client, *, is_otp: bool) -> Message:
    before = set(Message.objects.values_list("pk", flat=True))
    answer = cast.send(caller, cast.body(to=NUMBER, text=TEXT, isOtp=is_otp), x_akinon_request_id=f"r-{len(before)}")
    assert answer.status_code == 201, answer.content
    return Message.objects.exclude(pk__in=before).get()


def call_back(caller: Client, vendor: Sender, address: str, fields: dict[str, str], form: int) -> None:
    url = f"/webhooks/{vendor.slug}/{address}"
    if form == 0:
        answer = caller.post(url, json.dumps(fields), content_type="application/json")
    elif form == 1:
        answer = caller.post(url, urlencode(fields), content_type="application/x-www-form-urlencoded; x=" + CODE)
    else:
        answer = caller.get(f"{url}?{urlencode(fields)}")
    assert answer.status_code == 200


def go_through_all(caller: Client, provider: Provider, wire: Any, work: Any) -> None:
    """Each answer to a message of its own, then each report about one of them, by callback and by poll."""
    vendor = SENDERS[provider.vendor]
    words = cycle(["sent", "error", "SUCCESS", "FAIL", "delivered", "undelivered"])
    form = 0
    for at, echo in enumerate(ECHOES):
        chosen = list(answers(echo))[at % 4 :: 4]
        for number in range(len(chosen)):
            send(caller, is_otp=(at + number) % 2 == 0)
        wire.script(provider.base_url.split("/")[2], *chosen)
        until_all_are_sent(work)
        attempts = Attempt.objects.filter(message__attempts_made__gt=0).order_by("-id")
        if vendor.reports & {ReportChannel.CALLBACK_PER_ATTEMPT, ReportChannel.CALLBACK_REGISTERED}:
            for attempt in attempts[:2]:
                for fields in reports(echo, attempt, next(words)):
                    form = (form + 1) % 3
                    address = tokens.attempt_token(provider.pk, attempt.pk)
                    call_back(caller, vendor, address if form else tokens.provider_token(provider.pk), fields, form)
        wire.script(provider.base_url.split("/")[2], *chosen)
        Attempt.objects.exclude(vendor_message_id="").update(poll_at=clock.now())
        work()
        work()
        wire.answers.clear()


def until_all_are_sent(work: Any) -> None:
    """Also past an open circuit breaker."""
    for _ in range(12):
        now = clock.now()
        ProviderState.objects.update(breaker="closed", retry_at=None, probe_at=None, bad_calls=0)
        if not Message.objects.filter(status="queued", attempts_made=0).update(due_at=now, waiting_for=""):
            break
        work()
    Message.objects.filter(status="queued").update(status="failed", due_at=None)


def meanings(value: str) -> Iterator[str]:
    """A value as it is, and with escapes undone in the ways of Python's library."""
    for _ in range(3):
        yield value
        value = html.unescape(unquote(re.sub(r"\\+u([0-9a-fA-F]{4})", lambda u: chr(int(u[1], 16)), value)))


def plain(value: str) -> str:
    if not value.isascii():
        value = "".join(str(unicodedata.decimal(each, each)) for each in value)
    return value.casefold()


SOUGHT = {
    "code": re.compile(r"[\s().+/-]{0,3}".join(CODE)),
    "word": re.compile(WORD.casefold()),
    "number": re.compile(r"[\s().+/-]{0,3}".join(NATIONAL)),
}


def found_in(value: str) -> set[str]:
    read = {plain(each) for each in meanings(value)}
    return {name for each in read for name, sought in SOUGHT.items() if sought.search(each)}


def as_text(value: Any) -> Iterator[str]:
    if isinstance(value, bytes | memoryview):
        yield from (bytes(value).decode(coding, "replace") for coding in ("utf-8", "utf-16-le", "utf-16-be"))
    else:
        yield str(value)


def places(*, without: frozenset[str] = frozenset()) -> dict[str, set[str]]:
    """The columns of all tables in which something is found."""
    found: dict[str, set[str]] = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            names = [f"{table}.{column[0]}" for column in cursor.description]
            for row in cursor.fetchall():
                for name, value in zip(names, row, strict=True):
                    here = {what for text in as_text(value) for what in found_in(text)}
                    if here and name not in without:
                        found.setdefault(name, set()).update(here)
    return found


OURS = frozenset(f"sms_message.{name}" for name in ("to", "text", "raw_text", "parameters"))
OF_THE_MESSAGE = OURS | {"sms_attempt.raw_request"}
YET_UNKNOWN = frozenset(
    ["sms_callback.body", "sms_callback.query", "sms_callback.content_type", "sms_callback.note"]
    + [f"sms_deliveryreport.{name}" for name in ("reference", "vendor_message_id", "code", "detail")]
)


@pytest.mark.parametrize("provider", SENDERS, indirect=True)
def test_nothing_of_a_message_survives(provider, client, wire, work, lines) -> None:
    go_through_all(client, provider, wire, work)
    assert places(without=OF_THE_MESSAGE | YET_UNKNOWN) == {}
    assert Attempt.objects.filter(raw_response__contains=HIDDEN).exists()
    known = DeliveryReport.objects.exclude(attempt=None).values_list("reference", "vendor_message_id", "code", "detail")
    assert [each for row in known for each in row if found_in(each)] == []
    answer = client.get("/messages", headers={"authorization": cast.basic()}, data={"limit": 100}).json()
    shown = [{**each, "to": "", "text": "", "parameters": {}} for each in answer["results"]]
    assert found_in(json.dumps(shown, ensure_ascii=False)) == set()
    assert shown

    grow_old()
    while retention.erase_due():
        pass
    kept = {name: what - {"number"} for name, what in places().items() if what - {"number"}}
    assert kept == {}, "the code is kept"

    personal_data.forget(NUMBER, actor="test", reason="request of the person")
    assert places() == {}
    assert found_in(lines.getvalue()) == set()
    assert lines.getvalue()


def grow_old() -> None:
    """As after the days of all settings, but those that rows are kept for."""
    old = clock.now() - timedelta(days=8)
    Message.objects.update(created_at=old, expires_at=old)
    Attempt.objects.update(started_at=old)
    Callback.objects.update(received_at=old)
    DeliveryReport.objects.update(received_at=old)
