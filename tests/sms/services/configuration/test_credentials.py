"""Credentials go to the server that they were entered for, and an account without usable ones is not called."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from django.test import Client

from providers.base import HttpResponse
from providers.registry import FORWARDERS
from providers.settings import Setting
from sms.models import Alert, InboundPush, Message, Partner, Provider, RentedNumber, UnreadableSecret
from sms.models.encrypted import MOVED, UNREADABLE
from sms.services.configuration import snapshot, stored_secrets
from sms.services.database import clock
from sms.services.inbound import forward
from sms.services.monitoring import alert_rules
from sms.services.queue.errors import ActionRefused
from sms.services.staff import provider_actions
from tests.sms import cast, received
from tests.sms.services.fakes import TextVendor
from tests.support.standins import Pigeon

OTHER_KEY = Fernet.generate_key().decode()
MOVES = ["https://elsewhere.example", "http://first.example", "https://first.example:8443"]


@pytest.fixture
def secret_shop(shop, monkeypatch):
    monkeypatch.setattr(TextVendor, "credentials", (Setting("token", "Token", "", secret=True),))
    for provider in (shop.first, shop.second):
        provider.credentials = {"token": "made-up"}
        provider.save()
    return shop


def move(provider: Provider, address: str) -> None:
    """By a way that no form sees."""
    Provider.objects.filter(pk=provider.pk).update(base_url=address)
    snapshot.reset_cache()


def lose_keys(settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [OTHER_KEY]
    snapshot.reset_cache()


@pytest.mark.parametrize("address", MOVES)
def test_nothing_goes_to_another_server_and_the_message_waits(secret_shop, wire, work, address):
    secret_shop.set_route(secret_shop.first)
    message = secret_shop.message()
    move(secret_shop.first, address)
    work()
    assert wire.calls == []
    message.refresh_from_db()
    assert message.status == "queued"
    assert message.waiting_for.startswith(
        "waiting for first, which may not be called now: Its credentials were entered"
    )


def test_another_path_of_the_same_server_needs_nothing(secret_shop, wire, work):
    message = secret_shop.message()
    move(secret_shop.first, "https://FIRST.example:443/v2")
    wire.script("FIRST.example:443", HttpResponse(200, body=b"id"))
    work()
    message.refresh_from_db()
    assert message.status != "queued"


def test_the_next_provider_takes_over(secret_shop, wire, work):
    secret_shop.message()
    move(secret_shop.first, MOVES[0])
    wire.script("second.example", HttpResponse(200, body=b"id"))
    work()
    assert [call.url for call in wire.calls] == ["https://second.example/send"]


def test_an_alert_names_the_provider_until_the_address_is_right_again(secret_shop):
    move(secret_shop.first, MOVES[0])
    alert_rules.evaluate()
    [alert] = Alert.objects.filter(closed_at=None)
    assert (alert.key, alert.provider) == ("credentials:first", secret_shop.first)
    assert "https://elsewhere.example:443" in alert.advice
    move(secret_shop.first, "https://first.example")
    alert_rules.evaluate()
    assert not Alert.objects.filter(closed_at=None).exists()


def test_no_test_call_either_and_no_adapter_gets_them(secret_shop, wire):
    move(secret_shop.first, MOVES[0])
    with pytest.raises(ActionRefused, match=r"were entered for https://first\.example:443"):
        provider_actions.test_connection(secret_shop.first.pk, actor="boss")
    assert Provider.objects.get(pk=secret_shop.first.pk).adapter().credential == {}


def test_without_stored_secrets_an_address_is_just_an_address(shop, wire, work):
    message = shop.message()
    move(shop.first, MOVES[0])
    wire.script("elsewhere.example", HttpResponse(200, body=b"id"))
    work()
    message.refresh_from_db()
    assert message.status != "queued"


# --- partners ---------------------------------------------------------------------------------


@pytest.fixture
def push(transactional_db, monkeypatch) -> InboundPush:
    monkeypatch.setitem(FORWARDERS, "pigeon", Pigeon)
    message = received.message(received.enter())
    return forward.queue_push(message, RentedNumber.objects.get(), now=clock.now())


def test_a_partners_pushes_wait_too(push, wire, work):
    Partner.objects.update(url="https://elsewhere.example/push")
    work()
    push.refresh_from_db()
    assert (wire.calls, push.status, push.tries) == ([], "waiting", 0)
    assert "were entered for https://renter.example:443" in Alert.objects.get(key="partner:renter").advice


def test_a_partners_unreadable_key_stops_nothing_else(push, wire, work, settings):
    settings.FIELD_ENCRYPTION_KEYS = [OTHER_KEY]
    work()
    push.refresh_from_db()
    assert (wire.calls, push.status) == ([], "waiting")
    assert Alert.objects.get(key="partner:renter").advice == UNREADABLE


# --- keys that open nothing -------------------------------------------------------------------


def test_a_message_for_an_unreadable_account_is_accepted_and_waits(secret_shop, wire, work, settings):
    secret_shop.client.set_secret(cast.SECRET)
    secret_shop.client.save()
    secret_shop.set_route(secret_shop.first)
    lose_keys(settings)
    sent = cast.send(Client(), cast.body(to="+994501234567", text="Salam"))
    assert sent.status_code == 201
    work()
    assert wire.calls == []
    message = Message.objects.get()
    assert (message.status, UNREADABLE[:40] in message.waiting_for) == ("queued", True)
    alert_rules.evaluate()
    assert Alert.objects.get(key="credentials:first").advice == UNREADABLE


def test_keys_that_open_nothing_make_a_process_unready_and_are_named(secret_shop, settings):
    assert Client().get("/readyz").status_code == 200
    lose_keys(settings)
    fresh_readiness()
    response = Client().get("/readyz")
    assert response.status_code == 503
    [error] = response.json()["errors"]
    assert (error["code"], error["field"]) == ("unavailable", "encryption_keys")
    assert error["message"].startswith("FIELD_ENCRYPTION_KEYS open none of the credentials of provider first, ")


def test_one_unreadable_account_of_several_leaves_the_process_ready(secret_shop, settings):
    own = settings.FIELD_ENCRYPTION_KEYS
    settings.FIELD_ENCRYPTION_KEYS = [OTHER_KEY]
    secret_shop.second.credentials = {"token": "under a key that is lost"}
    secret_shop.second.save()
    settings.FIELD_ENCRYPTION_KEYS = own
    fresh_readiness()
    assert Client().get("/readyz").status_code == 200
    assert stored_secrets.read().unreadable == ("provider second",)


def fresh_readiness() -> None:
    from sms.api import health

    health.readiness.__init__()


def test_a_start_names_them_in_the_log(secret_shop, settings, caplog):
    stored_secrets.log_unreadable()
    assert caplog.text == ""
    lose_keys(settings)
    stored_secrets.log_unreadable()
    assert "provider first" in caplog.text


def test_saving_an_account_keeps_what_no_key_opens(secret_shop, settings):
    own = settings.FIELD_ENCRYPTION_KEYS
    lose_keys(settings)
    row = Provider.objects.get(pk=secret_shop.first.pk)
    assert isinstance(row.credentials, UnreadableSecret)
    row.timeout = 30
    row.save()
    settings.FIELD_ENCRYPTION_KEYS = own
    assert Provider.objects.get(pk=secret_shop.first.pk).credentials == {"token": "made-up"}


def test_the_words_say_what_to_do():
    for words in (UNREADABLE, MOVED):
        assert "nter the credentials again" in words.replace("\n", " ")
