"""Random sequences of what staff, vendors and shops do: no handset shows a text other than the accepted one.

The vendor sends its own registered text of an id, whatever is stored here. Staff are truthful: they call approved
what the vendor has approved. They edit templates as they like, in any of the three ways.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

import pytest
from django.db import transaction

from sms.domain.matching.templates import Body, parse_body
from sms.domain.matching.vendor_text import of_body
from sms.domain.routing import Candidate
from sms.models import MessageTemplate, Provider
from sms.services.configuration import snapshot
from tests.sms.approvals.vendor import Registry
from tests.sms.approvals.ways import WAYS, Way

TO = "+994501234567"
FEW, MANY = 60, 10_000
STEPS = 8
BODIES = (
    "Kod {code}. Paylasmayin.",
    "Kodunuz {code}. Paylasmayin.",
    "Kodunuz: {code}",
    "Hello {name}, order {order}",
    "Hello {order}, order {name}",
    "Hello {name}, your order {order} is here",
    "Hello {name}",
    "Hello {name}!",
    "Salam {name}, {{{order}}} yolda",
    "Sifariş {order} hazırdır",
    "Sifariş hazırdır",
)
VALUES = ("17", "Aysel", "7", "Hello", "17. Paylasmayin", "Aysel, order 7", "Ə", "x{y}", "%1")


@dataclass
class Registered:
    """A text that the vendor has under an id; `order` are our placeholders in the order of %1, %2 …"""

    template: str
    key: str
    body: Body
    order: list[str]
    in_use: bool = False


@dataclass
class World:
    chance: random.Random
    ways: list[Way]
    registry: Registry
    texts: list[Registered] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)

    def step(self) -> None:
        action = self.chance.choice((self.edit, self.edit, self.approve, self.approve, self.end, self.change_text))
        action()
        self.send_all()

    def way(self) -> Way:
        return self.chance.choice(self.ways)

    def edit(self) -> None:
        self.way().edit(self.chance.choice("ab"), self.chance.choice(BODIES))
        self.done["edits"] += 1

    def approve(self) -> None:
        """The vendor approves the text of now, with its parameters in any order, and staff store it."""
        template = MessageTemplate.objects.order_by("?").first()
        if template is None:
            return
        body = parse_body(template.body)
        order = self.chance.sample(body.names, len(body.names))
        key = self.registry.register(numbered(body, order))
        self.texts.append(Registered(template.name, key, body, order, in_use=True))
        said = {"text": self.registry.texts[key]} if self.chance.random() < 0.5 else {}
        self.way().approval(template.name, "only", vendor_template=key, parameters=order, status="approved", **said)
        self.done["approvals"] += 1

    def end(self) -> None:
        used = [text for text in self.texts if text.in_use]
        if used:
            text = self.chance.choice(used)
            text.in_use = False
            self.way().approval(text.template, "only", vendor_template=text.key, parameters=text.order, status="ended")
            self.done["ends"] += 1

    def change_text(self) -> None:
        """The vendor changes a text under its id, and staff store the new one."""
        used = [text for text in self.texts if text.in_use]
        if not used:
            return
        text = self.chance.choice(used)
        fitting = [each for each in map(parse_body, BODIES) if set(each.names) == set(text.order)]
        text.body = self.chance.choice(fitting)
        self.registry.texts[text.key] = numbered(text.body, text.order)
        self.way().approval(
            text.template,
            "only",
            vendor_template=text.key,
            parameters=text.order,
            text=self.registry.texts[text.key],
            status="approved",
        )
        self.done["changed texts"] += 1

    def send_all(self) -> None:
        bodies = [parse_body(body) for body in BODIES]
        for body in [*bodies, *(text.body for text in self.texts)]:
            self.send(body.render({name: self.chance.choice(VALUES) for name in body.names}))

    def send(self, text: str) -> None:
        decision = snapshot.current().decide(text=text, sender="AKINON", to=TO, client=1, is_otp=False)
        owners = {each.template for each in self.texts if each.in_use and gives(each.body, text)}
        if decision.eligible:
            assert self.handset_shows(decision.eligible[0]) == text
            self.done["sent"] += 1
        else:
            assert decision.code == ("template_ambiguous" if owners else "template_not_matched"), text
            assert len(owners) != 1, f"{text} is registered, and was refused"
            self.done["refused"] += 1

    def handset_shows(self, chosen: Candidate) -> str:
        return self.registry.handset_shows(chosen.vendor_template or "", tuple(v for _, v in chosen.parameters))


def numbered(body: Body, order: list[str]) -> str:
    parts = of_body(body, [(name, name) for name in order]).parts
    return "".join(part if isinstance(part, str) else f"%{part + 1}" for part in parts)


def gives(body: Body, text: str) -> bool:
    """Whether a template can give a text, by trying every split: slow and obvious."""

    def fits(parts: tuple[object, ...], rest: str) -> bool:
        if not parts:
            return not rest
        first, *others = parts
        if isinstance(first, str):
            return rest.startswith(first) and fits(tuple(others), rest[len(first) :])
        return any(fits(tuple(others), rest[size:]) for size in range(1, len(rest) + 1))

    return fits(body.parts, text)


def play(seed: int, ways: list[Way]) -> Counter[str]:
    world = World(random.Random(seed), ways, Registry())
    with transaction.atomic():
        for _ in range(STEPS):
            world.step()
        transaction.set_rollback(True)
    snapshot.reset_cache()
    return world.done


def run(seeds: range) -> Counter[str]:
    ways = [make() for make in WAYS.values()]
    done: Counter[str] = Counter()
    for seed in seeds:
        try:
            done += play(seed, ways)
        except AssertionError as error:
            raise AssertionError(f"sequence {seed}: {error}") from error
    return done


@pytest.mark.any_database
def test_no_sequence_of_edits_and_approvals_changes_what_a_handset_shows(only: Provider):
    done = run(range(FEW))
    assert min(done[name] for name in ("edits", "approvals", "ends", "changed texts", "sent", "refused")) > FEW // 4


@pytest.mark.faults
@pytest.mark.any_database
def test_ten_thousand_sequences_change_nothing_of_what_a_handset_shows(only: Provider):
    done = run(range(FEW, FEW + MANY))
    print(dict(done))
    assert done["sent"] > MANY
