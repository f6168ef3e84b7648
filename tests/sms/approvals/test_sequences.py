"""Random sequences of what staff, vendors and shops do: no handset shows a text other than the accepted one.

The vendor sends its own registered text of an id, whatever is stored here. Staff are truthful: they call approved
what the vendor has approved. They edit templates as they like, in any of the three ways. The vendor drops ids on its
side without a word, and restores some of them later.
"""

from __future__ import annotations

import logging
import random
from collections import Counter
from dataclasses import dataclass, field

import pytest
from django.db import transaction

from providers.base import Failure, Misconfigured
from sms.domain.matching.templates import Body, parse_body
from sms.domain.matching.vendor_text import of_body
from sms.domain.routing import Candidate
from sms.models import ApprovalDoubt, MessageTemplate, Provider
from sms.services.configuration import snapshot
from sms.services.database import clock
from sms.services.dispatch import approval_doubt
from sms.services.dispatch.eligibility import Judge, Reschedule
from sms.services.dispatch.outbound import outbound
from sms.services.queue.due import Due
from sms.services.queue.jobs import Send
from sms.services.queue.queue_state import QueueSnapshot
from tests.sms.approvals.vendor import Registry
from tests.sms.approvals.ways import WAYS, Way

TO = "+994501234567"
FEW, MANY, PARTS = 50, 10_000, 20
STEPS = 12
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
        by_staff = (self.edit, self.edit, self.approve, self.approve, self.approve, self.end, self.change_text)
        by_vendor = (self.drop, self.restore) if self.registry.dropped else (self.drop, self.drop)
        self.chance.choice((*by_staff, *by_vendor))()
        self.send_all()

    def way(self) -> Way:
        return self.chance.choice(self.ways)

    def edit(self) -> None:
        self.way().edit(self.chance.choice("ab"), self.chance.choice(BODIES))
        self.done["edits"] += 1

    def approve(self) -> None:
        """The vendor approves the current text, with its parameters in any order, and staff store it."""
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

    def drop(self) -> None:
        """The vendor knows an id no more; nobody is told."""
        known = [text.key for text in self.texts if text.in_use and text.key not in self.registry.dropped]
        if known:
            self.registry.dropped.add(self.chance.choice(known))
            self.done["drops"] += 1

    def restore(self) -> None:
        """The vendor knows an id again, and the next probe is due."""
        if self.registry.dropped:
            self.registry.dropped.remove(self.chance.choice(sorted(self.registry.dropped)))
            ApprovalDoubt.objects.update(probe_at=clock.now())
            self.done["restores"] += 1

    def send_all(self) -> None:
        bodies = [parse_body(body) for body in BODIES]
        for body in [*bodies, *(text.body for text in self.texts)]:
            self.send(body.render({name: self.chance.choice(VALUES) for name in body.names}))

    def send(self, text: str) -> None:
        decision = snapshot.current().decide(text=text, sender="AKINON", to=TO, client=1, is_otp=False)
        owners = {each.template for each in self.texts if each.in_use and gives(each.body, text)}
        if decision.eligible:
            assert self.handset_shows(decision.eligible[0]) == text
            self.dispatch(text)
        else:
            assert decision.code == ("template_ambiguous" if owners else "template_not_matched"), text
            assert len(owners) != 1, f"{text} is registered, and was refused"
            self.done["refused"] += 1

    def dispatch(self, text: str) -> None:
        """As a dispatcher does with an accepted message: it calls until the vendor takes it, or lets it wait."""
        known = [each for each in self.texts if each.in_use and each.key not in self.registry.dropped]
        able = {each.template for each in known if gives(each.body, text)}
        for _ in range(len(self.texts) + 1):
            job = self.claim(text)
            if job is None:
                assert len(able) != 1, f"{text} waits, and {able} would be sent"
                self.done["waited"] += 1
                return
            if self.call(job):
                assert self.handset_shows_of(job) == text
                assert able, text
                self.done["sent"] += 1
                return
        raise AssertionError(f"{text} was refused more often than it has approvals")

    def claim(self, text: str) -> Send | None:
        queue = QueueSnapshot(0.0, clock.now(), (), (), False, 0)
        account = next(iter(snapshot.current().accounts.values()))
        judge = Judge(queue, snapshot.current(), frozenset([account.id]), doubts=approval_doubt.read_doubts())
        due = due_message(text, account.id)
        verdict = judge.judge(due, [], is_claimed=True)
        if isinstance(verdict, Reschedule):
            assert "which is in doubt (111)" in verdict.waiting_for
            return None
        doubts = tuple(doubt.id for doubt in judge.doubts_of(verdict, due))
        sms = outbound(due, due.id, account, verdict)
        return Send(due, due.id, account, sms, 0.0, 0.0, approval=verdict.approval, doubts=doubts)

    def call(self, job: Send) -> bool:
        """Whether the vendor takes it; what its answer says of the approval is taken in."""
        is_known = job.sms.vendor_template not in self.registry.dropped
        refusal = None if is_known else Misconfigured(Failure.CONFIG, "111", "The template is not known.")
        approval_doubt.record_outcomes(job.account, [(job, refusal)])
        self.done["probes"] += bool(job.doubts)
        self.done["doubts ended"] += bool(job.doubts) and is_known
        return is_known

    def handset_shows_of(self, job: Send) -> str:
        return self.registry.handset_shows(job.sms.vendor_template or "", tuple(v for _, v in job.sms.parameters))

    def handset_shows(self, chosen: Candidate) -> str:
        return self.registry.handset_shows(chosen.vendor_template or "", tuple(v for _, v in chosen.parameters))


def due_message(text: str, provider: int) -> Due:
    now = clock.now()
    return Due(
        id=clock.new_id(),
        client=1,
        provider=provider,
        attempts_made=1,
        attempts_before=0,
        to=TO,
        sender="AKINON",
        text=text,
        is_otp=False,
        decision={"candidates": [{"provider": provider}]},
        pinned_provider=None,
        in_doubt=False,
        crashes=0,
        expires_at=now,
        created_at=now,
        version=None,
        waiting_for="",
        parameters=None,
    )


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
    by_staff = ("edits", "approvals", "ends", "changed texts", "sent", "refused")
    assert min(done[name] for name in by_staff) > FEW // 4
    assert min(done[name] for name in ("drops", "restores", "waited", "probes", "doubts ended")) > 0


@pytest.mark.faults
@pytest.mark.any_database
@pytest.mark.parametrize("part", range(PARTS))
def test_ten_thousand_sequences_change_nothing_of_what_a_handset_shows(only: Provider, part: int, caplog):
    """In parts, which a runner with several processes shares among them."""
    caplog.set_level(logging.CRITICAL)  # kept log lines would grow to gigabytes
    size = MANY // PARTS
    done = run(range(FEW + part * size, FEW + (part + 1) * size))
    print(dict(done))
    assert done["sent"] > size
