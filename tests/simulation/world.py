"""The configuration of every seed, and the state of the process that no database holds."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from unittest import mock

from django.db import connection
from django.test import override_settings

from providers.registry import SENDERS
from sms.models import MessageTemplate, Provider, Route, RouteProvider, SenderName
from sms.services.configuration import snapshot
from sms.services.dispatch import settle
from sms.services.intake import destination_limits, login_throttle, rate_limits
from sms.services.queue import notify
from sms.services.templates import otp_shapes
from sms.services.webhooks.call_rate import call_rate
from tests.sms import cast

from .database import in_memory
from .vendors import ADAPTERS, REGISTERED

TEXT_PREFIX, OTP_PREFIX, TEMPLATE_PREFIX = "+9945012", "+9947012", "+407123"
HOSTS = {
    "10.0.0.1": ("first", "simulatedtext"),
    "10.0.0.2": ("second", "simulatedtext"),
    "10.0.0.3": ("polled", "simulatedpolled"),
    "10.0.0.4": ("formal", "simulatedtemplates"),
    "10.0.0.5": ("stricter", "simulatedtemplates"),
    "10.0.0.6": ("once", "simulatedonce"),
}
OUR_BODIES = {"1": "Hello {name}, order {order} is on its way.", "2": "Your parcel {parcel} waits at {place}."}


@contextmanager
def installed() -> Iterator[sqlite3.Connection]:
    """The simulated vendors are registered; yields a migrated and configured database in memory, to be copied."""
    with ExitStack() as stack:
        stack.enter_context(mock.patch.dict(SENDERS, ADAPTERS))
        stack.enter_context(mock.patch.object(notify, "_notifier", SimpleNamespace(notify=lambda subject: None)))
        stack.enter_context(override_settings(PUBLIC_URL="https://desk.example", CONFIGURATION_MAX_AGE=1.0))
        connection.ensure_connection()
        own = in_memory(connection.connection)
        with mock.patch.object(connection, "connection", own):
            enter()
        stack.callback(own.close)
        yield own


def enter() -> None:
    """Create the rows of the configuration."""
    assert REGISTERED.keys() == OUR_BODIES.keys()
    for username in ("akinon", "other"):
        cast.client(username, otp_per_number=0, otp_per_range=0)
    providers = {
        slug: cast.provider(slug, vendor, base_url=f"http://{host}", timeout=5)
        for host, (slug, vendor) in HOSTS.items()
    }
    texts = [providers[slug] for slug in ("once", "first", "second", "polled")]
    Provider.objects.update(updated_at=datetime(2026, 1, 1, tzinfo=UTC))  # long before the simulation's clock
    formal = [providers[slug] for slug in ("formal", "stricter")]
    cast.route(TEXT_PREFIX, *texts)
    cast.route(OTP_PREFIX, *texts, otp_ttl=300)
    cast.route(TEMPLATE_PREFIX, *formal)
    sender = cast.sender("AKINON", *formal)
    assert isinstance(sender, SenderName)
    for number, body in OUR_BODIES.items():
        template: MessageTemplate = cast.template(f"template-{number}", body, *formal)
        template.approvals.update(vendor_template=number)
    for name in ("one", "two"):
        cast.template(f"tied-{name}", f"Tied {{{name}}} here", *formal)


def vary(chance: random.Random) -> None:
    """What differs from seed to seed."""
    Route.objects.filter(prefix=OTP_PREFIX).update(
        resend_unconfirmed_otp=chance.random() < 0.3, otp_ttl=chance.choice((10, 300))
    )
    Route.objects.exclude(prefix=OTP_PREFIX).update(ttl=chance.choice((20, 86400)))
    if chance.random() < 0.5:
        RouteProvider.objects.filter(provider__slug="once").delete()
    if chance.random() < 0.3:
        Provider.objects.filter(slug="first").update(max_in_flight=chance.choice((1, 3)))
    if chance.random() < 0.2:
        Provider.objects.filter(slug="formal").update(rate_limit=chance.choice((1, 5)))


def forget() -> None:
    """Empty the caches of this process, as in a new one."""
    snapshot.reset_cache()
    rate_limits.limiter.reset_cache()
    call_rate.reset()
    destination_limits.reset_cache()
    login_throttle.throttle.reset_cache()
    settle._success_noted.clear()
    otp_shapes._counter.take()
