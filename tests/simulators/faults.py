"""The script of faults: what goes wrong with which call. It only chooses; answers.py and misbehaviour.py play.

A fault is a JSON object: `fault` (its name) and, all optional,
`match`    {"phone": digits, "reference": id, "contains": text of the body}: only such calls; without it the next call
`on`       which kind of call: "send" (default), "status", "ping"
`times`    how many calls (default 1; 0: all from now on)
`accepted` whether the vendor takes the message, although its answer goes wrong (each fault has its default)
`delay`    seconds before the answer
`callbacks` the plan of delivery reports of this message (callbacks.py)
and the options of the fault itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

COMMON = {"fault", "match", "on", "times", "accepted", "delay", "callbacks", "final"}
STAGES = ("send", "status", "ping")
MATCHES = ("phone", "reference", "contains")


class ScriptError(ValueError):
    """The script names something that no simulator plays."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A fault's facts: is the message taken unless the script says otherwise, and which options it has."""

    accepted: bool
    options: frozenset[str] = frozenset()


def _kind(accepted: bool, *options: str) -> Kind:
    return Kind(accepted, frozenset(options))


KINDS: dict[str, Kind] = {
    "none": _kind(True),
    # Another answer
    "answer": _kind(False, "status", "headers", "body", "json", "content_type"),
    "code": _kind(False, "code", "status"),
    "word": _kind(False, "word", "form", "status"),
    "wrong_types": _kind(True, "variant"),
    "html": _kind(False, "status"),
    "redirect": _kind(False, "location", "status"),
    "status": _kind(False, "status"),
    "too_many": _kind(False, "retry_after"),
    "invalid_json": _kind(True, "status"),
    "oversize": _kind(True, "size"),
    "gzip_bomb": _kind(True),
    "encoded": _kind(True, "charset", "coding", "declared", "interim", "code", "status"),
    # A connection that goes wrong. `hang`, not accepted, stands for a vendor that never reads: nobody outside can tell
    "hang": _kind(False, "seconds"),
    "reset": _kind(False),
    "close": _kind(False),
    "half_headers": _kind(True),
    "half_body": _kind(True),
    "drip": _kind(True, "interval"),
}


@dataclass(slots=True)
class Fault:
    """One line of the script."""

    kind: str
    accepted: bool
    on: str = "send"
    match: dict[str, str] = field(default_factory=dict)
    left: int | None = 1
    """How many calls are still to go wrong; None: all."""
    delay: float = 0.0
    callbacks: Any = None
    final: Any = None
    options: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"fault": self.kind, "on": self.on, "match": self.match, "left": self.left, "accepted": self.accepted}


def read_fault(value: Any) -> Fault:
    """A fault from its JSON. Raises ScriptError on anything unknown, so that a slip in a test is loud."""
    if not isinstance(value, dict) or value.get("fault") not in KINDS:
        raise ScriptError(f"no such fault: {value!r}; there are {', '.join(KINDS)}")
    name = value["fault"]
    kind = KINDS[name]
    options = {key: value[key] for key in value if key not in COMMON}
    unknown = set(options) - kind.options
    stage = value.get("on", "send")
    match = value.get("match", {})
    if unknown or stage not in STAGES or set(match) - set(MATCHES):
        raise ScriptError(f"{name}: cannot read {value!r}; its options are {sorted(kind.options | COMMON)}")
    return Fault(
        kind=name,
        accepted=bool(value.get("accepted", kind.accepted)),
        on=stage,
        match=dict(match),
        left=value.get("times", 1) or None,
        delay=float(value.get("delay", 0)),
        callbacks=value.get("callbacks"),
        final=value.get("final"),
        options=options,
    )


class Script:
    """The faults that still wait for their call."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def add(self, value: Any) -> int:
        """Append one fault or a list of them; returns how many wait. Raises ScriptError and adds none if one is bad."""
        self.faults += [read_fault(each) for each in (value if isinstance(value, list) else [value])]
        return len(self.faults)

    def take(self, on: str, *, phone: str = "", reference: str = "", body: bytes = b"") -> Fault | None:
        """The fault for this call: one that matches it first, else the next unmatched one."""
        if not self.faults:
            return None
        here = [fault for fault in self.faults if fault.on == on]
        matching = (fault for fault in here if fault.match and _matches(fault.match, phone, reference, body))
        fault = next(matching, None) or next((fault for fault in here if not fault.match), None)
        if fault is not None and fault.left is not None:
            fault.left -= 1
            if not fault.left:
                self.faults.remove(fault)
        return fault


def _matches(match: dict[str, str], phone: str, reference: str, body: bytes) -> bool:
    if "phone" in match and digits(match["phone"]) != phone:
        return False
    if "reference" in match and match["reference"] != reference:
        return False
    return match.get("contains", "").encode() in body


def digits(phone: str) -> str:
    """A number's digits alone, so that +994…, 00994… and 994… are one."""
    bare = "".join(letter for letter in phone if letter.isdigit())
    return bare.removeprefix("00")
