"""Four roles, two-factor authentication, log-in protection and the history of changes."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from sms.models import Provider

from .conftest import PASSWORD, PHONE
from .test_secrets import PLAIN

LOGIN = "/admin/login/"


ROLES = ("Viewer", "Operator", "Template editor", "Administrator")
MAY = {
    # page: the roles that may open it
    "/admin/sms/message/": ROLES,
    "/admin/sms/messagetemplate/": ROLES,
    "/admin/sms/messagetemplate/add/": ("Template editor", "Administrator"),
    "/admin/sms/messagetemplate/export/": ROLES,
    "/admin/tools/template-import/": ("Template editor", "Administrator"),
    "/admin/sms/sendername/add/": ("Template editor", "Administrator"),
    "/admin/sms/provider/add/": ("Administrator",),
    "/admin/sms/route/add/": ("Administrator",),
    "/admin/sms/vendordescription/": ("Administrator",),
    "/admin/tools/vendor-dry-run/": ("Administrator",),
    "/admin/sms/apiclient/add/": ("Administrator",),
    "/admin/sms/apiclient/": ("Operator", "Administrator"),
    "/admin/sms/callback/": ("Operator", "Administrator"),
    "/admin/sms/blockednumber/add/": ("Operator", "Administrator"),
    "/admin/sms/destination/": ROLES,
    "/admin/sms/personaldatarecord/": ("Administrator",),
    "/admin/sms/destination/add/": ("Administrator",),
    "/admin/sms/callingaddress/": ROLES,
    "/admin/sms/callingaddress/add/": ("Administrator",),
    "/admin/sms/message/export/": ("Operator", "Administrator"),
    "/admin/auth/user/": ("Administrator",),
    "/admin/tools/akinon/": ("Operator", "Administrator"),
    "/admin/tools/providers/": ROLES,
}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_its_pages_and_no_others(role, person, cast):
    client = person(role)
    for address, roles in MAY.items():
        assert client.get(address).status_code == (200 if role in roles else 403), address


@pytest.mark.parametrize("role", ROLES)
def test_an_action_on_a_message_needs_its_role(role, person, cast):
    client = person(role)
    message = cast.message("unconfirmed")
    for name in ("resend", "settle", "reveal"):
        address = reverse(f"admin:sms_message_{name}", args=(message.pk,))
        allowed = role in ("Operator", "Administrator")
        assert client.get(address).status_code == (200 if allowed else 403), name


@pytest.mark.parametrize(("role", "sees"), [("Viewer", False), ("Operator", True), ("Template editor", False)])
def test_numbers_are_masked_by_role(role, sees, person, cast):
    message = cast.message("failed")
    page = person(role).get(f"/admin/sms/message/{message.pk}/change/").content.decode()
    assert (PHONE in page) is sees


@pytest.mark.parametrize(("role", "sees"), [("Viewer", False), ("Operator", True), ("Template editor", True)])
def test_shapes_of_refused_texts_are_require_permission_work_with_them(role, sees, person, cast):
    call = cast.refusal(shape="Kod: ######", nearest="order-shipped: character 9")
    client = person(role)
    for address in ("/admin/sms/refusedrequest/", f"/admin/sms/refusedrequest/{call.pk}/change/"):
        assert ("character 9" in client.get(address).content.decode()) is sees
    assert ("character 9" in client.get("/admin/sms/message/", {"q": call.request_id}).content.decode()) is sees


def test_an_administrator_makes_no_superuser_and_touches_none(person, boss):
    client = person("Administrator")
    chief = get_user_model().objects.get(username="boss")
    assert client.post(f"/admin/auth/user/{chief.pk}/delete/", {"post": "yes"}).status_code == 403
    me = get_user_model().objects.get(username="Administrator")
    page = client.get(f"/admin/auth/user/{me.pk}/change/").content.decode()
    assert 'name="is_superuser"' not in page
    assert 'name="user_permissions"' not in page


# --- the second factor -----------------------------------------------------------------


def code_of(device: TOTPDevice) -> str:
    return f"{totp(device.bin_key):06d}"


def log_in(client: Client, **more: str):
    return client.post(LOGIN, {"username": "boss", "password": PASSWORD, **more})


def test_a_user_with_two_factor_authentication_needs_a_code(boss):
    user = get_user_model().objects.get(username="boss")
    device = TOTPDevice.objects.create(user=user, name="App", confirmed=True)
    client = Client()
    assert "Enter the code" in log_in(client).content.decode()
    wrong = f"{(int(code_of(device)) + 1) % 1_000_000:06d}"
    assert "This code is wrong" in log_in(client, otp_token=wrong).content.decode()
    TOTPDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
    assert log_in(client, otp_token=code_of(device)).status_code == 302
    assert client.get("/admin/").status_code == 200


def test_with_require_2fa_staff_must_set_it_up_first(boss, settings):
    settings.REQUIRE_2FA = True
    assert boss.get("/admin/sms/message/").status_code == 302
    assert boss.get(LOGIN).headers["Location"] == reverse("admin:second_factor")
    assert "Start" in boss.get(reverse("admin:second_factor")).content.decode()
    assert not TOTPDevice.objects.exists()
    assert 'id="totp"' in boss.post(reverse("admin:second_factor")).content.decode()
    device = TOTPDevice.objects.get(confirmed=False)
    assert boss.post(reverse("admin:second_factor"), {"code": "000000"}).status_code == 200
    assert boss.get("/admin/sms/message/").status_code == 302
    TOTPDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
    boss.post(reverse("admin:second_factor"), {"code": code_of(device)})
    assert boss.get("/admin/sms/message/").status_code == 200
    assert "Two-factor authentication is on" in boss.get(reverse("admin:second_factor")).content.decode()


def test_strangers_are_led_away_from_the_second_factors_page(db):
    assert Client().get(reverse("admin:second_factor")).status_code == 302
    assert not TOTPDevice.objects.exists()


def test_an_administrator_removes_a_lost_second_factor_with_a_reason(boss):
    user = get_user_model().objects.create_user("colleague", is_staff=True)
    TOTPDevice.objects.create(user=user, name="App", confirmed=True)
    address = reverse("admin:auth_user_remove_second_factor", args=(user.pk,))
    boss.get(address)
    assert TOTPDevice.objects.filter(user=user).exists()
    boss.post(address, {"_form_submitted": "on", "reason": "lost phone"})
    assert not TOTPDevice.objects.filter(user=user).exists()


def test_ten_wrong_passwords_lock_the_name_out_from_that_address(boss, settings):
    client = Client(REMOTE_ADDR="203.0.113.9")
    for _ in range(settings.AXES_FAILURE_LIMIT):
        client.post(LOGIN, {"username": "boss", "password": "a wrong one"})
    assert log_in(client).status_code == 429
    assert log_in(Client(REMOTE_ADDR="203.0.113.10")).status_code == 302


# --- history -------------------------------------------------------------------------------


def test_a_change_of_a_provider_is_kept_with_who_and_why_and_without_secrets(boss, cast):
    address = reverse("admin:sms_provider_change", args=(cast.plain.pk,))
    without_reason = {key: value for key, value in PLAIN.items() if key != "change_reason"}
    assert boss.post(address, without_reason | {"timeout": 30}).status_code == 200
    assert Provider.objects.get(pk=cast.plain.pk).timeout == 15
    boss.post(address, PLAIN | {"timeout": 30, "credential_token": "new-secret", "change_reason": "slow vendor"})
    newest = Provider.history.filter(id=cast.plain.pk).first()
    assert (newest.timeout, newest.history_change_reason, newest.history_user.username) == (30, "slow vendor", "boss")
    assert not hasattr(newest, "credentials")
    page = boss.get(reverse("admin:sms_provider_history", args=(cast.plain.pk,))).content.decode()
    assert "slow vendor" in page
    assert "new-secret" not in page


def test_a_pause_is_kept_with_its_reason(boss, cast):
    boss.post(f"/admin/tools/providers/{cast.plain.pk}/pause/", {"reason": "the vendor asked us to"})
    newest = Provider.history.filter(id=cast.plain.pk).first()
    assert (newest.paused, newest.history_change_reason) == (True, "the vendor asked us to")


def test_the_history_of_a_client_holds_no_digest(boss, cast):
    boss.post(reverse("admin:sms_apiclient_rotate", args=(cast.shop.pk,)), {"hours": 1, "_form_submitted": "on"})
    newest = type(cast.shop).history.filter(id=cast.shop.pk).first()
    assert "New secret" in newest.history_change_reason
    assert not hasattr(newest, "secret_digest")
