"""`/inbound/<key>`: SMS from gateways."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client

from providers.registry import FORWARDERS
from sms.models import InboundCall, InboundGateway, InboundMessage, InboundPush, RentedNumber
from sms.services.database import clock
from sms.services.inbound import forward, receive
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


def get(client, gateway, **values):
    return client.get(f"{path(gateway)}?{urlencode(values)}")


def post_form(client, gateway, **values):
    return client.post(path(gateway), urlencode(values), content_type="application/x-www-form-urlencoded")


def post_json(client, gateway, **values):
    return client.post(path(gateway), json.dumps(values), content_type="application/json")


@pytest.mark.parametrize("call", [get, post_form, post_json])
def test_a_message_is_stored_and_its_push_queued(client, gateway, call):
    response = call(client, gateway, **MESSAGE)
    assert (response.status_code, response.content) == (200, b"")
    message = InboundMessage.objects.get()
    assert (message.sender, message.to, message.text) == tuple(MESSAGE.values())
    assert (message.gateway, message.count, message.not_pushed) == (gateway, 1, "")
    push = InboundPush.objects.get()
    assert (push.message, push.operation_id, push.status, push.tries) == (message, 355, "waiting", 0)


def test_the_raw_call_is_kept(client, gateway):
    post_json(client, gateway, **MESSAGE)
    call = InboundCall.objects.get()
    assert (call.method, call.content_type, json.loads(bytes(call.body))) == ("POST", "application/json", MESSAGE)
    assert call.read_at is not None
    assert InboundMessage.objects.get().call == call


def test_a_slash_at_the_end_is_fine(client, gateway):
    assert client.get(f"{path(gateway)}/?{urlencode(MESSAGE)}").status_code == 200


@pytest.mark.parametrize("to", ["+994501112233", "00994501112233", "994501112233", " 994501112233"])
def test_our_number_may_come_with_plus_with_zeros_or_bare(client, gateway, to):
    get(client, gateway, **MESSAGE | {"to": to})
    assert InboundMessage.objects.get().to == received.PHONE
    assert InboundPush.objects.exists()


@pytest.mark.parametrize(
    ("sender", "kept"),
    [
        ("Instagram", "Instagram"),
        ("3456", "3456"),
        ("+994502223344", "+994502223344"),
        ("994502223344", "+994502223344"),
        ("00994502223344", "+994502223344"),
        ("0502223344", "0502223344"),
        ("Bank & Co +1", "Bank & Co +1"),
    ],
)
def test_a_sender_is_kept_as_it_came_unless_it_is_an_international_number(client, gateway, sender, kept):
    get(client, gateway, **MESSAGE | {"from": sender})
    assert InboundMessage.objects.get().sender == kept


def test_a_number_that_is_none_is_stored_and_shown(client, gateway):
    assert get(client, gateway, **MESSAGE | {"to": "SIM 4"}).status_code == 200
    message = InboundMessage.objects.get()
    assert (message.to, message.not_pushed) == ("SIM 4", "This number is not rented out.")
    assert not InboundPush.objects.exists()


def test_json_may_write_numbers_as_numbers(client, gateway):
    post_json(client, gateway, **MESSAGE | {"to": 994501112233, "from": 994502223344})
    assert InboundMessage.objects.get().to == received.PHONE


@pytest.mark.parametrize("text", ["", "Ədəd\n\t", "a\u202eb", "4€ & ?=+", "x" * 5000])
def test_a_text_is_kept_to_the_letter(client, gateway, text):
    post_form(client, gateway, **MESSAGE | {"text": text})
    assert InboundMessage.objects.get().text == text


def test_what_no_database_stores_is_kept_as_an_escape(client, gateway):
    body = json.dumps(MESSAGE | {"text": "a\0b\ud800"})
    assert client.post(path(gateway), body, content_type="application/json").status_code == 200
    assert InboundMessage.objects.get().text == r"a\u0000b\ud800"


@pytest.mark.parametrize(
    ("values", "missing"),
    [
        ({"to": received.PHONE, "text": "x"}, ["from"]),
        ({"from": "A", "text": "x"}, ["to"]),
        ({"from": "A", "to": received.PHONE}, ["text"]),
        ({"from": "", "to": "", "text": ""}, ["from", "to"]),
        ({}, ["from", "to", "text"]),
    ],
)
@pytest.mark.parametrize("call", [get, post_form, post_json])
def test_what_is_missing_is_named(client, gateway, values, missing, call):
    response = call(client, gateway, **values)
    assert response.status_code == 400
    assert errors(response) == [(400, "required", name) for name in missing]
    assert InboundCall.objects.get().note == f"missing: {', '.join(missing)}"
    assert not InboundMessage.objects.exists()


@pytest.mark.parametrize("body", [b"{", b"[1]", b"\xff\xfe", b'{"from": {}, "to": [], "text": null}', b"[" * 60_000])
def test_a_body_that_can_not_be_read_lacks_everything_and_is_kept(client, gateway, body):
    response = client.post(path(gateway), body, content_type="application/json")
    assert response.status_code == 400
    assert len(errors(response)) == 3
    call = InboundCall.objects.get()
    assert bytes(call.body) == body
    assert call.read_at
    assert call.note


def test_a_wrong_key_is_404_and_stores_nothing(client, gateway):
    for key in ("x", tokens.provider_token(gateway.pk), tokens.gateway_token(gateway.pk)[:-1], tokens.gateway_token(0)):
        assert client.get(f"/inbound/{key}?{urlencode(MESSAGE)}").status_code == 404
    assert not InboundCall.objects.exists()


def test_the_key_of_a_gateway_that_is_gone_is_404(client, gateway):
    endpoint = path(gateway)
    gateway.delete()
    assert client.get(f"{endpoint}?{urlencode(MESSAGE)}").status_code == 404


def test_other_methods_are_405(client, gateway):
    response = client.put(path(gateway), b"")
    assert (response.status_code, response["Allow"]) == (405, "GET, POST")


def test_more_than_64_kib_is_413(client, gateway):
    assert client.post(path(gateway), b"x" * 65_537, content_type="text/plain").status_code == 413


# --- repeats -----------------------------------------------------------------------------------


def test_the_same_id_twice_is_one_message(client, gateway):
    for _ in range(3):
        assert get(client, gateway, **MESSAGE, id="77").status_code == 200
    message = InboundMessage.objects.get()
    assert (message.text, message.count, message.gateway_message_id) == (MESSAGE["text"], 3, "77")
    assert (InboundPush.objects.count(), InboundCall.objects.count()) == (1, 3)


@pytest.mark.parametrize("other", [{"from": "Other"}, {"text": "Other"}, {"to": "+994501112234"}])
def test_an_equal_id_of_another_message_is_another_message(client, gateway, other):
    """A replaced modem counts from the start again."""
    RentedNumber.objects.create(phone="+994501112234", partner=RentedNumber.objects.get().partner, operation_id=356)
    for values in (MESSAGE, MESSAGE | other, MESSAGE, MESSAGE | other):
        get(client, gateway, **values, id="1")
    assert list(InboundMessage.objects.values_list("count", flat=True)) == [2, 2]
    assert InboundPush.objects.count() == 2


def test_an_equal_id_is_the_same_message_whenever_it_comes(client, gateway):
    get(client, gateway, **MESSAGE, id="77")
    InboundMessage.objects.update(received_at=clock.now() - timedelta(days=1))
    get(client, gateway, **MESSAGE, id="77")
    assert InboundMessage.objects.get().count == 2


def test_an_equal_id_of_a_message_whose_text_is_erased_is_another_message(client, gateway):
    """It can't be known any more whether it is a repeat. A second push is better than a lost message."""
    get(client, gateway, **MESSAGE, id="77")
    InboundMessage.objects.update(text=None, erased_at=clock.now())
    get(client, gateway, **MESSAGE, id="77")
    assert InboundMessage.objects.count() == 2


