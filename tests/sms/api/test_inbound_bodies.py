"""`/inbound/<key>`: bodies in many formats, parsed correctly or stored as unreadable."""

from __future__ import annotations

import gzip
import json
from io import BytesIO
from urllib.parse import urlencode

import pytest

from providers.registry import FORWARDERS
from sms.models import Alert, InboundCall, InboundGateway, InboundMessage, InboundPush
from sms.services.webhooks import tokens
from tests.sms import received
from tests.sms.cast import errors
from tests.support.standins import Pigeon

pytestmark = pytest.mark.django_db

MESSAGE = {"from": "Instagram", "to": received.PHONE, "text": "Your verification code is 800142"}


@pytest.fixture
def gateway(monkeypatch) -> InboundGateway:
    monkeypatch.setitem(FORWARDERS, "pigeon", Pigeon)
    return received.enter()


def path(gateway: InboundGateway) -> str:
    return f"/inbound/{tokens.gateway_token(gateway.pk)}"


def post(client, gateway, body, content_type="application/json", **more):
    """Posts the bytes unchanged. The client's own `post` would encode them in the declared charset."""
    return client.generic("POST", path(gateway), body, content_type=content_type, **more)


FORM = "application/x-www-form-urlencoded"


def fields_of(text: str, charset: str) -> bytes:
    return urlencode({name: value.encode(charset) for name, value in (MESSAGE | {"text": text}).items()}).encode()


@pytest.mark.parametrize(
    ("content_type", "body", "text"),
    [
        (f"{FORM}; charset=windows-1251", fields_of("код 3", "cp1251"), "код 3"),
        (f'{FORM}; charset="ISO-8859-9"', fields_of("şifre 4", "iso-8859-9"), "şifre 4"),
        (FORM, fields_of("код", "cp1251") + b"&_charset_=windows-1251", "код"),
        ("application/json", json.dumps(MESSAGE | {"text": "код"}).encode("utf-16"), "код"),
        ("application/json", b"\xef\xbb\xbf" + json.dumps(MESSAGE).encode(), MESSAGE["text"]),
        ("text/plain", json.dumps({"event": "sms", "data": MESSAGE}).encode(), MESSAGE["text"]),
        ("application/json", json.dumps({"messages": [MESSAGE]}).encode(), MESSAGE["text"]),
        ("application/json", json.dumps([MESSAGE]).encode(), MESSAGE["text"]),
        (FORM, urlencode({"data": json.dumps(MESSAGE)}).encode(), MESSAGE["text"]),
        (FORM, urlencode({name.title(): value for name, value in MESSAGE.items()}).encode(), MESSAGE["text"]),
        (FORM, urlencode({f"data[{name}]": value for name, value in MESSAGE.items()}).encode(), MESSAGE["text"]),
        (FORM, urlencode({f"sms[0][{name}]": value for name, value in MESSAGE.items()}).encode(), MESSAGE["text"]),
        (FORM, urlencode(MESSAGE).encode() + b"\r\n", MESSAGE["text"]),
        (f"{FORM}; charset=windows-1254", fields_of("SATIŞ’", "cp1254"), "SATIŞ’"),
        ("application/json", json.dumps(MESSAGE | {"text": "a|b"}).encode().replace(b"|", b"\r\n"), "a\r\nb"),
        ("application/json", json.dumps({n.upper(): v for n, v in MESSAGE.items()}).encode(), MESSAGE["text"]),
    ],
)
def test_the_text_is_pushed_as_it_was_meant(client, gateway, content_type, body, text):
    assert post(client, gateway, body, content_type).status_code == 200
    message = InboundMessage.objects.get()
    assert (message.sender, message.to, message.text, message.push.status) == (
        MESSAGE["from"],
        MESSAGE["to"],
        text,
        "waiting",
    )
    assert not Alert.objects.exists()


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"Fish & chips", "Fish & chips"),
        (b"AT&T&Co", "AT&T&Co"),
        (b"Fish+&+chips+%26+peas", "Fish & chips & peas"),
        (b"Fish &", "Fish "),
        (b"a%26b", "a&b"),
        (b"", ""),
    ],
)
@pytest.mark.parametrize("in_query", [True, False])
@pytest.mark.parametrize("is_last", [True, False])
def test_an_ampersand_that_a_gateway_does_not_escape_cuts_no_text(client, gateway, raw, text, in_query, is_last):
    others = urlencode({name: value for name, value in MESSAGE.items() if name != "text"}).encode()
    form = b"&".join([others, b"Text=" + raw] if is_last else [b"Text=" + raw, others])
    got = client.get(path(gateway), QUERY_STRING=form.decode()) if in_query else post(client, gateway, form, FORM)
    assert got.status_code == 200
    assert (InboundMessage.objects.get().text, InboundMessage.objects.get().to) == (text, received.PHONE)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_json_is_not_read_as_a_form_with_a_text(client, gateway, mark):
    text = "to&text=Fish & chips"
    assert post(client, gateway, mark + json.dumps(MESSAGE | {"text": text}).encode(), FORM).status_code == 200
    assert InboundMessage.objects.get().text == text


