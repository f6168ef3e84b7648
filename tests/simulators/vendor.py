"""What all simulated vendors share: calls are judged, faults applied, everything recorded.

A vendor's own module says how a request is judged (`judge`), what a report looks like
(`push`), and which answers its document lists (`documented`).
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, ClassVar

from .answers import ANSWERS, words
from .callbacks import Deliverer, Push, Step, read_plan
from .control import Control
from .faults import Fault, Script
from .misbehaviour import MISBEHAVIOUR
from .records import Call, Record
from .wire import Answer, Connection, Request

SHARED_SETUP: dict[str, Any] = {
    "latency": 0.0,  # seconds before each answer
    "callbacks": "on_time",
    "callback_soon": 0.05,  # seconds from the acceptance to a report that is on time
    "callback_late": 5.0,  # seconds to one that is late
    "keep_calls": 100_000,  # how many calls are kept in full; the counts go on
}


@dataclass(slots=True)
class Verdict:
    """What the vendor makes of a request. `key` tells equal messages apart from different ones."""

    answer: Answer
    accepted: bool = False
    stage: str = "send"
    key: str = ""
    phone: str = ""
    reference: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    """What the document does not allow or mention, though the vendor may let it pass."""


class RefusalError(Exception):
    """The request earns this code of the vendor's document; `detail` is what its words name."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}")
        self.code = code
        self.detail = detail


class UnknownSettingError(ValueError):
    """The control endpoint was told to set something that this vendor hasn't got."""