def test_equal_messages_with_two_ids_are_two(client, gateway):
    for number in ("77", "78"):
        get(client, gateway, **MESSAGE, id=number)
    assert InboundMessage.objects.count() == 2


def test_the_same_id_at_another_gateway_is_another_message(client, gateway):
    get(client, gateway, **MESSAGE, id="77")
    get(client, InboundGateway.objects.create(slug="modem-2"), **MESSAGE, id="77")
    assert InboundMessage.objects.count() == 2


BEGIN = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "counts"),
    [
        ([0, 0], [2]),
        ([0, 4.8], [2]),
        ([0, 5.1], [2]),
        ([0, 10], [2]),
        ([0, 10.000001], [1, 1]),
        ([0, 9.999999, 10.000001], [2, 1]),
        ([0, 5, 9, 10], [4]),
        ([0, 5, 9, 14], [3, 1]),
        ([0, 9, 18, 27], [2, 2]),
        ([0, 11, 5, 20], [2, 2]),
        ([9, 0, 5], [3]),
        ([9, 0, 14], [2, 1]),
        ([30, 0], [1, 1]),
    ],
)
def test_without_an_id_an_equal_message_within_10_seconds_of_the_first_is_the_same(gateway, seconds, counts):
    """In the order of reading; each was received so many seconds after the start."""
    for after in seconds:
        read_at(gateway, BEGIN + timedelta(seconds=after))
    assert list(InboundMessage.objects.order_by("received_at").values_list("count", flat=True)) == counts
    assert InboundPush.objects.count() == len(counts)


