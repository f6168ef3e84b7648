"""Administrators need a second factor; recovery codes replace a lost phone; weak passwords are refused."""

from __future__ import annotations

import html
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.urls import reverse
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from sms.services.access import second_factor
from sms.services.access.login_protection import MAX_CODES
from sms.services.database import clock
from tests.sms.admin.conftest import PASSWORD

LOGIN, PAGE = reverse("admin:login"), reverse("admin:second_factor")
LISTS = reverse("admin:sms_message_changelist")


def log_in(client: Client, token: str = "", name: str = "boss", **where: str) -> Any:
    return client.post(f"{LOGIN}?next={LISTS}", {"username": name, "password": PASSWORD, "otp_token": token}, **where)


def enrol(client: Client) -> list[str]:
    """Set up an app as a person does; returns the recovery codes."""
    client.post(PAGE)
    device = TOTPDevice.objects.get()
    page = client.post(PAGE, {"code": f"{totp(device.bin_key):06d}"})
    return shown_codes(page)


def shown_codes(page: Any) -> list[str]:
    found = re.search(r'<pre id="recovery-codes"[^>]*>([^<]*)</pre>', page.content.decode())
    return found[1].split() if found else []


def joined(days: float, **of: Any) -> None:
    get_user_model().objects.filter(**of).update(date_joined=clock.now() - timedelta(days=days))


# --- who must ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "require_all", "of_administrators", "days", "opens"),
    [
        ("Administrator", False, True, 6.9, True),
        ("Administrator", False, True, 7.1, False),
        ("Administrator", False, False, 400, True),
        ("Viewer", False, True, 400, True),
        ("Operator", False, True, 400, True),
        ("Template editor", False, True, 400, True),
        ("Viewer", True, True, 0, False),
        ("Administrator", True, True, 0, False),
    ],
)
def test_who_must_have_set_it_up(
    person: Any, settings: Any, role: str, require_all: bool, of_administrators: bool, days: float, opens: bool
) -> None:
    settings.REQUIRE_2FA, settings.REQUIRE_2FA_OF_ADMINISTRATORS = require_all, of_administrators
    client = person(role)
    joined(days)
    assert client.get(LISTS).status_code == (200 if opens else 302)


def test_a_role_that_may_change_staff_is_an_administrators_role(person: Any) -> None:
    client = person("Viewer")
    roles = Group.objects.get(name="Viewer"), Group.objects.get(name="Administrator")
    roles[0].permissions.add(*roles[1].permissions.filter(codename="change_user"))
    joined(8)
    assert client.get(LISTS).status_code == 302


def test_a_new_administrator_is_asked_at_the_log_in_and_an_old_one_has_to(boss: Client) -> None:
    fresh = Client()
    assert log_in(fresh)["Location"] == LISTS
    assert f'href="{PAGE}">Set it up now</a>' in fresh.get(LISTS).content.decode()
    joined(8)
    late = Client()
    log_in(late)
    assert late.get(LOGIN)["Location"] == PAGE
    enrol(late)
    assert late.get(LISTS).status_code == 200


def test_others_are_not_asked(person: Any) -> None:
    person("Viewer")
    client = Client()
    log_in(client, name="Viewer")
    assert "Set it up now" not in client.get(LISTS).content.decode()


def test_an_older_session_of_a_person_with_an_app_leads_to_the_log_in_not_to_the_set_up(boss: Client) -> None:
    other = Client()
    other.force_login(get_user_model().objects.get())
    enrol(boss)
    joined(8)
    assert other.get(LISTS).status_code == 302
    assert 'name="otp_token"' in other.get(LOGIN).content.decode()


# --- the page ------------------------------------------------------------------------------


def test_the_qr_code_holds_the_apps_address(boss: Client) -> None:
    page = boss.post(PAGE)
    content = page.content.decode()
    device = TOTPDevice.objects.get()
    assert html.escape(device.config_url) in content
    assert 'src="data:image/svg+xml' in content
    assert "data:" in page["Content-Security-Policy"]


# --- recovery codes --------------------------------------------------------------------------


def test_recovery_codes_are_shown_once_and_stored_as_digests(boss: Client) -> None:
    codes = enrol(boss)
    assert len(set(codes)) == second_factor.RECOVERY_CODES
    page = boss.get(PAGE).content.decode()
    assert "10 recovery codes are left" in page
    stored = set(StaticToken.objects.values_list("token", flat=True))
    for code in codes:
        assert code not in page
        assert not {code, code.replace("-", "")} & stored


