"""Random histories: the simulation, with more actions of staff. Each message of a seed is one history."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from sms.models import Message, Provider
from sms.services.queue.errors import ActionRefused
from sms.services.staff import message_actions
from sms.services.staff.explanation import Rows, explain
from tests.simulation.simulation import Simulation

from .checker import rebuild

ACTIONS = 12
"""Of staff, in each seed: most are refused."""


@dataclass
class Totals:
    histories: int = 0
    steps: int = 0
    mismatches: int = 0


class Histories(Simulation):
    """A seed of the simulation in which staff resend, move, settle and cancel. `found` are its messages, explained."""

    found: list[tuple[dict[str, Any], dict[str, Any]]]

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.staff = Random(seed)

    def _plan(self) -> None:
        super()._plan()
        for _ in range(ACTIONS):
            self.later(self._sometime(), self.act)

    def act(self) -> None:
        message = self.staff.choice([*Message.objects.order_by("id").values_list("id", flat=True), None])
        provider = self.staff.choice(Provider.objects.order_by("id").values_list("id", flat=True))
        words: dict[str, Any] = {"actor": "staff", "reason": "simulated"}
        actions = [
            partial(message_actions.resend, provider_id=self.staff.choice([None, provider])),
            partial(message_actions.move, provider_id=provider),
            partial(message_actions.settle_unconfirmed, went_out=self.staff.random() < 0.5),
            message_actions.cancel,
        ]
        with suppress(ActionRefused):
            self.staff.choice(actions)(message, **words)

    def check(self) -> list[str]:
        self.found = [(explained(message), state_of(message)) for message in Message.objects.order_by("id")]
        return []


def explained(message: Message) -> dict[str, Any]:
    """The JSON without the state, which the checker rebuilds."""
    told = json.loads(json.dumps(explain(message, Rows.of(message)), cls=DjangoJSONEncoder))
    del told["state"]
    return told


def state_of(message: Message) -> dict[str, Any]:
    provider = message.provider.slug if message.provider else ""
    return {
        "status": message.status,
        "provider": provider,
        "attempts": message.attempts_made,
        "code": message.code,
    }


def mismatches(seed: int, prepared: sqlite3.Connection, totals: Totals) -> Iterator[str]:
    """What the checker rebuilds otherwise than it is stored, in words."""
    simulation = Histories(seed)
    simulation.run(prepared)
    for told, state in simulation.found:
        totals.histories += 1
        totals.steps += len(told["history"])
        if (rebuilt := rebuild(told)) != state:
            totals.mismatches += 1
            yield f"mismatch, --seed {seed}: {told['message']['id']} is {state}, rebuilt {rebuilt}"


def run(seeds: Iterable[int], prepared: sqlite3.Connection, histories: int) -> Totals:
    """Check seeds until there are so many histories. Prints each mismatch with its seed."""
    totals = Totals()
    for seed in seeds:
        if totals.histories >= histories:
            break
        for each in mismatches(seed, prepared, totals):
            print(each, flush=True)
    return totals
