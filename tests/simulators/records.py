"""What arrived, and what was accepted how often: the evidence that the fault suite asks for."""

from __future__ import annotations

import base64
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .wire import Request

if TYPE_CHECKING:
    from .vendor import Verdict


@dataclass(slots=True)
class Call:
    """One call. Times are of the machine's monotonic clock (the same in every process), `ended` None while it lasts."""

    record: Record
    number: int
    request: Request
    stage: str
    accepted: bool
    fault: str
    key: str
    phone: str
    reference: str
    fields: dict[str, Any]
    violations: list[str]
    ended: float | None = None
    status: int | None = None
    """The status that was answered; 0 where the answer was not a whole one."""

    def close(self, status: int) -> None:
        self.ended = time.monotonic()
        self.status = status
        self.record.in_flight -= 1

    def as_json(self) -> dict[str, Any]:
        request = self.request
        own = ("number", "stage", "accepted", "fault", "key", "phone", "reference", "fields", "violations", "status")
        return {
            **{name: getattr(self, name) for name in own},
            "method": request.method,
            "target": request.target,
            "headers": request.headers,
            "body": base64.b64encode(request.body).decode(),
            "peer": request.peer,
            "arrived": request.arrived,
            "ended": self.ended,
        }


@dataclass(slots=True)
class Record:
    """Calls in order (the newest `keep` of them) and counts that never forget."""

    keep: int
    calls: deque[Call] = field(default_factory=deque)
    total: int = 0
    accepted: Counter[str] = field(default_factory=Counter)
    accepted_by_reference: dict[str, Verdict] = field(default_factory=dict)
    in_flight: int = 0
    in_flight_peak: int = 0

    def open(self, request: Request, verdict: Verdict, accepted: bool, fault: str) -> Call:
        call = Call(
            self,
            self.total,
            request,
            verdict.stage,
            accepted,
            fault,
            verdict.key,
            verdict.phone,
            verdict.reference,
            verdict.fields,
            verdict.violations,
        )
        self.total += 1
        self.calls.append(call)
        if len(self.calls) > self.keep:
            self.calls.popleft()
        self.in_flight += 1
        self.in_flight_peak = max(self.in_flight_peak, self.in_flight)
        return call

    def accept(self, verdict: Verdict) -> None:
        self.accepted[verdict.key] += 1
        if verdict.reference:
            self.accepted_by_reference[verdict.reference] = verdict

    def counts(self) -> dict[str, int]:
        return {
            "calls": self.total,
            "accepted": self.accepted.total(),
            "in_flight": self.in_flight,
            "in_flight_peak": self.in_flight_peak,
        }
