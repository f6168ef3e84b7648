"""Sender names in the admin: a new one must not look like another."""

from __future__ import annotations

from html import unescape

import pytest
from django.urls import reverse

from sms.models import SenderName

REST = {"change_reason": "a test", "approvals-TOTAL_FORMS": 0, "approvals-INITIAL_FORMS": 0}


def save(client, name, *path):
    address = reverse(f"admin:sms_sendername_{'change' if path else 'add'}", args=path)
    return unescape(client.post(address, REST | {"name": name}).content.decode())


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("PLAlN", "PLAlN looks like PLAIN, which exists: l is LATIN SMALL LETTER L."),
        ("PL\u0410IN", "PL\u0410IN mixes letters of Latin (PLIN), Cyrillic (\u0410). Write it in one script."),
    ],
)
def test_a_look_alike_is_refused_with_its_letters(boss, cast, name, fault):
    SenderName.objects.create(name="PLAIN")
    assert fault in save(boss, name)
    assert not SenderName.objects.filter(name=name).exists()


def test_one_that_exists_may_be_saved_and_renamed_to_nothing_alike(boss, cast):
    SenderName.objects.create(name="PLAIN")
    old = SenderName.objects.create(name="PLAlN")
    assert save(boss, "PLAlN", old.pk) == ""
    assert "looks like PLAIN" in save(boss, "PLA1N", old.pk)
    assert save(boss, "OTHER", old.pk) == ""
    old.refresh_from_db()
    assert old.name == "OTHER"
