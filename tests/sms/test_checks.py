"""The system checks."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from django.core.checks import run_checks
from django.db import connection

from sms.models import Provider

GOOD = {"PUBLIC_URL": "https://sms.example", "IS_HTTPS": True, "ALLOW_PRIVATE_PROVIDER_HOSTS": False}
GOOD |= {"TRUSTED_PROXIES": ["127.0.0.0/8"], "TRUSTS_UNIX_SOCKET": False}

CASES = {
    "no public address": ({"PUBLIC_URL": "", "IS_HTTPS": False}, {"sms.W001"}),
    "a public address that is none": ({"PUBLIC_URL": "sms.example", "IS_HTTPS": False}, {"sms.E001"}),
    "a public address with a query": ({"PUBLIC_URL": "https://sms.example/?a=1"}, {"sms.E001"}),
    "plain http to the world": ({"PUBLIC_URL": "http://sms.example", "IS_HTTPS": False}, {"sms.W002"}),
    "plain http on loopback": ({"PUBLIC_URL": "http://127.0.0.1:8000", "IS_HTTPS": False}, set()),
    "private providers in public": ({"ALLOW_PRIVATE_PROVIDER_HOSTS": True}, {"sms.W004"}),
    "a sandbox in public": ({"ALLOW_SANDBOX": True}, {"sms.W005"}),
    "an encryption key that is none": ({"FIELD_ENCRYPTION_KEYS": ["short"]}, {"sms.E002"}),
    "alerts by mail without a mail server": ({"ALERT_EMAIL": ["a@shop.example"]}, {"sms.E006"}),
    "alerts by mail": ({"ALERT_EMAIL": ["a@shop.example"], "EMAIL_URL_IS_SET": True}, set()),
    "alerts posted unsigned": ({"ALERT_WEBHOOK_URL": "https://hook.example"}, {"sms.W006"}),
    "https without a trusted proxy": ({"TRUSTED_PROXIES": []}, {"sms.W007"}),
    "https through a Unix socket": ({"TRUSTED_PROXIES": [], "TRUSTS_UNIX_SOCKET": True}, set()),
    "nothing wrong": ({}, set()),
}


@pytest.mark.django_db
@pytest.mark.parametrize(("changes", "expected"), CASES.values(), ids=CASES.keys())
def test_a_mistake_has_its_check_and_a_hint(settings, changes, expected):
    for name, value in (GOOD | changes).items():
        setattr(settings, name, value)
    found = [message for message in run_checks() if str(message.id).startswith("sms.")]
    assert {message.id for message in found} == expected
    assert all(message.hint for message in found)


@pytest.mark.django_db
def test_credentials_that_no_key_opens_are_named(settings):
    Provider.objects.create(slug="main-az", vendor="any", credentials={"token": "made-up"})
    assert not run_checks(tags=["secrets"])
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    [message] = run_checks(tags=["secrets"])
    assert message.id == "sms.W008"
    assert "provider main-az (1 of 1 accounts)" in message.msg


@pytest.mark.django_db
def test_transactions_that_are_not_immediate_are_an_error(settings, monkeypatch):
    database = {"ENGINE": "django.db.backends.sqlite3", "OPTIONS": {}}
    monkeypatch.setitem(settings.DATABASES, "default", database)
    assert "sms.E003" in {message.id for message in run_checks()}


@pytest.mark.django_db(transaction=True)
def test_the_database_is_asked_for_its_pragmas():
    if connection.vendor != "sqlite":
        assert [m for m in run_checks(databases=["default"]) if str(m.id).startswith("sms.E")] == []
        return
    assert not _pragma_errors()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous=OFF")
        try:
            assert _pragma_errors() == {"sms.E005"}
        finally:
            cursor.execute("PRAGMA synchronous=FULL")


def _pragma_errors() -> set[str]:
    return {m.id for m in run_checks(databases=["default"])} & {"sms.E004", "sms.E005"}
