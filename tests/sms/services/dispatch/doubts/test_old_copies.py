"""A dispatcher whose copy of the configuration is old: what staff have changed holds for the next call."""

from __future__ import annotations

import json

import pytest

from sms.models import SenderApproval, SenderName
from sms.services.configuration import snapshot


def change(row, **columns):
    for name, value in columns.items():
        setattr(row, name, value)
    row.save()


def recreate_sender(shop, _):
    key = shop.sender.pk
    shop.sender.delete()
    SenderName.objects.create(pk=key, name="AKINON")


STOPPED = {
    "approval ended": lambda shop, approval: change(approval, status="ended"),
    "approval deleted": lambda shop, approval: approval.delete(),
    "another text at the vendor": lambda shop, approval: change(approval, text="Sizin kod {code}"),
    "provider disabled": lambda shop, approval: change(shop.first, enabled=False),
    "provider paused": lambda shop, approval: change(shop.first, paused=True),
    "sender name rejected": lambda shop, approval: change(SenderApproval.objects.get(), status="rejected"),
    "sender name with the same id": recreate_sender,
    "client disabled": lambda shop, approval: change(shop.client, enabled=False),
}
CHANGED = {
    "vendor's id of the template": (
        lambda shop, approval: change(approval, vendor_template="8"),
        {"sender": "AKINON", "template": "8", "values": ["1234"]},
    ),
    "vendor's sender name": (
        lambda shop, approval: change(SenderApproval.objects.get(), vendor_name="SHOP"),
        {"sender": "SHOP", "template": "7", "values": ["1234"]},
    ),
    "URL": (
        lambda shop, approval: change(shop.first, base_url="https://other.example"),
        {"sender": "AKINON", "template": "7", "values": ["1234"]},
    ),
}


@pytest.fixture
def queued(shop, only, settings):
    """A message that is queued when the dispatcher's copy is made, which then stays as it is."""
    message = shop.message("Kod 1234")
    settings.CONFIGURATION_MAX_AGE = 3600.0
    snapshot.latest()
    return message


@pytest.mark.parametrize("stop", STOPPED.values(), ids=STOPPED)
def test_nothing_is_sent_after_staff_have_stopped_it(shop, only, queued, wire, work, stop):
    before = snapshot.current().stamp
    stop(shop, only)
    assert snapshot.current().stamp == before
    work()
    queued.refresh_from_db()
    assert (queued.status, wire.calls) == ("queued", [])
    assert queued.waiting_for


@pytest.mark.parametrize(("edit", "sent"), CHANGED.values(), ids=CHANGED)
def test_the_next_call_is_made_as_staff_have_changed_it(shop, only, queued, wire, work, edit, sent):
    edit(shop, only)
    work()
    assert [json.loads(call.body) for call in wire.calls] == [sent]