@pytest.mark.parametrize(
    ("span", "seconds", "counts"),
    [(0, [0, 0], [1, 1]), (3, [0, 3], [2]), (3, [0, 3.1], [1, 1]), (60, [0, 59.9], [2]), (60, [0, 60.1], [1, 1])],
)
def test_a_gateway_may_have_a_time_of_its_own(gateway, span, seconds, counts):
    InboundGateway.objects.update(repeat_seconds=span)
    gateway.refresh_from_db()
    for after in seconds:
        read_at(gateway, BEGIN + timedelta(seconds=after))
    assert list(InboundMessage.objects.order_by("received_at").values_list("count", flat=True)) == counts


def read_at(gateway: InboundGateway, moment: datetime) -> None:
    RentedNumber.objects.update(updated_at=BEGIN)
    body = json.dumps(MESSAGE).encode()
    call = InboundCall.objects.create(gateway=gateway, method="POST", body=body, received_at=moment)
    receive.parse_call(call)


def test_a_message_of_the_earlier_tenant_is_not_pushed_to_the_next(gateway):
    """The process ended before it read the call, and staff handed the number over before it was read."""
    moment = clock.now() - timedelta(minutes=5)
    InboundCall.objects.create(gateway=gateway, method="POST", body=json.dumps(MESSAGE).encode(), received_at=moment)
    number = RentedNumber.objects.get()
    number.operation_id = 999
    number.save()
    assert receive.parse_unread_calls() == 1
    assert not InboundPush.objects.exists()
    assert InboundMessage.objects.get().not_pushed == forward.CHANGED_SINCE


@pytest.mark.parametrize(
    "to", ["+994 50 111-22-33", "994 (50) 1112233", "00994-50-111-22-33", "\u202a+994\u00a0501112233\u202c"]
)
def test_our_number_may_come_as_people_write_it(client, gateway, to):
    """Staff copy it so into the URL of a gateway that does not know its number."""
    assert post_json(client, gateway, **MESSAGE | {"to": to}).status_code == 200
    assert InboundMessage.objects.get().to == received.PHONE
    assert InboundPush.objects.exists()


