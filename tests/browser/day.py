"""A day of a made-up shop, written into the database: thousands of messages in every state.

Runs inside `manage.py shell`, as the browser's library and Django's database layer don't share a thread. The providers,
templates and senders are those of tests/support/shop.toml; the numbers are made up.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

from sms.domain.ids import uuid7
from sms.models import (
    ApiClient,
    Attempt,
    CallingAddress,
    Message,
    MessageTemplate,
    Provider,
    ProviderState,
    RefusedRequest,
    RollupHour,
)
from sms.services.database.clock import now
from sms.services.monitoring import hourly_stats

HOURS = 48
BUSIEST = 190  # messages of an hour
BY_HOUR = (3, 2, 1, 1, 1, 2, 4, 7, 10, 13, 15, 16, 15, 15, 16, 17, 18, 18, 19, 19, 17, 13, 8, 5)  # of 19: a shop's day
NAMES = ("Aysel", "Murad", "Leyla", "Elvin", "Nigar", "Andrei", "Ioana", "Linh", "Minh")

# provider: its share, the prefix of its numbers, a template's name, a text, and the states that its messages end in
SHOP = {
    "smsplus-az": (
        6,
        "+99450",
        "shipped-az",
        "Hörmətli {name}, {order} nömrəli sifarişiniz yoldadır.",
        {"submitted": 955, "failed": 22, "unconfirmed": 5, "expired": 6, "queued": 3, "canceled": 1},
    ),
    "accolades-ro": (
        3,
        "+40712",
        "",
        "Salut {name}, comanda {order} a fost expediată.",
        {"sent": 900, "submitted": 55, "failed": 30, "unconfirmed": 3, "held": 2},
    ),
    "etelecom-vn": (
        2,
        "+84901",
        "order-vn",
        "Xin chao {name}, don hang {order} cua ban dang duoc giao.",
        {"delivered": 930, "sent": 22, "undelivered": 38, "failed": 12, "expired": 2},
    ),
}
UNSETTLED = ("unconfirmed", "queued", "held")
SETTLED_WITHIN = timedelta(hours=4)  # staff see to them
CODES = {
    "failed": ("121", "119", "connect_timeout"),
    "undelivered": ("FAIL",),
    "expired": ("expired",),
}
REFUSED = (
    ("template_not_matched", "text", "Hörmətli Leyla, ##### nömrəli sifarişiniz gecikir.", "shipped-az: character 42"),
    ("template_not_matched", "text", "Kod: ######", "otp-az: character 1"),
    ("template_not_matched", "text", "Hörmətli Murad, ##### nömrəli sifarişiniz gecikir.", "shipped-az: character 42"),
    ("no_route", "to", "", ""),
    ("unknown_sender", "from", "", ""),
)


class Day:
    """Draws the same day each time, but for its ids and its end: now."""

    def __init__(self) -> None:
        self.chance = random.Random(19)
        self.end = now()
        self.client = ApiClient.objects.get()
        self.providers = {provider.slug: provider for provider in Provider.objects.all()}
        self.versions = {t.name: t.current_version for t in MessageTemplate.objects.select_related("current_version")}
        self.messages: list[Message] = []
        self.attempts: list[Attempt] = []

    def fill(self) -> None:
        for at in self.times():
            self.add(at)
        Message.objects.bulk_create(self.messages, batch_size=500)
        Attempt.objects.bulk_create(self.attempts, batch_size=500)
        self.refuse()
        self.look_alive()

    def times(self) -> Iterator[datetime]:
        for back in range(HOURS):
            start = self.end - timedelta(hours=back + 1)
            wave = BY_HOUR[(start.hour + 4) % 24] / max(BY_HOUR)  # Baku's clock
            for _ in range(int(BUSIEST * wave * (1 if back < HOURS / 2 else 0.9))):
                yield start + timedelta(seconds=self.chance.uniform(0, 3590))

    def add(self, at: datetime) -> None:
        slugs = list(SHOP)
        [slug] = self.chance.choices(slugs, [SHOP[one][0] for one in slugs])
        _share, prefix, template, text, states = SHOP[slug]
        [status] = self.chance.choices(list(states), list(states.values()))
        if status in UNSETTLED and self.end - at > SETTLED_WITHIN:
            status = next(iter(states))
        text = text.format(name=self.chance.choice(NAMES), order=self.chance.randint(10_000, 99_999))
        code = self.chance.choice(CODES.get(status, ("",)))
        to = f"{prefix}{self.chance.randint(1_000_000, 1_009_999)}"
        message = Message(
            id=self.id_of(at),
            client=self.client,
            request_id=f"order-{self.chance.randint(100_000, 999_999)}",
            sender="AKINON",
            to=to,
            raw_text=text,
            text=text,
            encoding="UCS-2" if slug == "smsplus-az" else "GSM-7",
            segments=1,
            status=status,
            provider=self.providers[slug],
            template_version=self.versions.get(template),
            code=code,
            due_at=self.end + timedelta(hours=1) if status == "queued" else None,
            expires_at=self.end + timedelta(days=1),
            created_at=at,
            updated_at=at,
            attempts_made=1,
        )
        self.messages.append(message)
        if status not in ("queued", "held", "canceled"):
            self.attempts.append(self.attempt(message, at))

    def attempt(self, message: Message, at: datetime) -> Attempt:
        took = timedelta(milliseconds=90 + min(self.chance.lognormvariate(5.0, 0.6), 4000))
        taken = message.status in ("submitted", "sent", "delivered", "undelivered")
        outcome = "accepted" if taken else "unconfirmed" if message.status == "unconfirmed" else "refused"
        return Attempt(
            id=self.id_of(at),
            message=message,
            number=1,
            provider=message.provider,
            lease_token=uuid.UUID(int=self.chance.getrandbits(128)),
            outcome=outcome,
            code="" if taken else message.code,
            http_status=200,
            vendor_message_id=f"{self.chance.getrandbits(40):010x}" if taken else "",
            started_at=at,
            finished_at=at + took,
        )

    def id_of(self, at: datetime) -> uuid.UUID:
        return uuid7(int(at.timestamp() * 1000), self.chance.getrandbits(74))

    def refuse(self) -> None:
        for number in range(60):
            code, field, shape, nearest = self.chance.choice(REFUSED)
            RefusedRequest.objects.create(
                client=self.client,
                request_id=f"refused-{number}",
                http_status=422,
                code=code,
                field=field,
                sender="AKINON",
                to=f"+99450{self.chance.randint(1_000_000, 1_009_999)}",
                shape=shape,
                nearest=nearest,
                created_at=self.end - timedelta(minutes=10 * number),
            )

    def look_alive(self) -> None:
        """What the day left at each provider, and sums for the charts."""
        ProviderState.objects.update(
            last_success_at=self.end, last_test_at=self.end, last_test_accepted=True, last_test_detail="Accepted."
        )
        CallingAddress.objects.create(address="203.0.113.7", note="The dispatchers' gateway")
        vietnam = ProviderState.objects.filter(provider__slug="etelecom-vn")
        vietnam.update(first_report_at=self.end - timedelta(days=12), last_report_at=self.end)
        RollupHour.objects.all().delete()  # a dispatcher that saw the empty table takes the day for summed up
        while hourly_stats.roll_up(100):
            pass
