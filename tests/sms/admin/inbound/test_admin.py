"""Received messages, forwards, partners and rented numbers in the admin."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from sms.domain.phone import masked
from sms.models import InboundCall, InboundGateway, InboundMessage, InboundPush, Partner, RentedNumber
from sms.services.database import clock
from sms.services.inbound import receive
from sms.services.webhooks import tokens
from tests.sms import received
from tests.sms.admin.conftest import HOSTILE, PHONE, RENTED

REASON = {"reason": "the partner asked", "_form_submitted": "on"}
NEW_PARTNER = {
    "slug": "second",
    "vendor": "forward",
    "url": "https://second.example/push",
    "credential_key": "typed-secret",
    "option_max_tries": 5,
    "option_timeout": 2,
}


def page(client: Client, model: str, row=None) -> str:
    name, args = ("change", (row.pk,)) if row else ("changelist", ())
    answer = client.get(reverse(f"admin:sms_{model}_{name}", args=args))
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def viewer(db) -> Client:
    user = get_user_model().objects.create_user("viewer", password="a long pass phrase", is_staff=True)
    user.groups.add(Group.objects.get(name="Viewer"))
    client = Client()
    client.force_login(user)
    return client


def test_the_whole_text_is_shown_to_nobody_and_its_shape_by_role(boss, viewer, cast):
    push = cast.received()
    for client in (boss, viewer):
        for model, row in (("inboundmessage", push.message), ("inboundpush", push), ("inboundmessage", None)):
            assert "800142" not in page(client, model, row)
    assert "Xxxx xxxx xx " in page(boss, "inboundmessage", push.message)
    assert "Xxxx xxxx xx " not in page(viewer, "inboundmessage", push.message)
    assert "800142" not in page(boss, "inboundcall", push.message.call)


def test_numbers_are_masked_by_role(boss, viewer, cast):
    push = cast.received()
    number = push.number
    pages = (("inboundmessage", push.message), ("inboundpush", push), ("rentednumber", None), ("rentednumber", number))
    for model, row in pages:
        assert RENTED in page(boss, model, row)
        assert RENTED not in page(viewer, model, row)
        assert PHONE not in page(viewer, model, row)


@pytest.mark.parametrize("number", ["0502223344", "+994 50 222 33 44", "050-222-33-44", "tel:+994502223344"])
def test_a_number_is_masked_in_whatever_notation_the_gateway_wrote_it(number, boss, viewer, cast):
    push = cast.received()
    InboundMessage.objects.update(sender=number, to=number)
    addresses = [
        ("inboundmessage", push.message),
        ("inboundmessage", None),
        ("inboundpush", push),
        ("inboundpush", None),
    ]
    for model, row in addresses:
        assert number not in page(viewer, model, row)
        assert number in page(boss, model, row)
    assert number not in viewer.post(reverse("admin:tools_search"), {"term": str(push.message.pk)}).content.decode()


@pytest.mark.parametrize("name", ["Bank & Co", "3456", "447766"])
def test_a_name_or_a_short_code_is_not_masked(name, viewer, cast):
    push = cast.received()
    InboundMessage.objects.update(sender=name)
    assert escape(name) in page(viewer, "inboundmessage", push.message)


def test_the_history_of_a_rented_number_masks_numbers_by_role(boss, viewer, cast):
    number = cast.received().number
    number.phone = "+994551112299"
    number.save()
    address = reverse("admin:sms_rentednumber_history", args=(number.pk,))
    assert f"{RENTED} → +994551112299" in " ".join(boss.get(address).content.decode().split())
    shown = viewer.get(address).content.decode()
    for each in (RENTED, number.phone):
        assert each not in shown
        assert masked(each) in shown


def test_a_hostile_sender_and_text_are_shown_as_text(boss, cast):
    push = cast.received(text=HOSTILE)
    InboundMessage.objects.update(sender=HOSTILE)
    shown = page(boss, "inboundmessage", push.message)
    assert "<b x-init" not in shown
    assert "\u202e" not in shown


def test_a_refused_push_is_pushed_again_with_a_reason(boss, cast):
    push = cast.received()
    address = reverse("admin:sms_inboundpush_push_again", args=(push.pk,))
    assert boss.get(address).status_code == 200
    push.refresh_from_db()
    assert push.status == "refused"
    assert boss.post(address, REASON)["HX-Redirect"].endswith(f"/{push.pk}/change/")
    push.refresh_from_db()
    assert (push.status, push.tries_before) == ("waiting", 1)
    assert "the partner asked" in LogEntry.objects.get().change_message


def test_a_message_that_was_not_pushed_is_pushed_by_hand(boss, cast):
    message = cast.received().message
    InboundPush.objects.all().delete()
    assert "Forward now" in page(boss, "inboundmessage", message)
    boss.post(reverse("admin:sms_inboundmessage_push_now", args=(message.pk,)), REASON)
    assert InboundPush.objects.get().status == "waiting"
    assert "Forward now" not in page(boss, "inboundmessage", message)


@pytest.mark.parametrize(("model", "action"), [("inboundpush", "push_again"), ("inboundmessage", "push_now")])
def test_a_viewer_pushes_nothing(viewer, cast, model, action):
    push = cast.received()
    row = push if model == "inboundpush" else push.message
    assert viewer.post(reverse(f"admin:sms_{model}_{action}", args=(row.pk,)), REASON).status_code == 403
    push.refresh_from_db()
    assert push.status == "refused"


def test_a_partners_card_says_how_it_goes(boss, cast):
    push = cast.received()
    for status in ("delivered", "delivered", "failed"):
        InboundPush.objects.filter(pk=cast.received(text=status).pk).update(status=status)
    assert "50% (2 delivered, 1 refused, 1 failed)" in page(boss, "partner")
    card = page(boss, "partner", push.partner)
    assert "50% (2 delivered, 1 refused, 1 failed)" in card
    assert "NO_OPERATION" in card


def test_a_partners_secret_goes_in_and_never_comes_out(boss, cast):
    partner = cast.partner()
    assert "s3cret-key" not in page(boss, "partner", partner)
    boss.post(reverse("admin:sms_partner_add"), NEW_PARTNER)
    second = Partner.objects.get(slug="second")
    assert (second.credentials, second.options["max_tries"]) == ({"key": "typed-secret"}, 5)
    values = NEW_PARTNER | {"credential_key": "", "url": "https://second.example/other", "change_reason": "moved"}
    boss.post(reverse("admin:sms_partner_change", args=(second.pk,)), values)
    second.refresh_from_db()
    assert (second.credentials, second.url) == ({"key": "typed-secret"}, "https://second.example/other")
    assert second.history.first().history_change_reason == "moved"


def test_a_partners_address_may_hold_a_query(boss, cast):
    boss.post(reverse("admin:sms_partner_add"), NEW_PARTNER | {"url": "https://renter.example/push?key=1"})
    assert Partner.objects.filter(slug="second").exists()


def test_a_partners_address_must_be_one(boss, cast):
    boss.post(reverse("admin:sms_partner_add"), NEW_PARTNER | {"url": "ftp://renter.example"})
    assert not Partner.objects.filter(slug="second").exists()


def test_an_operation_is_started_and_ended_on_the_numbers_page(boss, cast):
    number = cast.received().number
    values = {"phone": RENTED, "partner": number.partner_id, "operation_id": 356, "change_reason": "a new tenant"}
    boss.post(reverse("admin:sms_rentednumber_change", args=(number.pk,)), values)
    number.refresh_from_db()
    assert (number.operation_id, number.active) == (356, False)
    assert RentedNumber.history.first().history_change_reason == "a new tenant"


def test_a_gateways_address_is_shown_to_those_who_set_it_up(boss, viewer, cast, settings):
    settings.PUBLIC_URL = "https://sms.example"
    gateway = InboundGateway.objects.create(slug="modem-1")
    key = tokens.gateway_token(gateway.pk)
    assert f"https://sms.example/inbound/{key}" in page(boss, "inboundgateway", gateway)
    assert key not in page(viewer, "inboundgateway", gateway)


def test_fields_that_no_gateway_can_have_are_refused(boss, cast):
    boss.post(reverse("admin:sms_inboundgateway_add"), {"slug": "modem-2", "fields": '{"body": "x"}'})
    assert not InboundGateway.objects.exists()
    boss.post(reverse("admin:sms_inboundgateway_add"), {"slug": "modem-2", "fields": '{"text": "body"}'})
    assert InboundGateway.objects.get().fields == {"text": "body"}


@pytest.mark.parametrize(("typed", "kept"), [("", 10), ("0", 0), ("25", 25)])
def test_a_gateways_time_for_equal_messages_may_be_left_empty(boss, cast, typed, kept):
    values = {"slug": "modem-2", "fields": "{}", "repeat_seconds": typed}
    boss.post(reverse("admin:sms_inboundgateway_add"), values)
    assert InboundGateway.objects.get().repeat_seconds == kept


def test_a_time_that_is_too_long_is_refused(boss, cast):
    boss.post(reverse("admin:sms_inboundgateway_add"), {"slug": "modem-2", "fields": "{}", "repeat_seconds": "3601"})
    assert not InboundGateway.objects.exists()


def test_messages_that_share_a_gateways_id_say_so(boss, cast):
    gateway = received.enter()
    first, _ = [received.message(gateway, gateway_message_id="7", text=text) for text in ("a", "b")]
    alone = received.message(gateway, gateway_message_id="8")
    assert shown(boss, first, "same_id") == "1"
    assert shown(boss, alone, "same_id") == "0"


def test_a_call_that_can_not_be_read_shows_the_reason(boss, cast):
    gateway = received.enter()
    call = InboundCall.objects.create(
        gateway=gateway, method="GET", query=b"from=A&to=1&text=%EA%EE", received_at=clock.now()
    )
    with pytest.raises(receive.MissingFields):
        receive.parse_call(call)
    for address in (
        reverse("admin:sms_inboundcall_changelist"),
        reverse("admin:sms_inboundcall_change", args=(call.pk,)),
    ):
        assert "could not be read: text: it is not UTF-8" in boss.get(address).content.decode()


def shown(client, message, name):
    page_ = client.get(reverse("admin:sms_inboundmessage_change", args=(message.pk,)))
    fields = (field for fieldset in page_.context["adminform"] for line in fieldset for field in line)
    return next(str(field.contents()) for field in fields if field.field["name"] == name)


def test_who_sees_no_numbers_adds_none(viewer, cast):
    user = get_user_model().objects.get(username="viewer")
    user.user_permissions.add(Permission.objects.get(codename="add_rentednumber"))
    values = {"partner": cast.partner().pk, "operation_id": 5, "active": "on"}
    assert viewer.post(reverse("admin:sms_rentednumber_add"), values).status_code == 403
    assert not RentedNumber.objects.exists()
    user.user_permissions.add(Permission.objects.get(codename="see_numbers"))
    assert viewer.post(reverse("admin:sms_rentednumber_add"), values | {"phone": RENTED}).status_code == 302
    assert RentedNumber.objects.get().phone == RENTED
