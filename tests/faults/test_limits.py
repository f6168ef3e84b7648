"""Slots and rates of a provider hold over all dispatchers; OTPs don't wait behind others."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.databases import is_postgresql
from tests.support.stack import SHOP, Stack
from tests.support.waiting import eventually

from .support import invariants
from .support.cluster import ForkServer
from .support.evidence import Database, drained, markers_in
from .support.ledger import Ledger
from .support.load import Load, items, next_marker, smsplus_item, smsplus_otp

IN_FLIGHT, RATE = 3, 20
LIMITED = SHOP.replace("timeout = 5", f"timeout = 5\nmax_in_flight = {IN_FLIGHT}\nrate_limit = {RATE}", 1)
OTHERS, OTPS = 10_000, 200
SLOWEST_PERCENT_SECONDS = 1.0


@pytest.mark.faults
def test_slots_and_rates_hold_over_all_dispatchers(stacks: Callable[..., Stack], ledger: Ledger):
    stack = stacks(provisioning=LIMITED, dispatchers=0)
    stack.vendors.smsplus.setup(latency=0.1)
    load = Load(stack.port, items(150)).run()
    ForkServer(stack).dispatchers(4)
    drained(stack)
    calls = sorted(call.arrived for call in stack.vendors.smsplus.calls())
    assert stack.vendors.smsplus.counts()["in_flight_peak"] <= IN_FLIGHT
    # A bucket of a tenth of a second's calls, and a call may arrive a little later than it was begun.
    most = max(sum(start <= at < start + 2.0 for at in calls) for start in calls)
    assert most <= 2.0 * RATE + RATE * 0.1 + IN_FLIGHT
    ledger.note("4 dispatchers at a provider with 3 slots and 20 calls a second", invariants.check(stack, load))


@pytest.mark.faults
def test_otps_reach_their_vendor_within_a_second_behind_ten_thousand_others(
    stacks: Callable[..., Stack], ledger: Ledger
):
    stack = stacks(dispatchers=0)
    stack.vendors.smsplus.setup(latency=0.2)
    load = Load(stack.port, [smsplus_item()]).run()
    multiply(Database(stack.database_url), OTHERS)
    ForkServer(stack).dispatchers(1)
    eventually(lambda: stack.vendors.smsplus.counts()["in_flight"] > 0, because="the dispatcher is at work")
    numbers = [f"+99450{7_000_000 + n}" for n in range(OTPS)]
    otps = Load(stack.port, [smsplus_otp(number) for number in numbers], rate=20).run()
    waiting = Database(stack.database_url).rows(
        "SELECT count(*) AS many FROM sms_message WHERE status = 'queued' AND NOT is_otp"
    )
    assert len(otps.accepted()) == OTPS
    assert waiting[0]["many"] > 0, "the others were gone before the last OTP"
    eventually(lambda: len(times_to_vendor(stack, otps)) == OTPS)
    times = sorted(times_to_vendor(stack, otps))
    print(f"p50 {times[OTPS // 2]:.3f} s, p99 {times[OTPS * 99 // 100 - 1]:.3f} s, longest {times[-1]:.3f} s")
    assert times[OTPS * 99 // 100 - 1] < SLOWEST_PERCENT_SECONDS
    drained(stack, timeout=300)
    ledger.note("200 OTPs behind 10,000 others", invariants.check(stack, load, otps))


def times_to_vendor(stack: Stack, otps: Load) -> list[float]:
    """Seconds from a call's 201 to its arrival at the vendor."""
    answered = {reply.item.marker: reply.at for reply in otps.accepted()}
    arrived = {markers_in(call)[0]: call.arrived for call in stack.vendors.smsplus.calls()}
    return [arrived[marker] - at for marker, at in answered.items() if marker in arrived]


def multiply(database: Database, times: int) -> None:
    """So many more messages like the one that is there, each with a marker of its own."""
    first = int(next_marker())
    for _ in range(times):
        last = int(next_marker())
    columns = [name for name in database.messages()[0] if name not in ("id", "request_id", "repeat_key", "text")]
    if is_postgresql(database.url):
        numbers, new_id, as_text = f"generate_series({first}, {last}) AS n", "gen_random_uuid()", "n::text"
        parameters = "jsonb_build_object('name', 'Aysel', 'order', n::text)"
    else:
        numbers = (
            f"(WITH RECURSIVE c(n) AS (SELECT {first} UNION ALL SELECT n+1 FROM c WHERE n < {last}) SELECT n FROM c)"
        )
        new_id, as_text = "lower(hex(randomblob(16)))", "CAST(n AS text)"
        parameters = f"json_object('name', 'Aysel', 'order', {as_text})"
    values = [parameters if name == "parameters" else f'm."{name}"' for name in columns]
    names = ", ".join(f'"{name}"' for name in columns)
    text = f"'Hörmətli Aysel, ' || {as_text} || ' nömrəli sifarişiniz yoldadır.'"
    database.rows(
        f"INSERT INTO sms_message (id, request_id, repeat_key, text, {names}) "
        f"SELECT {new_id}, 'load-' || {as_text}, NULL, {text}, {', '.join(values)} FROM sms_message m, {numbers}"
    )
