"""Failed log-ins behind a proxy are counted for the client's address, whatever was submitted."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from sms.models import LoginSource

LOGIN = reverse("admin:login")
PROXY, STRANGER, COLLEAGUE = "10.0.0.1", "203.0.113.66", "198.51.100.7"
PASSWORD = "made-up-password-0123456789"


@pytest.fixture(autouse=True)
def _colleague(db: None, settings: Any) -> None:
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8")]
    get_user_model().objects.create_user("colleague", password=PASSWORD, is_staff=True)


def log_in(forwarded: str, password: str = PASSWORD, username: str = "colleague", **headers: str) -> int:
    client = Client(REMOTE_ADDR=PROXY, raise_request_exception=False)
    values = {"username": username, "password": password}
    return client.post(LOGIN, values, headers={"x-forwarded-for": forwarded, **headers}).status_code


def guess(settings: Any, forwarded: str) -> None:
    for number in range(settings.AXES_FAILURE_LIMIT):
        log_in(forwarded.format(number), f"guess-{number}")


@pytest.mark.parametrize(
    "forwarded",
    [STRANGER, f"{COLLEAGUE}, {STRANGER}", f"[::ffff:{STRANGER}]:{{0}}", "2001:db8::{0}", "unknown", ""],
)
def test_a_strangers_wrong_passwords_lock_the_stranger_out_and_no_colleague(settings: Any, forwarded: str) -> None:
    guess(settings, forwarded)
    assert log_in(forwarded.format("99")) == 429
    assert log_in(COLLEAGUE) == 302


@pytest.mark.parametrize("length", [151, 255, 256, 300, 5000])
def test_a_long_user_name_is_an_error_of_the_form(length: int) -> None:
    response = Client().post(LOGIN, {"username": "n" * length, "password": "x"})
    assert response.status_code == 200
    assert response.context["form"].errors.keys() == {"username"}
    assert not LoginSource.objects.exists()


def test_the_longest_user_name_can_log_in() -> None:
    get_user_model().objects.create_user("n" * 150, password=PASSWORD, is_staff=True)
    assert log_in(COLLEAGUE, username="n" * 150) == 302


ODD_FORMS = {
    "a NUL in the name": {"username": "a\0b"},
    "a NUL in the password": {"password": "a\0b"},
    "a NUL in a field that we don't know": {"x": "a\0b"},
    "a NUL in a field's name": {"a\0b": "x"},
    "a NUL in next": {"next": "/admin/\0"},
    "letters beyond the basic plane": {"username": "😀" * 150},
    "a very long password": {"password": "p" * 100_000},
    "a very long unknown field": {"x": "y" * 100_000},
}


@pytest.mark.parametrize("values", ODD_FORMS.values(), ids=ODD_FORMS.keys())
@pytest.mark.parametrize("query", ["", "?next=%FF", "?next=%00", "?a=%00&b=%FF"])
def test_an_odd_form_is_a_failed_log_in_and_no_fault_of_ours(values: dict[str, str], query: str) -> None:
    client = Client(raise_request_exception=False, headers={"user-agent": "u" * 3000, "accept": "a" * 3000})
    response = client.post(LOGIN + query, {"username": "colleague", "password": "wrong", **values})
    assert response.status_code == (400 if "%00" in query else 200)