def test_a_gzipped_form_keeps_its_whole_text(client, gateway):
    form = urlencode(MESSAGE | {"text": ""}).encode() + b"Fish & chips"
    more = {"HTTP_CONTENT_ENCODING": "gzip"}
    assert post(client, gateway, gzip.compress(form), FORM, **more).status_code == 200
    assert InboundMessage.objects.get().text == "Fish & chips"


def test_a_multipart_form_with_a_picture_is_read(client, gateway):
    picture = BytesIO(b"\xff\xd8\0")
    picture.name = "a.jpg"
    assert client.post(path(gateway), MESSAGE | {"photo": picture}).status_code == 200
    assert InboundMessage.objects.get().text == MESSAGE["text"]


def test_a_gzipped_body_is_read_and_its_encoding_kept(client, gateway):
    body = gzip.compress(json.dumps(MESSAGE).encode())
    assert post(client, gateway, body, headers={"content-encoding": "gzip"}).status_code == 200
    assert InboundMessage.objects.get().text == MESSAGE["text"]
    assert (InboundCall.objects.get().content_encoding, bytes(InboundCall.objects.get().body)) == ("gzip", body)


def test_an_array_is_as_many_messages(client, gateway):
    body = json.dumps({"messages": [MESSAGE | {"id": 1}, MESSAGE | {"id": 2}]})
    assert post(client, gateway, body).status_code == 200
    assert set(InboundMessage.objects.values_list("gateway_message_id", flat=True)) == {"1", "2"}
    assert InboundPush.objects.count() == 2


def test_of_an_array_with_half_a_message_nothing_is_stored(client, gateway):
    body = json.dumps([MESSAGE, {"from": "A", "to": received.PHONE}])
    response = post(client, gateway, body)
    assert errors(response) == [(400, "required", "text")]
    assert not InboundMessage.objects.exists()


@pytest.mark.parametrize("in_query", [(), ("from", "to")])
def test_json_in_somebodys_text_is_a_text(client, gateway, in_query):
    forged = json.dumps({"from": "Bank", "to": "+994501112234", "text": "Call us"})
    values = MESSAGE | {"text": forged}
    query = urlencode({name: values.pop(name) for name in in_query})
    post(client, gateway, urlencode(values), FORM, QUERY_STRING=query)
    message = InboundMessage.objects.get()
    assert (message.sender, message.text) == (MESSAGE["from"], forged)


@pytest.mark.parametrize(
    ("content_type", "body", "reason"),
    [
        (FORM, fields_of("код 3", "cp1251"), "text: it is not UTF-8, and no charset is declared"),
        (f"{FORM}; charset=utf-8", fields_of("şifre", "cp1254"), "text: it is not utf-8"),
        (f"{FORM}; charset=klingon", fields_of("şifre", "utf-8"), "text: the charset 'klingon' is unknown"),
        (FORM, urlencode(MESSAGE).encode() + b"&text=other", "text came more than once, with different values"),
        ("application/json", json.dumps(MESSAGE | {"text": "ş"}, ensure_ascii=False).encode("cp1254"), "text: it is"),
        (FORM, urlencode(MESSAGE).encode() + b"&more=%u043A", "it has escapes such as %u0441"),
        ("application/xml", b"<sms><text x='1'>a</text></sms>", "neither a form nor a JSON object: it may be XML"),
        ("multipart/form-data; boundary=x", b"--x\r\n", "the multipart body is broken"),
    ],
)
def test_what_can_not_be_decoded_is_kept_told_and_never_pushed(client, gateway, content_type, body, reason):
    assert post(client, gateway, body, content_type).status_code == 400
    call = InboundCall.objects.get()
    assert call.note.startswith(f"could not be read: {reason}" if not reason.startswith("neither") else "could not be")
    assert reason in call.note
    assert bytes(call.body) == body
    assert (InboundMessage.objects.count(), InboundPush.objects.count()) == (0, 0)
    alert = Alert.objects.get()
    assert (alert.key, alert.closed_at) == ("unread-received:modem-1", None)


def test_a_query_that_can_not_be_decoded_is_kept_and_not_pushed(client, gateway):
    assert client.get(f"{path(gateway)}?from=A&to={received.PHONE[1:]}&text=%EA%EE%E4+3").status_code == 400
    assert "no charset is declared" in InboundCall.objects.get().note
    assert not InboundMessage.objects.exists()


def test_a_query_says_its_charset(client, gateway):
    query = f"from=A&to={received.PHONE[1:]}&text=%EA%EE%E4+3&charset=windows-1251"
    assert client.get(f"{path(gateway)}?{query}").status_code == 200
    assert InboundMessage.objects.get().text == "код 3"
