"""The control endpoint `/_sim/…` on each vendor's port: what a test asks and says. client.py is its other side."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from .callbacks import Step
from .faults import read_fault
from .wire import Answer, Request, json_answer

if TYPE_CHECKING:
    from .vendor import Simulator


class Control:
    """Answers the control endpoint of one simulator."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.endpoints: dict[tuple[str, str], Callable[[Any], Any]] = {
            ("GET", "calls"): self.calls,
            ("GET", "accepted"): self.accepted,
            ("GET", "counts"): lambda _: simulator.record.counts(),
            ("GET", "deliveries"): lambda _: [delivery.as_json() for delivery in simulator.deliverer.deliveries],
            ("GET", "setup"): lambda _: simulator.setup,
            ("POST", "setup"): simulator.configure,
            ("GET", "faults"): lambda _: [fault.as_json() for fault in simulator.script.faults],
            ("POST", "faults"): self.add_faults,
            ("DELETE", "faults"): lambda _: simulator.script.faults.clear(),
            ("POST", "push"): self.push,
            ("POST", "release"): lambda _: simulator.release(),
            ("POST", "reset"): lambda said: simulator.reset(setup=bool((said or {}).get("setup"))),
        }

    def answer(self, request: Request) -> Answer:
        endpoint = self.endpoints.get((request.method, request.path.removeprefix("/_sim/")))
        if endpoint is None:
            return json_answer(
                {"error": f"the control endpoint has {sorted(' '.join(each) for each in self.endpoints)}"}, 404
            )
        try:
            said = json.loads(request.body) if request.body else dict(parse_qsl(request.query))
            return json_answer(endpoint(said))
        except (ValueError, KeyError, TypeError) as error:
            return json_answer({"error": f"{type(error).__name__}: {error}"}, 400)

    def calls(self, asked: dict[str, str]) -> list[dict[str, Any]]:
        """The calls from number `since` on."""
        since = int(asked.get("since", 0))
        return [call.as_json() for call in self.simulator.record.calls if call.number >= since]

    def accepted(self, asked: dict[str, str]) -> dict[str, int]:
        """How often each message was accepted; with `over=1` only those accepted more than once."""
        over = int(asked.get("over", 0))
        return {key: count for key, count in self.simulator.record.accepted.items() if count > over}

    def add_faults(self, said: Any) -> int:
        for value in said if isinstance(said, list) else [said]:
            self.simulator.check_fault(read_fault(value))
        return self.simulator.script.add(said)

    def push(self, said: dict[str, Any]) -> None:
        """Send a report by hand: `reference` and the fields of a step."""
        reference = said.pop("reference")
        self.simulator.push_by_hand(reference, Step(**said))
