"""No text of received messages remains after the retention period."""

from __future__ import annotations

from datetime import timedelta

import pytest

from providers.registry import FORWARDERS
from sms.models import InboundCall, InboundMessage
from sms.services.database import clock
from sms.services.maintenance import retention
from tests.sms import received
from tests.support.standins import Pigeon


@pytest.mark.django_db
def test_text_and_raw_call_go_after_their_days(monkeypatch, settings):
    monkeypatch.setitem(FORWARDERS, "pigeon", Pigeon)
    gateway = received.enter()
    old = clock.now() - timedelta(days=settings.RETENTION_TEXT_DAYS, seconds=1)
    facts = {"gateway": gateway, "query": b"text=1", "body": b"Code 800142", "read_at": old, "received_at": old}
    call = InboundCall.objects.create(**facts)
    message = received.message(gateway, call=call, received_at=old)
    young = received.message(gateway)
    while retention.erase_due():
        pass
    message.refresh_from_db()
    call.refresh_from_db()
    assert (message.text, bytes(call.query), call.body) == (None, b"", None)
    assert message.erased_at is not None
    assert InboundMessage.objects.get(pk=young.pk).text == "Code 800142"
