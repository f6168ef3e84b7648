"""The statements of the queue: which rows each of them takes, which it leaves, and what it writes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sms.domain.status_descriptions import HELD_TOO_LONG
from sms.models import ApiClient, Attempt, Message, ProviderState
from sms.services.database import clock
from sms.services.queue import outbox
from sms.services.queue.client_turns import ClientTurn

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
TIMES = ("due_at", "expires_at", "lease_until", "probe_at", "probe_until", "retry_at", "poll_at")


def from_now(columns):
    """Times in a table are differences from now."""
    now = clock.now()
    return {name: now + value if name in TIMES and value is not None else value for name, value in columns.items()}


@pytest.fixture
def message(shop):
    def make(**columns):
        if "provider" in columns:
            columns["provider_id"] = getattr(shop, columns.pop("provider")).pk
        lease = {"lease_token": clock.new_id(), "lease_until": clock.now() + HOUR}
        owned = lease if columns.get("status") == "sending" else {}
        return shop.message(**{"due_at": clock.now() - MINUTE} | owned | from_now(columns))

    return make


def attempt_of(message, **columns):
    values = {"number": 1, "provider_id": message.provider_id, "lease_token": clock.new_id(), "started_at": clock.now()}
    return Attempt.objects.create(id=clock.new_id(), message=message, **values | from_now(columns))


def set_state(provider, **columns):
    ProviderState.objects.update_or_create(provider=provider, defaults=from_now(columns))


def claim(provider, count=4, lease=60.0, **more):
    attempts = [clock.new_id() for _ in range(count)]
    return outbox.claim(provider.pk, is_otp=more.pop("is_otp", False), attempts=attempts, lease=lease, **more)


def ids(claimed):
    return [each.message.id for each in claimed]


def row(each):
    return Message.objects.filter(pk=each.pk).values().get()


TURNS = pytest.mark.parametrize("in_turns", [False, True])


def turns_of(shop, in_turns):
    return [ClientTurn(shop.client.pk)] if in_turns else None


# --- due messages ---------------------------------------------------------------------------


@TURNS
@pytest.mark.parametrize(
    "columns",
    [
        {"status": "held"},
        {"status": "sending"},
        {"provider": "second"},
        {"is_otp": True},
        {"due_at": HOUR},
        {"expires_at": -MINUTE},
    ],
)
def test_only_what_is_due_at_the_provider_is_claimed(shop, message, columns, in_turns):
    due, other = message(), message(**columns)
    before = row(other)
    turns = turns_of(shop, in_turns)
    assert [each.id for each in outbox.lock_due(shop.first.pk, is_otp=False, limit=4, turns=turns)] == [due.pk]
    claimed, waiting = claim(shop.first, turns=turns)
    assert (ids(claimed), waiting) == ([due.pk], 0)
    assert row(other) == before
    assert claim(shop.first, turns=turns) == ([], 0)


@TURNS
def test_the_longest_due_are_claimed_first_and_no_more_than_there_are_ids(shop, message, in_turns):
    made = [message(due_at=-MINUTE * place) for place in (2, 4, 1, 3)]
    turns = turns_of(shop, in_turns)
    found = outbox.lock_due(shop.first.pk, is_otp=False, limit=3, turns=turns)
    expected = [made[place].pk for place in (1, 3, 0)]
    assert [each.id for each in found] == expected
    claimed, _ = claim(shop.first, count=3, turns=turns)
    assert ids(claimed) == expected


def test_each_client_gets_its_share_of_the_slots(shop, message):
    other = ApiClient.objects.create(username="another", secret_digest="1" * 64)
    many = [message(due_at=-HOUR) for _ in range(3)]
    few = message(client=other)
    claimed, _ = claim(shop.first, count=2, turns=[ClientTurn(shop.client.pk), ClientTurn(other.pk)])
    assert few.pk in ids(claimed)
    assert len(set(ids(claimed)) & {each.pk for each in many}) == 1
    assert claim(shop.first, turns=[ClientTurn(shop.client.pk, in_flight=1, most=1)]) == ([], 0)


@TURNS
def test_what_waits_is_counted_and_only_a_probe_claims_it(shop, message, in_turns):
    free, waits = message(due_at=-HOUR), message(waiting_for="a template")
    turns = turns_of(shop, in_turns)
    claimed, waiting = claim(shop.first, turns=turns)
    assert (ids(claimed), waiting) == ([free.pk], 1)
    claimed, _ = claim(shop.first, turns=turns, is_probe=True)
    assert ids(claimed) == [waits.pk]
    assert (row(waits)["status"], row(waits)["waiting_for"]) == ("sending", "")


@TURNS
@pytest.mark.parametrize(
    ("state", "is_claimed"),
    [
        ({"breaker": "closed"}, True),
        ({"breaker": "open"}, False),
        ({"breaker": "closed", "retry_at": HOUR}, False),
        ({"breaker": "closed", "retry_at": -MINUTE}, True),
        ({"breaker": "open", "retry_at": -MINUTE}, False),
    ],
)
def test_only_a_probe_is_claimed_where_the_provider_may_not_be_called(shop, message, state, is_claimed, in_turns):
    message()
    set_state(shop.second, breaker="closed" if state["breaker"] == "open" else "open")
    set_state(shop.first, **state)
    turns = turns_of(shop, in_turns)
    assert bool(claim(shop.first, turns=turns)[0]) is is_claimed
    assert bool(claim(shop.first, turns=turns, is_probe=True)[0]) is not is_claimed


def test_a_claim_marks_the_message_and_inserts_its_attempt(shop, message):
    reference = clock.new_id()
    first, second = message(attempts_made=2, repeats=reference, due_at=-HOUR), message()
    before = clock.now()
    claimed, _ = claim(shop.first, lease=600.0)
    for each, made, repeats in zip(claimed, (first, second), (reference, None), strict=True):
        stored, attempt = row(made), Attempt.objects.get(message=made)
        assert each.message.attempts_made == stored["attempts_made"] == attempt.number == made.attempts_made + 1
        assert each.attempt == stored["lease_token"] == attempt.pk == attempt.lease_token
        assert timedelta(seconds=590) < stored["lease_until"] - before < timedelta(seconds=660)
        assert (stored["status"], stored["waiting_for"]) == ("sending", "")
        assert stored["updated_at"] >= before - timedelta(seconds=1)
        assert (attempt.provider_id, attempt.repeats, attempt.outcome) == (shop.first.pk, repeats, None)
        assert (attempt.started_at, attempt.polls) == (stored["updated_at"], 0)


# --- providers ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "is_claimed"),
    [
        ({"breaker": "open", "probe_at": -MINUTE}, True),
        ({"breaker": "open", "probe_at": -MINUTE, "probe_until": -MINUTE}, True),
        ({"breaker": "open", "probe_at": -MINUTE, "probe_until": HOUR}, False),
        ({"breaker": "open", "probe_at": HOUR}, False),
        ({"breaker": "open", "probe_at": None}, False),
        ({"breaker": "closed", "probe_at": -MINUTE}, False),
    ],
)
def test_a_probe_is_claimed_once_when_it_is_due(shop, state, is_claimed):
    now = clock.now()
    set_state(shop.second, breaker="open", probe_at=-MINUTE)
    set_state(shop.first, **state)
    assert outbox.claim_probe(shop.first.pk, now=now, until=now + HOUR) is is_claimed
    assert outbox.claim_probe(shop.first.pk, now=now, until=now + HOUR) is False
    if is_claimed:
        assert ProviderState.objects.get(provider=shop.first).probe_until == now + HOUR
    assert ProviderState.objects.get(provider=shop.second).probe_until is None


def test_calls_in_flight_are_counted_by_client(shop, message):
    other = ApiClient.objects.create(username="another", secret_digest="1" * 64)
    for columns in ({}, {}, {"client": other}, {"provider": "second"}):
        message(status="sending", **columns)
    message()
    assert outbox.count_in_flight(shop.first.pk) == {shop.client.pk: 2, other.pk: 1}


def test_a_state_is_locked_where_there_is_one(shop):
    for wait in (True, False):
        assert outbox.lock_state(shop.first.pk, wait=wait) is True
        assert outbox.lock_state(0, wait=wait) is False


# --- leases and times -------------------------------------------------------------------------


def test_messages_whose_lease_has_ended_are_found_the_earliest_first(shop, message):
    ended = [message(status="sending", lease_until=-MINUTE * n) for n in (1, 3, 2)]
    message(status="sending")
    found = outbox.lock_abandoned(now=clock.now(), limit=2)
    assert [(each.message.id, each.attempt) for each in found] == [
        (ended[place].pk, ended[place].lease_token) for place in (1, 2)
    ]


def test_a_lease_that_ends_now_is_not_over(message):
    now = clock.now()
    made = message(status="sending")
    Message.objects.filter(pk=made.pk).update(lease_until=now)
    assert outbox.lock_abandoned(now=now, limit=1) == []


@pytest.mark.parametrize(
    ("columns", "becomes", "detail"),
    [
        ({}, "expired", "Until then: waiting for p"),
        ({"waiting_for": ""}, "expired", ""),
        ({"status": "held"}, "expired", HELD_TOO_LONG),
        ({"in_doubt": True}, "unconfirmed", "Until then: waiting for p"),
        ({"status": "sending"}, None, ""),
        ({"status": "unconfirmed"}, None, ""),
        ({"expires_at": HOUR}, None, ""),
    ],
)
def test_queued_and_held_messages_expire(message, columns, becomes, detail):
    made = message(**{"expires_at": -MINUTE, "waiting_for": "waiting for p"} | columns)
    before, now = row(made), clock.now()
    expired = outbox.expire_messages(now=now, limit=4)
    after = row(made)
    if becomes is None:
        assert (expired, after) == ([], before)
        return
    assert expired == [(made.pk, False, becomes == "unconfirmed")]
    assert (after["status"], after["code"], after["waiting_for"]) == (becomes, "expired", "")
    assert (after["updated_at"], after["detail"]) == (now, detail)


def test_the_first_to_expire_are_first(message):
    made = [message(expires_at=-MINUTE * n) for n in (1, 3, 2)]
    now = clock.now()
    assert {each[0] for each in outbox.expire_messages(now=now, limit=2)} == {made[1].pk, made[2].pk}
    Message.objects.filter(pk=made[0].pk).update(expires_at=now)
    assert [each[0] for each in outbox.expire_messages(now=now, limit=2)] == [made[0].pk]


@pytest.mark.parametrize(
    ("columns", "is_woken"),
    [
        ({}, True),
        ({"is_otp": True}, True),
        ({"waiting_for": ""}, False),
        ({"status": "held"}, False),
        ({"provider": "second"}, False),
        ({"due_at": -HOUR}, False),
    ],
)
def test_what_waits_for_a_provider_is_woken(shop, message, columns, is_woken):
    made = message(**{"waiting_for": "its breaker", "due_at": HOUR} | columns)
    before, now = row(made)["due_at"], clock.now()
    outbox.wake_waiting(shop.first.pk, now=now)
    assert row(made)["due_at"] == (now if is_woken else before)


def test_the_first_that_would_be_due_are_woken_first(shop, message, monkeypatch):
    monkeypatch.setattr(outbox, "WOKEN_AT_ONCE", 1)
    late, early = (message(waiting_for="its breaker", due_at=HOUR * n) for n in (2, 1))
    now = clock.now()
    outbox.wake_waiting(shop.first.pk, now=now)
    assert (row(early)["due_at"], row(late)["due_at"]) == (now, late.due_at)


def test_one_message_is_woken_an_otp_before_others(shop, message):
    late, early = message(due_at=2 * HOUR), message(due_at=HOUR)
    otp = message(is_otp=True, due_at=3 * HOUR, ttl=86400)
    message(provider="second", due_at=-HOUR)
    message(status="held", due_at=-HOUR)
    for expected in (otp, early, late):
        now = clock.now()
        assert outbox.wake_first(shop.first.pk, now=now) is True
        assert list(Message.objects.filter(due_at=now)) == [expected]
        Message.objects.filter(pk=expected.pk).update(status="canceled")
    assert outbox.wake_first(shop.first.pk, now=clock.now()) is False


def test_polls_are_claimed_for_a_while_and_counted(shop, message):
    made = message(status="submitted")
    due = [attempt_of(made, number=n, poll_at=-MINUTE * n, polls=n) for n in (1, 2, 3)]
    most = attempt_of(made, number=4, poll_at=-HOUR, polls=32767)
    others = [
        attempt_of(made, number=5, poll_at=HOUR),
        attempt_of(made, number=6, poll_at=-2 * HOUR, provider_id=shop.second.pk),
        attempt_of(made, number=7),
    ]
    until = clock.now() + HOUR
    claimed = outbox.claim_polls(shop.first.pk, now=clock.now(), until=until, limit=3)
    assert set(claimed) == {most.pk, due[2].pk, due[1].pk}
    polls = dict(Attempt.objects.filter(poll_at=until).values_list("number", "polls"))
    assert polls == {2: 3, 3: 4, 4: 32767}
    for each in others:
        assert Attempt.objects.get(pk=each.pk).poll_at == each.poll_at


# --- one message and several ------------------------------------------------------------------------


def test_a_message_moves_only_from_the_states_that_are_named(shop, message):
    made, other = (message(status="sending") for _ in range(2))
    before = row(other)
    now = clock.now()
    assert outbox.move_message(made.pk, leaves=["queued", "held"], now=now, status="canceled") is False
    assert outbox.move_message(made.pk, leaves=["queued", "sending"], now=now, status="canceled", code="x") is True
    after = row(made)
    assert (after["status"], after["code"], after["updated_at"]) == ("canceled", "x", now)
    assert (after["lease_token"], after["lease_until"]) == (None, None)
    assert row(other) == before


def test_messages_are_locked_in_the_order_of_their_ids(message):
    reference = clock.new_id()
    made = [message(), message(repeats=reference), message(status="sending", repeats=reference), message(status="held")]
    keys = [each.pk for each in made]
    locked = outbox.lock_messages(keys[2::-1])
    assert [each.id for each in locked] == sorted(keys[:3])
    assert {each.id for each in locked if each.awaits_repeat} == {keys[1]}
    assert outbox.lock_free(keys[1:], ["queued", "held"]) == {keys[1], keys[3]}
    assert outbox.lock_messages([]) == []
    assert outbox.lock_message(clock.new_id()) is False