@pytest.mark.parametrize("empty", [None, ""])
def test_an_empty_field_does_not_hide_the_value_in_the_address(client, gateway, empty):
    address = f"{path(gateway)}?{urlencode({'to': received.PHONE})}"
    assert client.post(address, json.dumps(MESSAGE | {"to": empty}), content_type="application/json").status_code == 200
    assert InboundPush.objects.exists()


@pytest.mark.parametrize("other", [{"from": "Other"}, {"to": "+994501112234"}, {"text": "Other"}])
def test_without_an_id_a_message_that_differs_is_another(client, gateway, other):
    get(client, gateway, **MESSAGE)
    get(client, gateway, **MESSAGE | other)
    assert InboundMessage.objects.count() == 2


def test_an_id_of_any_length_is_told_apart(client, gateway):
    for last in "ab":
        get(client, gateway, **MESSAGE, id="x" * 500 + last)
    assert InboundMessage.objects.count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("more", [{}, {"id": "7"}])
def test_equal_calls_at_the_same_moment_are_one_message(gateway, more):
    def call(_: int) -> int:
        try:
            return get(Client(), gateway, **MESSAGE, **more).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(call, range(24))) == {200}
    assert InboundMessage.objects.get().count == 24
    assert InboundPush.objects.count() == 1


# --- gateways' own names -----------------------------------------------------------------------


def test_kannels_get_is_read_with_its_own_names(client, gateway):
    """docs/partners.md: get-url = …?sender=%p&receiver=%P&message=%a&id=%I"""
    gateway.fields = {"from": "sender", "to": "receiver", "text": "message"}
    gateway.save()
    query = "sender=%2B994502223344&receiver=994501112233&message=Salam+d%C9%99&id=5f3c"
    assert client.get(f"{path(gateway)}?{query}").status_code == 200
    message = InboundMessage.objects.get()
    assert (message.sender, message.to, message.text) == ("+994502223344", received.PHONE, "Salam də")
    assert message.gateway_message_id == "5f3c"


def test_an_android_gateways_nested_json_is_read_with_our_number_in_the_address(client, gateway):
    """docs/partners.md: the phone does not send its own number, so the registered address contains it."""
    gateway.fields = {"from": "payload.phoneNumber", "text": "payload.message", "id": "payload.messageId"}
    gateway.save()
    body = {
        "event": "sms:received",
        "deviceId": "made-up",
        "payload": {"messageId": "abc123", "message": "Code 1", "phoneNumber": "+994502223344", "simNumber": 1},
    }
    endpoint = f"{path(gateway)}?to=%2B994501112233"
    assert client.post(endpoint, json.dumps(body), content_type="application/json").status_code == 200
    message = InboundMessage.objects.get()
    assert (message.sender, message.to, message.text) == ("+994502223344", received.PHONE, "Code 1")
    assert message.gateway_message_id == "abc123"


# --- who gets it -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "columns",
    [
        {"active": False},
        {"valid_from": timedelta(minutes=1)},
        {"valid_until": timedelta(minutes=-1)},
    ],
)
def test_a_number_without_an_active_operation_is_stored_and_not_pushed(client, gateway, columns):
    moments = {name: clock.now() + value if isinstance(value, timedelta) else value for name, value in columns.items()}
    RentedNumber.objects.update(**moments)
    assert get(client, gateway, **MESSAGE).status_code == 200
    assert InboundMessage.objects.get().not_pushed == "This number's operation is not active."
    assert not InboundPush.objects.exists()


def test_a_call_whose_reading_broke_off_is_read_later(client, gateway, monkeypatch):
    client.raise_request_exception = False
    with monkeypatch.context() as broken:
        broken.setattr(receive, "_store_message", None)
        assert get(client, gateway, **MESSAGE).status_code == 500
    InboundCall.objects.update(received_at=clock.now() - timedelta(seconds=11))
    assert receive.parse_unread_calls() == 1
    assert InboundMessage.objects.get().text == MESSAGE["text"]
    assert receive.parse_unread_calls() == 0