class Simulator:
    """One vendor's side of the wire."""

    name: ClassVar[str]
    defaults: ClassVar[dict[str, Any]]

    def __init__(self, **setup: Any) -> None:
        self.initial = {**copy.deepcopy(SHARED_SETUP), **copy.deepcopy(self.defaults), **setup}
        self.setup = copy.deepcopy(self.initial)
        self.connections: set[Connection] = set()
        self.playing: set[Connection] = set()
        self.script = Script()
        self.record = Record(self.setup["keep_calls"])
        self.deliverer = Deliverer()
        self.tasks: set[asyncio.Task[None]] = set()
        self.control = Control(self)
        self.usual_plan = self.read_plan(self.setup["callbacks"])

    # What each vendor says for itself

    def judge(self, request: Request) -> Verdict:
        """What the vendor's document makes of this request. Changes nothing."""
        raise NotImplementedError

    def documented(self, code: str, status: int | None) -> Answer:
        """The answer that the document lists under this code. Raises KeyError."""
        raise NotImplementedError

    def wrong_types(self, variant: str | None) -> Answer:
        """A success whose JSON has other types than the document's. Raises KeyError."""
        raise KeyError(variant)

    def took(self, verdict: Verdict, fault: Fault | None) -> None:
        """The message was accepted: a vendor that keeps a balance or a state does it here."""

    def refused(self, verdict: Verdict, request: Request) -> None:
        """The request was bad: a vendor that counts those does it here."""

    def push(self, verdict: Verdict, step: Step) -> Push | None:
        """The report of this step, or None where the vendor has nowhere to send it."""
        return None

    # The call's way through

    def handle(self, connection: Connection, request: Request) -> None:
        if request.path.startswith("/_sim/"):
            connection.answer(self.control.answer(request))
            return
        verdict = self.judge(request)
        fault = self.script.take(verdict.stage, phone=verdict.phone, reference=verdict.reference, body=request.body)
        call = self.open(request, verdict, fault)
        if fault is None and not self.setup["latency"] and not self.early(verdict, call):
            self.settle(call, verdict, None)
            self.finish(connection, call, verdict.answer)
            return
        self.playing.add(connection)
        self.run(self.play(connection, call, verdict, fault))

    def open(self, request: Request, verdict: Verdict, fault: Fault | None) -> Call:
        accepted = verdict.accepted and (fault is None or fault.accepted)
        if not accepted and fault is None:
            self.refused(verdict, request)
        return self.record.open(request, verdict, accepted, fault.kind if fault else "")

    def early(self, verdict: Verdict, call: Call) -> bool:
        return call.accepted and any(step.early for step in self.usual_plan)

    def plan(self, fault: Fault | None) -> list[Step]:
        return self.usual_plan if fault is None or fault.callbacks is None else self.read_plan(fault.callbacks)

    def read_plan(self, plan: Any) -> list[Step]:
        return read_plan(plan, soon=self.setup["callback_soon"], late=self.setup["callback_late"])

    def settle(self, call: Call, verdict: Verdict, fault: Fault | None) -> list[Step]:
        """Take the message, if it is to be taken; returns the reports that go out before the answer."""
        if not call.accepted:
            return []
        self.record.accept(verdict)
        self.took(verdict, fault)
        steps = self.plan(fault)
        for step in steps:
            if not step.early:
                self.push_later(verdict, step)
        return [step for step in steps if step.early]

    def push_later(self, verdict: Verdict, step: Step) -> None:
        if self.push(verdict, step) is not None:
            self.deliverer.later(step.after, lambda: self.push(verdict, step))

    async def play(self, connection: Connection, call: Call, verdict: Verdict, fault: Fault | None) -> None:
        """The call's way where it takes time or goes wrong."""
        for step in self.settle(call, verdict, fault):
            await self.deliverer.deliver(self.push(verdict, step))
        await asyncio.sleep(self.setup["latency"] + (fault.delay if fault else 0))
        misbehave = MISBEHAVIOUR.get(fault.kind) if fault else None
        if fault is None or misbehave is None:
            self.finish(connection, call, self.replaced(verdict, fault))
        else:
            await misbehave(connection, fault.options, verdict.answer)
            call.close(0)
        self.playing.discard(connection)

    def replaced(self, verdict: Verdict, fault: Fault | None) -> Answer:
        """The answer that the fault puts in place of the vendor's own."""
        if fault is None or fault.kind == "none":
            return verdict.answer
        options = fault.options
        if fault.kind == "code":
            return self.documented(str(options["code"]), options.get("status"))
        if fault.kind == "wrong_types":
            return self.wrong_types(options.get("variant"))
        if fault.kind == "word":
            return words(options["word"], options.get("form", "json"), options.get("status", 400))
        genuine = self.documented(str(options["code"]), options.get("status")) if "code" in options else verdict.answer
        return ANSWERS[fault.kind](options, genuine)

    def finish(self, connection: Connection, call: Call, answer: Answer) -> None:
        call.close(answer.status)
        connection.answer(answer)

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    # What the control endpoint does

    def check_fault(self, fault: Fault) -> None:
        """Raises KeyError or PlanError where the fault can't be played, so that a slip is loud at once."""
        self.plan(fault)
        if fault.kind in ("code", "wrong_types", "word"):
            self.replaced(Verdict(Answer(200)), fault)

    def configure(self, changes: dict[str, Any]) -> None:
        """Set what the vendor's staff would set. Raises UnknownSettingError or PlanError and changes nothing."""
        unknown = set(changes) - set(self.setup)
        if unknown:
            raise UnknownSettingError(f"{self.name} has no {sorted(unknown)}; it has {sorted(self.setup)}")
        if "callbacks" in changes:
            self.read_plan(changes["callbacks"])
        self.setup.update(changes)
        self.usual_plan = self.read_plan(self.setup["callbacks"])

    def push_by_hand(self, reference: str, step: Step) -> None:
        """Send a report of an accepted message. Raises KeyError if none has this reference."""
        self.push_later(self.record.accepted_by_reference[reference], step)

    def reset(self, *, setup: bool) -> None:
        """Forget what happened and what is scripted; with `setup`, go back to the first settings too."""
        self.release()
        self.script = Script()
        self.deliverer.forget()
        if setup:
            self.configure(copy.deepcopy(self.initial))
        self.record = Record(self.setup["keep_calls"])

    def release(self) -> None:
        """End every call that hangs or drips: its connection is closed."""
        for connection in list(self.playing):
            connection.transport.abort()

    def stop(self) -> None:
        self.deliverer.forget()
        for task in self.tasks:
            task.cancel()
        for connection in list(self.connections):
            connection.transport.abort()
