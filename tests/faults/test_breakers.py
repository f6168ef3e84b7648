"""One breaker per provider for all dispatchers: one probe at a time, and no call to a vendor that blocks callers."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from tests.support.databases import is_postgresql
from tests.support.stack import Stack
from tests.support.waiting import eventually

from .support import invariants
from .support.cluster import ForkServer
from .support.evidence import Database, Row, drained
from .support.ledger import Ledger
from .support.load import Load, accolades_item, items

SLOTS = 2
DISPATCHERS = 3
CLOSE_BY_HAND = (
    "from sms.models import Provider; from sms.services.dispatch import circuit_breaker; "
    "circuit_breaker.close_by_hand(Provider.objects.get(slug='accolades-ro'))"
)


def breaker(stack: Stack, slug: str) -> Row:
    [row] = Database(stack.database_url).rows(
        f"SELECT s.* FROM sms_providerstate s JOIN sms_provider p ON p.id = s.provider_id WHERE p.slug = '{slug}'"
    )
    return row


def probe_now(stack: Stack, *, slug: str) -> None:
    """Make the next probe due, and then every waiting message."""
    database = Database(stack.database_url)
    now = "statement_timestamp()" if is_postgresql(stack.database_url) else "strftime('%Y-%m-%d %H:%M:%f', 'now')"
    database.rows(
        f"UPDATE sms_providerstate SET probe_at = {now} WHERE breaker = 'open' AND probe_at IS NOT NULL AND "
        f"provider_id = (SELECT id FROM sms_provider WHERE slug = '{slug}')"
    )
    # After the probe is due. Otherwise a dispatcher would reschedule them before it may probe with one.
    database.rows(f"UPDATE sms_message SET due_at = {now} WHERE status = 'queued'")


@pytest.mark.faults
def test_after_an_account_fault_a_vendor_that_blocks_callers_is_left_alone_until_staff_act(
    short_leases: Callable[..., Stack], ledger: Ledger
):
    stack = short_leases(dispatchers=0)
    stack.vendors.accolades.setup(password="changed-at-the-vendor", block_after=100)
    load = Load(stack.port, items(40, accolades_item)).run()
    ForkServer(stack, f"--slots={SLOTS}").dispatchers(DISPATCHERS)
    eventually(lambda: breaker(stack, "accolades-ro")["breaker"] == "open")
    eventually(lambda: Database(stack.database_url).counts()["sending"] == 0)
    calls = len(stack.vendors.accolades.calls(stage=None))
    assert calls <= SLOTS * DISPATCHERS
    assert breaker(stack, "accolades-ro")["probe_at"] is None
    eventually(lambda: looked_again(stack), because="what waits was looked at again")
    assert len(stack.vendors.accolades.calls(stage=None)) == calls
    alerts = Database(stack.database_url).rows("SELECT * FROM sms_alert WHERE key = 'breaker:accolades-ro'")
    assert len(alerts) == 1
    stack.vendors.accolades.setup(password="demo-accolades-password")
    stack.manage("shell", "-c", CLOSE_BY_HAND)
    drained(stack)
    figures = invariants.check(stack, load)
    assert figures.unconfirmed == 0
    ledger.note("account fault at a vendor that blocks callers", figures)


def pause_after(failed_probes: int) -> int:
    """Seconds to the next probe: 15 at first, doubled by each failure, five minutes at most."""
    return min(15 * 2**failed_probes, 300)


def looked_again(stack: Stack) -> bool:
    """Every waiting message says what it waits for."""
    rows = Database(stack.database_url).rows("SELECT waiting_for FROM sms_message WHERE status = 'queued'")
    return bool(rows) and all(row["waiting_for"] for row in rows)


@pytest.mark.faults
def test_one_probe_at_a_time_over_all_dispatchers_and_a_longer_pause_after_each_failure(
    short_leases: Callable[..., Stack], ledger: Ledger
):
    stack = short_leases(dispatchers=0)
    vendor = stack.vendors.smsplus
    vendor.fault("code", code="119", times=0)
    load = Load(stack.port, items(40)).run()
    ForkServer(stack, f"--slots={SLOTS}").dispatchers(DISPATCHERS)
    eventually(lambda: breaker(stack, "smsplus-az")["breaker"] == "open")
    eventually(lambda: Database(stack.database_url).counts()["sending"] == 0)
    opened = len(vendor.calls())
    vendor.clear_faults()
    vendor.fault("code", code="119", times=0, delay=0.5)
    while (failed := len(vendor.calls()) - opened) < 5:  # until the pause grows no more
        probe_now(stack, slug="smsplus-az")
        eventually(lambda: breaker(stack, "smsplus-az")["probe_interval"] == pause_after(failed + 1))
    vendor.clear_faults()
    vendor.fault("none", delay=0.5)
    probe_now(stack, slug="smsplus-az")
    drained(stack)
    probes, others = vendor.calls()[opened : opened + failed + 1], vendor.calls()[opened + failed + 1 :]
    assert all(later.arrived >= earlier.ended for earlier, later in pairwise(probes))
    assert all(call.arrived >= probes[-1].ended for call in others)
    assert [probe.accepted for probe in probes] == [False] * failed + [True]
    figures = invariants.check(stack, load)
    assert figures.unconfirmed == 0
    ledger.note("out of credit: probes one at a time until topped up", figures)
