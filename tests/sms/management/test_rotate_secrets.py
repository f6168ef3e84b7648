"""`manage.py rotate_secrets`: every stored secret comes under the first key, and nothing else moves."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import connection

from sms.models import ConfigurationStamp, Provider, UnreadableSecret

pytestmark = pytest.mark.django_db

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture
def providers(settings):
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    return [
        Provider.objects.create(slug=f"p{number}", vendor="any", credentials={"token": f"made-up-{number}"})
        for number in (1, 2)
    ]


def tokens() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT credentials FROM sms_provider ORDER BY id")
        return [token for (token,) in cursor.fetchall()]


def test_the_old_key_may_go_afterwards(providers, settings, capsys):
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    call_command("rotate_secrets")
    assert "sms.Provider.credentials: 2 re-encrypted, 0 had the first key already\n" in capsys.readouterr().out
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    assert [p.credentials["token"] for p in Provider.objects.order_by("pk")] == ["made-up-1", "made-up-2"]


def test_a_second_run_rewrites_nothing(providers, settings, capsys):
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    call_command("rotate_secrets")
    before = tokens()
    call_command("rotate_secrets")
    assert "sms.Provider.credentials: 0 re-encrypted, 2 had the first key already\n" in capsys.readouterr().out
    assert tokens() == before


def test_no_time_stamp_moves(providers, settings):
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    stamp = ConfigurationStamp.current()
    before = list(Provider.objects.order_by("pk").values("updated_at", "credentials_changed_at"))
    call_command("rotate_secrets")
    assert list(Provider.objects.order_by("pk").values("updated_at", "credentials_changed_at")) == before
    assert ConfigurationStamp.current() == stamp


def test_a_secret_that_no_key_opens_is_named_and_left_as_it_is(providers, settings, capsys):
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    before = tokens()
    with pytest.raises(SystemExit) as ended:
        call_command("rotate_secrets")
    assert ended.value.code == 1
    assert f"sms.Provider.credentials of row {providers[0].pk}: no key" in capsys.readouterr().err
    assert tokens() == before
    unreadable = Provider.objects.get(slug="p1")
    assert isinstance(unreadable.credentials, UnreadableSecret)
    unreadable.save()
    assert tokens() == before
