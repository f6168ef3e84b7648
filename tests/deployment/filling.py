"""Fills the database of DATABASE_URL with a shop's life, and tells what a database holds.

    python -m tests.deployment.filling fill COUNT     messages and everything around them
    python -m tests.deployment.filling digest         {"table": [rows, digest of every stored value]}

Programs of their own, so that one test can look at two databases.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from datetime import timedelta
from typing import Any

import django


def fill(count: int) -> None:
    from django.contrib.auth.models import Group, User
    from django.contrib.sessions.backends.db import SessionStore

    from sms import models as m
    from sms.domain.lifecycle import Status
    from sms.services.database import clock
    from sms.services.monitoring import alerts

    now = clock.now()
    client, provider = m.ApiClient.objects.first(), m.Provider.objects.get(slug="smsplus-az")
    states = [s for s in Status if s not in (Status.QUEUED, Status.SENDING)]
    common = {"client": client, "sender": "AKINON", "encoding": "UCS-2", "segments": 1, "provider": provider}
    times = {"created_at": now, "updated_at": now, "expires_at": now + timedelta(days=1)}
    messages = [
        m.Message(
            id=clock.new_id(),
            request_id=f"request-{number}",
            repeat_key=f"{number:064x}",
            to=f"+99450{number:07}",
            raw_text=f"Salam №{number} 👋 \\ \t{number}",
            text=None if number % 5 == 0 else f"Salam №{number} 👋 \\ \t{number}",
            parameters=None if number % 5 == 0 else {"name": "Aysel \\N", "order": str(number)},
            decision={"route": 1, "candidates": [{"provider": provider.pk, "reason": "", "ratio": 0.1}]},
            smoothing=["nfc"] if number % 2 else [],
            status=states[number % len(states)],
            **common,
            **times,
        )
        for number in range(count)
    ]
    m.Message.objects.bulk_create(messages, batch_size=500)
    queued = clock.new_id()
    m.Message.objects.create(
        id=queued,
        request_id="waits",
        status=Status.QUEUED,
        to="+994501234567",
        raw_text="x",
        text="x",
        due_at=now,
        **common,
        **times,
    )
    attempts = [
        m.Attempt(
            id=clock.new_id(),
            message=message,
            number=1,
            provider=provider,
            lease_token=clock.new_id(),
            outcome="accepted",
            vendor_message_id=f"vendor-{number}",
            http_status=200,
            started_at=now,
            finished_at=now + timedelta(microseconds=number),
        )
        for number, message in enumerate(messages)
    ]
    m.Attempt.objects.bulk_create(attempts, batch_size=500)
    callback = m.Callback.objects.create(
        provider=provider,
        attempt=attempts[0],
        address_digest="a" * 64,
        body_digest="b" * 64,
        method="POST",
        query=b"\x00\xff",
        body=bytes(range(256)),
        source="2001:db8::1",
        received_at=now,
        last_received_at=now,
    )
    m.DeliveryReport.objects.create(
        provider=provider, callback=callback, attempt=attempts[0], message=messages[0], status="sent", received_at=now
    )
    m.MessageEvent.objects.create(message=messages[0], at=now, kind="resent", actor="staff", detail={"was": None})
    m.RefusedRequest.objects.create(
        client=client, request_id="refused", http_status=422, code="no_route", created_at=now
    )
    m.RefusalCount.objects.create(client=client, minute=now.replace(second=0, microsecond=0), count=3)
    m.RetentionWalk.objects.create(table="sms_message", begun_at=now)
    alerts.open_alert("made-up", title="Made up", provider_id=provider.pk)
    m.Dispatcher.objects.create(
        id=clock.new_id(), host="h", pid=1, slots=8, started_at=now, seen_at=now - timedelta(hours=1)
    )
    user = User.objects.create_user("aysel", "aysel@shop.example", "a-made-up-password", is_staff=True)
    user.groups.add(Group.objects.get_or_create(name="Night shift")[0])
    session = SessionStore()
    session["key"] = "value"
    session.save()


def digest() -> dict[str, Any]:
    """Each table's number of rows, and a digest over all values; encrypted and JSON ones as text."""
    from django.apps import apps

    from sms.services.maintenance.database_copy import is_copied_as_text, stored_rows

    found = {}
    for model in apps.get_models(include_auto_created=True):
        kept = [index for index, own in enumerate(model._meta.concrete_fields) if is_copied_as_text(own)]
        rows = sorted(plain(row, kept) for row in stored_rows(model))
        found[model._meta.db_table] = [len(rows), hashlib.sha256(json.dumps(rows).encode()).hexdigest()]
    return found


def plain(row: tuple[Any, ...], kept: list[int]) -> list[str]:
    """Values of both databases in one spelling; jsonb keeps no white space and no order of keys."""
    return [spelled(value, is_json=index in kept) for index, value in enumerate(row)]


def spelled(value: Any, *, is_json: bool) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if is_json and isinstance(value, str) and value[:1] in '{[n"':
        return json.dumps(json.loads(value), sort_keys=True)
    return repr(value) if not hasattr(value, "isoformat") else value.isoformat()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    if sys.argv[1] == "fill":
        fill(int(sys.argv[2]))
    else:
        print(json.dumps(digest()))
