"""`manage.py demo`: what it refuses, and the passwords that it keeps. Its whole run is a journey."""

from __future__ import annotations

import socket
import stat

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from sms.management.demonstration.passwords import passwords
from sms.management.demonstration.ports import HOST, free_port
from sms.management.demonstration.seed import callers, seed
from sms.models import ApiClient, Partner, Provider, Route
from sms.models.client import digest

VENDORS = ("smsplus", "accolades", "etelecom", "onlinesim")
ADDRESSES = {vendor: f"http://127.0.0.1:{port}" for port, vendor in enumerate(VENDORS, 1)}
LATER = {vendor: f"{address}0" for vendor, address in ADDRESSES.items()}


def test_a_database_that_the_environment_names_is_refused(settings):
    settings.DATABASE_URL_WAS_SET = True
    with pytest.raises(CommandError, match=r"DATABASE_URL.*--yes"):
        call_command("demo")


def test_the_next_free_port_is_taken():
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) > port


def test_passwords_are_made_once_and_for_this_user_alone(tmp_path):
    made = passwords(tmp_path, ["admin", "shop"])
    assert passwords(tmp_path, ["admin", "shop"]) == made
    assert len(set(made.values())) == 2
    assert stat.S_IMODE((tmp_path / "passwords.json").stat().st_mode) == 0o600


def test_a_user_that_comes_later_gets_a_password_beside_the_others(tmp_path):
    made = passwords(tmp_path, ["admin"])
    assert passwords(tmp_path, ["admin", "shop"])["admin"] == made["admin"]


@pytest.fixture
def known(tmp_path):
    return passwords(tmp_path, ["admin", *callers()])


@pytest.mark.django_db
def test_the_first_start_seeds_staff_caller_providers_and_routes(known):
    seed(ADDRESSES, known)
    staff = get_user_model().objects.get()
    assert staff.is_superuser
    assert staff.check_password(known["admin"])
    assert ApiClient.objects.get().secret_digest == digest(known["demo-shop"])
    assert {p.vendor: p.base_url for p in Provider.objects.all()} == {v: ADDRESSES[v] for v in VENDORS[:3]}
    assert Partner.objects.get().url == f"{ADDRESSES['onlinesim']}/v1/PUSH_SMS_RENT"
    assert set(Route.objects.values_list("prefix", flat=True)) == {"+994", "+40", "+84"}


@pytest.mark.django_db
def test_a_later_start_follows_the_simulators_and_keeps_what_staff_changed(known):
    seed(ADDRESSES, known)
    Route.objects.filter(prefix="+84").delete()
    Provider.objects.get(vendor="etelecom").delete()
    ApiClient.objects.update(rate_limit=7)
    seed(LATER, known)
    assert {p.vendor: p.base_url for p in Provider.objects.all()} == {v: LATER[v] for v in ("smsplus", "accolades")}
    assert set(Route.objects.values_list("prefix", flat=True)) == {"+994", "+40"}
    assert ApiClient.objects.get().rate_limit == 7
    assert Partner.objects.get().url == f"{LATER['onlinesim']}/v1/PUSH_SMS_RENT"


@pytest.mark.django_db
def test_a_start_restores_the_printed_password(known):
    seed(ADDRESSES, known)
    staff = get_user_model().objects.get()
    staff.set_password("something else")
    staff.save()
    seed(ADDRESSES, known)
    assert get_user_model().objects.get().check_password(known["admin"])
