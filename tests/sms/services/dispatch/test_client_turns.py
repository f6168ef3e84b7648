"""Clients take turns at the slots of a provider; none waits for the end of another's backlog."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from django.db import transaction

from sms.models import ApiClient, Message
from sms.services.database import clock
from sms.services.dispatch import claim
from sms.services.dispatch.claim import Claimer
from sms.services.queue import outbox, queue_state
from sms.services.queue.client_turns import ClientTurn, ClientTurns


@pytest.fixture
def clients(shop):
    names = ("alpha", "beta", "gamma")
    return {name: ApiClient.objects.create(username=name, secret_digest="0" * 64) for name in names}


@pytest.fixture
def fill(shop, clients):
    """Queue messages of a client, all due at one time; the clients that are named first are due longest."""
    due_at = clock.now() - timedelta(seconds=30)

    def fill(name, count, *, is_otp=True, **columns):
        nonlocal due_at
        due_at += timedelta(milliseconds=1)
        pattern = shop.message(client=clients[name], is_otp=is_otp, due_at=due_at, **columns)
        rows = [Message(**{**values_of(pattern), "id": clock.new_id()}) for _ in range(count - 1)]
        Message.objects.bulk_create(rows)

    return fill


def values_of(message):
    return {field.attname: getattr(message, field.attname) for field in message._meta.concrete_fields}


@pytest.fixture(autouse=True)
def _looks_at_each_claim(monkeypatch):
    monkeypatch.setattr(claim, "SEVERAL_SECONDS", 0.0)


class Dispatcher:
    """One dispatcher whose calls end when a test says so."""

    def __init__(self, clients, slots):
        self.names = {client.pk: name for name, client in clients.items()}
        self.claimer, self.slots, self.calls = Claimer(slots), slots, []

    def claim(self, slots=None):
        """Claim for the free slots; returns how many each client got."""
        jobs = []
        free = self.slots - len(self.calls) if slots is None else slots
        self.claimer.claim(jobs, queue_state.read_queue(), otp_slots=free, other_slots=free)
        self.calls += jobs
        return Counter(self.names[job.message.client] for job in jobs)

    def end(self, count):
        for job in self.calls[:count]:
            Message.objects.filter(pk=job.message.id).update(status="submitted", lease_token=None, lease_until=None)
            self.claimer.turns.end(job.account.id, job.message.client)
        del self.calls[:count]

    def in_flight(self):
        return Counter(self.names[job.message.client] for job in self.calls)


@pytest.fixture
def dispatcher(clients):
    return lambda slots: Dispatcher(clients, slots)


def test_one_message_behind_eight_hundred_goes_with_the_next_free_slot(fill, dispatcher):
    fill("alpha", 800)
    slow = dispatcher(64)
    assert slow.claim() == {"alpha": 64}
    fill("beta", 1)
    slow.end(1)
    assert slow.claim() == {"beta": 1}


@pytest.mark.parametrize("is_otp", [True, False])
def test_three_clients_get_equal_shares(fill, dispatcher, is_otp):
    for name in ("alpha", "beta", "gamma"):
        fill(name, 100, is_otp=is_otp)
    assert dispatcher(48).claim() == {"alpha": 16, "beta": 16, "gamma": 16}


def test_a_client_with_few_messages_leaves_its_slots_to_the_others(fill, dispatcher):
    fill("alpha", 100)
    fill("beta", 1)
    fill("gamma", 5)
    assert dispatcher(64).claim() == {"alpha": 58, "beta": 1, "gamma": 5}


def test_shares_become_even_as_slots_come_free(fill, dispatcher):
    fill("alpha", 100)
    busy = dispatcher(8)
    assert busy.claim() == {"alpha": 8}
    fill("beta", 100)
    for _ in range(8):
        busy.end(1)
        busy.claim()
    assert busy.in_flight() == {"alpha": 4, "beta": 4}


def test_with_one_slot_a_turn_and_quick_calls_clients_alternate(fill, dispatcher):
    """As at a provider with a rate limit: no call is in flight when the next one may begin."""
    fill("alpha", 100)
    fill("beta", 100)
    fill("gamma", 2)
    quick, taken = dispatcher(8), Counter()
    for _ in range(12):
        taken += quick.claim(1)
        quick.end(1)
    assert taken == {"alpha": 5, "beta": 5, "gamma": 2}


@pytest.mark.parametrize("limits", [{"rate_limit": 40}, {"max_in_flight": 4}, {"rate_limit": 40, "max_in_flight": 4}])
def test_limits_of_a_provider_are_shared_evenly(shop, fill, dispatcher, limits):
    shop.first.__class__.objects.filter(pk=shop.first.pk).update(**limits)
    fill("alpha", 100)
    fill("beta", 100)
    assert dispatcher(64).claim() == {"alpha": 2, "beta": 2}


def test_within_a_client_the_longest_due_goes_first(fill, dispatcher):
    for number in range(6):
        fill("alpha", 1, text=f"Salam {number}")
        fill("beta", 1, text=f"Hello {number}")
    one = dispatcher(4)
    one.claim()
    assert {job.message.text for job in one.calls} == {"Salam 0", "Salam 1", "Hello 0", "Hello 1"}


def test_otps_of_one_client_go_before_other_messages_of_another(fill, dispatcher):
    fill("alpha", 10, is_otp=False)
    fill("beta", 10)
    assert dispatcher(8).claim() == {"beta": 8}


def test_what_is_not_due_or_is_over_uses_no_share(fill, dispatcher):
    now = clock.now()
    fill("alpha", 20)
    fill("beta", 20)
    fill("gamma", 20)
    Message.objects.filter(client__username="beta").update(due_at=now + timedelta(hours=1))
    Message.objects.filter(client__username="gamma").update(expires_at=now - timedelta(seconds=1))
    assert dispatcher(8).claim() == {"alpha": 8}


@pytest.mark.parametrize("limit", [1, 2, 10, 200])
def test_messages_are_looked_at_in_turns_too_where_they_are_not_claimed(shop, fill, clients, limit):
    fill("alpha", 300)
    fill("beta", 1)
    with transaction.atomic():
        found = Counter(due.client for due in outbox.lock_due(shop.first.pk, is_otp=True, limit=limit, turns=[]))
    assert (found[clients["alpha"].pk], found[clients["beta"].pk]) == (max(limit - 1, 1), int(limit > 1))


def test_a_probe_takes_a_message_of_a_client_without_a_free_share(shop, fill, clients):
    fill("alpha", 3)
    claimed, _ = outbox.claim(shop.first.pk, is_otp=True, attempts=[clock.new_id()], lease=20, is_probe=True)
    assert len(claimed) == 1


class TestSlotShare:
    def share(self, clients, percent, name="alpha"):
        clients[name].slot_share = percent
        clients[name].save()

    @pytest.mark.parametrize(
        ("percent", "slots", "expected"), [(25, 16, 4), (1, 16, 1), (100, 16, 16), (50, 1, 1), (33, 64, 21)]
    )
    def test_a_client_gets_no_more_than_its_share(self, fill, clients, dispatcher, percent, slots, expected):
        self.share(clients, percent)
        fill("alpha", 100)
        one = dispatcher(slots)
        assert one.claim() == {"alpha": expected}
        assert one.claim() == {}
        one.end(1)
        assert one.claim() == {"alpha": 1}

    def test_the_rest_is_left_to_others(self, fill, clients, dispatcher):
        self.share(clients, 25)
        fill("alpha", 100)
        fill("beta", 100)
        assert dispatcher(16).claim() == {"alpha": 4, "beta": 12}

    def test_otps_and_others_count_together(self, fill, clients, dispatcher):
        self.share(clients, 50)
        fill("alpha", 3)
        fill("alpha", 100, is_otp=False)
        assert dispatcher(8).claim() == {"alpha": 4}

    def test_it_is_of_what_all_dispatchers_may_call_at_once(self, shop, fill, clients, dispatcher):
        self.share(clients, 50)
        shop.first.max_in_flight = 4
        shop.first.save()
        fill("alpha", 100)
        assert dispatcher(64).claim() == {"alpha": 2}
        assert dispatcher(64).claim() == {}

    def test_each_provider_has_slots_of_its_own(self, shop, fill, clients, dispatcher):
        self.share(clients, 25)
        fill("alpha", 10)
        fill("alpha", 10, provider_id=shop.second.pk)
        assert dispatcher(16).claim() == {"alpha": 8}


def test_turns_of_a_provider_are_those_that_were_begun_there():
    turns = ClientTurns()
    for client in (1, 2, 1):
        turns.begin(7, client)
    turns.begin(8, 3)
    turns.end(7, 2)
    assert sorted(turns.at(7, most={2: 5, 4: 6})) == [
        ClientTurn(1, in_flight=2, served=3),
        ClientTurn(2, in_flight=0, served=2, most=5),
        ClientTurn(4, in_flight=0, served=0, most=6),
    ]