def test_each_recovery_code_is_valid_once_in_any_spelling(boss: Client) -> None:
    codes = enrol(boss)
    spellings = [codes[0], codes[1].replace("-", ""), codes[2].upper(), f"  {codes[3].replace('-', ' ')} "]
    for spelled in spellings:
        assert log_in(Client(), spelled).status_code == 302
        assert log_in(Client(), spelled).status_code == 200
    client = Client()
    log_in(client, codes[4])
    assert client.get(LISTS).status_code == 200
    assert StaticToken.objects.count() == 5


def test_a_digest_from_a_stolen_database_is_no_code(boss: Client) -> None:
    enrol(boss)
    for token in StaticToken.objects.values_list("token", flat=True):
        assert second_factor.matching_device(get_user_model().objects.get(), token) is None


def test_another_persons_recovery_code_is_wrong(boss: Client) -> None:
    codes = enrol(boss)
    other = get_user_model().objects.create_user("other", password=PASSWORD, is_staff=True)
    second_factor.new_recovery_codes(other)
    assert log_in(Client(), codes[0], name="other").status_code == 200


def test_new_codes_replace_the_old_and_need_a_session_with_a_code(boss: Client) -> None:
    stolen = Client()
    stolen.force_login(get_user_model().objects.get())
    codes = enrol(boss)
    assert shown_codes(stolen.post(PAGE)) == []
    fresh = shown_codes(boss.post(PAGE))
    assert log_in(Client(), codes[0]).status_code == 200
    assert log_in(Client(), fresh[0]).status_code == 302


@pytest.mark.parametrize("wrong", ["aaaa-bbbb-cccc-dddd", "000000", "٠٠٠٠٠٠", "é" * 16, "a" * 40, "-"])
def test_wrong_codes_of_any_form_are_counted(boss: Client, wrong: str) -> None:
    codes = enrol(boss)
    for number in range(MAX_CODES):
        assert log_in(Client(), wrong, REMOTE_ADDR=f"203.0.113.{number}").status_code == 200
    assert log_in(Client(), codes[0], REMOTE_ADDR="203.0.113.250").status_code == 200
    assert StaticToken.objects.count() == second_factor.RECOVERY_CODES


def test_turning_it_off_removes_the_recovery_codes(boss: Client) -> None:
    enrol(boss)
    user = get_user_model().objects.get()
    address = reverse("admin:auth_user_remove_second_factor", args=(user.pk,))
    boss.post(address, {"_form_submitted": "on", "reason": "lost phone"})
    assert not StaticDevice.objects.exists()
    assert not TOTPDevice.objects.exists()
    Session.objects.all().delete()
    assert log_in(Client()).status_code == 302


# --- passwords -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "weak",
    [
        "password1234", "Password12345!", "P@ssw0rd2026!!", "qwertyuiop12", "123456789012", "iloveyou1234",
        "aaaaaaaaaaaa", "abcabcabcabc", "Summer2026!!", "akinonakinon1", "administrator", "colleague1990",
        "liverpool2020", "a" * 5000,
    ],
)  # fmt: skip
def test_common_passwords_and_variations_of_them_are_refused(weak: str) -> None:
    person = get_user_model()(username="colleague", email="colleague@shop.example")
    with pytest.raises(ValidationError):
        validate_password(weak, person)


@pytest.mark.parametrize(
    "strong",
    [
        "vd8K2mQz7WpL",
        "river lamp cobalt sixteen",
        "x7 dörd qırmızı alma",
        "river lamp cobalt sixteen " * 2 + "harbour velvet onion quartz meadow pencil walnut",
    ],
)
def test_other_passwords_are_taken(strong: str) -> None:
    validate_password(strong, get_user_model()(username="colleague"))


@pytest.mark.django_db(transaction=True)
def test_of_simultaneous_log_ins_with_one_recovery_code_one_succeeds() -> None:
    user = get_user_model().objects.create_superuser("boss", password=PASSWORD)
    code = second_factor.new_recovery_codes(user)[0]
    start = threading.Barrier(4)

    def use() -> bool:
        try:
            start.wait(30)
            return second_factor.matching_device(user, code) is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        results = [pool.submit(use) for _ in range(4)]
    assert sorted(result.result() for result in results) == [False, False, False, True]
