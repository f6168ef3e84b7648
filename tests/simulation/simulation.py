"""The run of one seed: which process continues next, and when, until nothing is in flight."""

from __future__ import annotations

import hashlib
import heapq
import json
import random
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from random import Random

from django.db import Error, connection

from sms.models import Callback, ConfigurationStamp, Message, Provider, ProviderState
from sms.services.configuration import snapshot
from sms.services.dispatch import circuit_breaker
from sms.services.maintenance import restore
from sms.services.reports import receive
from sms.services.staff import message_actions
from sms.services.webhooks import tokens

from . import invariants, world
from .chance import Chance
from .clock import Clock
from .database import Database, Killed, Process, in_memory, replace_by
from .dispatchers import Dispatcher
from .network import Network
from .shop import TRIES, Call, Shop
from .vendors import Arrival, VendorSide

DISPATCHERS = 3
MESSAGES = 40
MAX_STEPS = 2000
UNDER_WAY = ("queued", "sending")


@dataclass
class Outcome:
    """The result of one seed."""

    seed: int
    messages: int = 0
    kills: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    digest: str = ""
    """Of every row and every arrival: equal where the seed was replayed exactly."""


class Simulation:
    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.clock = Clock(self.random)
        self.chance = Chance(self.random)
        self.database = Database(self.chance, self.between)
        self.vendors = VendorSide(self.chance, self.on_the_way)
        self.network = Network(self.clock, self.chance, self.vendors.serve)
        self.shop = Shop(self.random, self.database)
        self.events: list[tuple[float, int, Callable[[], None]]] = []
        self.order = 0
        self.depth = 0
        self.switches = self.random.choice((0.0, 0.005, 0.03))
        """How often other processes go on between two statements."""
        self.caller: Dispatcher | None = None
        self.backup: sqlite3.Connection | None = None
        self.forgotten: set[str] = set()
        """Texts that a restored backup does not hold, or whose later history it lacks."""
        self.restored = False
        self.stored_reports: list[tuple[str, str]] = []
        self.violations: list[str] = []
        self.dispatchers: list[Dispatcher] = []

    # --- time ------------------------------------------------------------------------

    def later(self, at: float, function: Callable[[], None]) -> None:
        self.order += 1
        heapq.heappush(self.events, (at, self.order, function))

    def pass_time(self, seconds: float) -> None:
        """Let what is due by then happen, each at its moment."""
        until = self.clock.seconds + seconds
        while self.events and self.events[0][0] <= until:
            at, _, function = heapq.heappop(self.events)
            self.clock.seconds = max(self.clock.seconds, at)
            function()
        self.clock.seconds = max(self.clock.seconds, until)

    def between(self) -> None:
        """Between two statements of one process others go on, or the whole machine freezes."""
        if self.depth or self.chance.is_calm or self.random.random() >= self.switches:
            return
        if snapshot._cache._refreshing.locked():
            return
        self.depth += 1
        process, self.database.process = self.database.process, None
        try:
            if self.random.random() < 0.1:
                self.chance.counts["frozen between two statements"] += 1
                self.pass_time(60.0)
                for each in self.dispatchers:
                    each.freeze()
            for _ in range(self.random.choice((1, 3, 8))):
                self.step(allowed=[each for each in self.dispatchers if each.process is not process])
        finally:
            self.database.process = process
            self.depth -= 1

    # --- steps -----------------------------------------------------------------------

    def step(self, allowed: list[Dispatcher]) -> None:
        assert not connection.connection.in_transaction
        self.pass_time(self.random.choice((0.001, 0.01, 0.1, 1.0)))
        free = [each for each in allowed if each.may_go_on]
        if not free:
            return
        self.caller = self.random.choice(free)
        self.caller.step(self.random.random())

    def send(self, call: Call) -> None:
        answer = self.shop.send(call, Process("web"))
        call.answers = [*(call.answers or []), answer]
        if answer == "" and call.tries < TRIES:
            self.later(self.clock.seconds + self.random.random() * 5, lambda: self.again(call))
        elif answer == "accepted" and self.random.random() < 0.15:
            self.later(self.clock.seconds + self.random.random() * 30, lambda: self.again(call))

    def again(self, call: Call) -> None:
        if call.expected not in self.forgotten:
            self.send(call)

    # --- the vendors -------------------------------------------------------------------

    def on_the_way(self, arrival: Arrival) -> None:
        """The request is whole at this moment of the call, if its process lives so long."""
        caller = self.caller
        assert caller is not None
        process = caller.process
        self.later(self.clock.monotonic(), lambda: None if process.is_dead else self.arrive(arrival))

    def arrive(self, arrival: Arrival) -> None:
        arrival.at = self.clock.seconds
        # Asked when it was answered, too: another call with the reference may have arrived since.
        if self.vendors.has(arrival):
            self.chance.counts["reference repeated"] += 1
            arrival.drop()
        self.vendors.ledger.append(arrival)
        at = self.clock.seconds
        for state in arrival.reports:
            at += self.random.choice((0.01, 0.5, 20.0)) * self.random.random()
            self.vendors.state.setdefault(arrival.vendor_id, state)
            if arrival.callback:
                self.later(at, lambda state=state: self.report(arrival, state))

    def report(self, arrival: Arrival, state: str) -> None:
        """The vendor calls back until it is answered, and sometimes once more."""
        answered = self._store(arrival, state)
        if answered:
            self.stored_reports.append((arrival.reference, state))
        if not answered or self.random.random() < 0.1:
            self.later(self.clock.seconds + 1 + 20 * self.random.random(), lambda: self.report(arrival, state))

    def _store(self, arrival: Arrival, state: str) -> bool:
        key = arrival.callback.rpartition("/")[2]
        target = tokens.resolve_token(key)
        assert target is not None
        body = json.dumps({"id": arrival.reference, "state": state}).encode()
        call = {"method": "POST", "query": b"", "content_type": "application/json", "body": body, "source": None}
        try:
            self.database.run(
                Process("web"),
                lambda: receive.store_callback(
                    provider_id=target.provider_id, attempt_id=target.attempt_id, address=key, **call
                ),
            )
        except (Error, Killed):
            return False
        return True

    # --- staff ---------------------------------------------------------------------------

    def pause(self, *, paused: bool) -> None:
        """Some providers are paused, or every provider may be called again."""
        some = [each.pk for each in Provider.objects.order_by("id") if not paused or self.random.random() < 0.6]
        Provider.objects.filter(pk__in=some).update(paused=paused)
        ConfigurationStamp.touch()

    def cancel(self) -> None:
        waiting = Message.objects.filter(status="queued").order_by("id").values_list("id", flat=True)[:1]
        for message in waiting:
            message_actions.cancel(message, actor="staff", reason="simulated")

    def take_backup(self) -> None:
        self.backup = in_memory(connection.connection)

    def restore_backup(self) -> None:
        """All processes end, the backup takes the place of the database, `park` runs, and dispatchers start."""
        if self.backup is None:
            return
        if self.depth:  # a process is in the middle of something
            self.later(self.clock.seconds + 1.0, self.restore_backup)
            return
        self.chance.counts["backup restored"] += 1
        for each in self.dispatchers:
            each.die()
        self.restored = True
        self.forgotten |= {call.expected for call in self.shop.calls}
        self.stored_reports.clear()
        replace_by(self.backup)
        world.forget()
        self.pass_time(61.0)
        restore.quarantine(before=self.clock.now(), reason="simulated")
        for each in self.dispatchers:
            each.sleeps_until = 0.0

    # --- the whole run ----------------------------------------------------------------------

    def run(self, prepared: sqlite3.Connection) -> None:
        with ExitStack() as stack:
            stack.enter_context(self.clock.installed())
            stack.enter_context(self.network.installed())
            stack.enter_context(self.database.installed(prepared))
            world.forget()
            world.vary(self.random)
            random.seed(self.random.random())
            self.dispatchers = [
                Dispatcher(number, self.clock, self.database, self.network, self.later) for number in range(DISPATCHERS)
            ]
            self._plan()
            self._go_on()
            self._end_faults()
            self.violations += self.check()
            self.messages = Message.objects.count()
            self.states = Counter(Message.objects.values_list("status", flat=True))
            self.digest = self._digest()
            world.forget()
            if self.backup is not None:
                self.backup.close()

    def check(self) -> list[str]:
        return invariants.check(self)

    def _plan(self) -> None:
        at = self.clock.seconds
        for _ in range(MESSAGES):
            at += self.random.choice((0.0, 0.01, 0.5, 3.0)) * self.random.random()
            self.later(at, lambda: self.send(self.shop.new_call()))
        self.ends = at + 60.0
        for paused in (True, False):
            if self.random.random() < 0.3:
                self.later(self._sometime(), lambda paused=paused: self.pause(paused=paused))
        for _ in range(self.random.choice((0, 1, 5))):
            self.later(self._sometime(), self.cancel)
        if self.random.random() < 0.15:
            self.later(self._sometime() - 20, self.take_backup)
            self.later(self._sometime() + 20, self.restore_backup)

    def _sometime(self) -> float:
        return self.clock.seconds + self.random.random() * (self.ends - self.clock.seconds)

    def _go_on(self) -> None:
        while self.clock.seconds < self.ends:
            self.step(self.dispatchers)

    def _end_faults(self) -> None:
        """No further faults; staff close breakers, and time runs on until nothing is in flight."""
        self.chance.is_calm = True
        Provider.objects.update(paused=False)
        ConfigurationStamp.touch()
        for _ in range(MAX_STEPS):
            self.step(self.dispatchers)
            if self.random.random() < 0.02:
                self._close_breakers()
                self.pass_time(5.0)
                if self._is_drained():
                    return
        self.violations.append("messages are still under way after the faults ended")

    def _close_breakers(self) -> None:
        for state in ProviderState.objects.filter(breaker="open", probe_at=None).select_related("provider"):
            circuit_breaker.close_by_hand(state.provider)

    def _is_drained(self) -> bool:
        if self.events or not all(each.is_idle for each in self.dispatchers):
            return False
        unread = Callback.objects.filter(read_at=None).exists()
        return not unread and not Message.objects.filter(status__in=UNDER_WAY).exists()

    def _digest(self) -> str:
        rows = list(Message.objects.order_by("id").values_list("id", "status", "attempts_made", "code", "updated_at"))
        arrivals = [(each.reference, each.text, each.at) for each in self.vendors.ledger]
        return hashlib.sha256(repr((rows, arrivals)).encode()).hexdigest()[:16]


def simulate(seed: int, prepared: sqlite3.Connection) -> Outcome:
    simulation = Simulation(seed)
    simulation.run(prepared)
    chance = simulation.chance
    return Outcome(
        seed,
        simulation.messages,
        chance.kills,
        chance.counts,
        simulation.states,
        simulation.violations,
        simulation.digest,
    )
