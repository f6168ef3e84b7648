"""Hostile texts in every field of the database that the admin shows.

`plant` runs inside `manage.py shell`: values that the API refuses are stored directly, as an older version or a
vendor might have left them.
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from sms.domain.ids import uuid7
from sms.models import (
    Alert,
    ApiClient,
    Attempt,
    Callback,
    DeliveryReport,
    Dispatcher,
    Message,
    MessageTemplate,
    Provider,
    ProviderState,
    RefusedRequest,
    SenderName,
)
from sms.services.database.clock import now

MARKUP = '"><b x-init=alert(1)>'
HIDDEN = "\u202egpj.exe\u2066\u200b\u0007\u001b[31m"
ENDLESS = "W" * 1600
"""One word that no line can hold."""
TEXTS = (
    HIDDEN,
    "'><script>alert(2)</script><img src=x onerror=alert(3)>",
    "</textarea></script><svg onload=alert(4)>",
    '=HYPERLINK("http://evil.example","x")',
    "+1+cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "');alert(5)//",
    ENDLESS,
    MARKUP,  # the last one is the newest: first in every list, as the one before it is the second
)


def plant() -> None:
    at = now()
    for number, text in enumerate(TEXTS):
        message = add_message(text, number)
        add_exchange(message, text, number)
        add_names(text, number)
        Alert.objects.create(key=f"key-{number}", severity="warning", title=text[:200], advice=text, opened_at=at)
        RefusedRequest.objects.create(
            client=message.client,
            request_id=text[:128],
            http_status=422,
            code="template_not_matched",
            field=text[:64],
            sender=text[:64],
            to=text[:32],
            shape=text,
            nearest=text,
            created_at=at,
        )
    facts = {"last_error_code": MARKUP, "last_error_detail": HIDDEN + MARKUP, "last_test_detail": MARKUP}
    ProviderState.objects.update(breaker="open", breaker_detail=MARKUP, last_error_at=at, last_test_at=at, **facts)


def add_message(text: str, number: int) -> Message:
    at = now()
    message = Message.objects.create(
        id=uuid7(int(at.timestamp() * 1000) + number, 7),
        client=ApiClient.objects.get(),
        request_id=text[:128],
        sender=text[:64],
        to=f"+99450{9990000 + number}",
        raw_text=text,
        text=text,
        encoding="UCS-2",
        segments=1,
        parameters={"name": text},
        decision={"prefix": text[:16], "candidates": [{"slug": text, "code": text, "reason": text}]},
        status="failed",
        provider=Provider.objects.first(),
        code=text[:64],
        detail=text,
        expires_at=at + timedelta(days=1),
        created_at=at,
        updated_at=at,
    )
    message.events.create(at=at, kind="resent", actor=text[:150], reason=text)
    return message


def add_exchange(message: Message, text: str, number: int) -> None:
    """The vendor's side: an attempt, a report, the raw call."""
    at = now()
    vendor: dict[str, Any] = {"code": text[:64], "detail": text, "vendor_message_id": text[:128]}
    attempt = Attempt.objects.create(
        id=uuid7(int(at.timestamp() * 1000) + number, 7),
        message=message,
        number=1,
        provider=message.provider,
        lease_token=uuid.uuid4(),
        outcome="refused",
        http_status=200,
        raw_request=text,
        raw_response=text,
        started_at=at,
        finished_at=at,
        **vendor,
    )
    call = Callback.objects.create(
        provider=message.provider,
        attempt=attempt,
        address_digest=uuid.uuid4().hex,
        body_digest=uuid.uuid4().hex,
        method="POST",
        query=text.encode(),
        content_type=text[:200],
        body=text.encode(),
        note=text[:200],
        received_at=at,
        last_received_at=at,
    )
    facts = {"callback": call, "attempt": attempt, "message": message, "reference": text[:128], "reason": text[:200]}
    DeliveryReport.objects.create(provider=message.provider, status="undelivered", received_at=at, **facts, **vendor)


def add_names(text: str, number: int) -> None:
    """Fields that staff fill in."""
    provider = Provider.objects.first()
    sender = SenderName.objects.create(name=text[:11] + str(number) if len(text) > 1000 else text[:64])
    sender.approvals.create(provider=provider, vendor_name=text[:11], status="draft")
    template = MessageTemplate.objects.create(name=f"a-{99 - number}", body=f"{text} {{name}}")
    template.approvals.create(provider=provider, vendor_template=text[:128], status="draft", note=text[:200])
    at = now()
    Dispatcher.objects.create(id=uuid.uuid4(), host=text[:100], pid=1, slots=1, started_at=at, seen_at=at)
