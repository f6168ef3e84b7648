"""What the documents say of a message's states, without the product's code.

A state may be left only as MOVES says for the step at hand. A call of a message may begin only while no earlier one
may have been sent, unless staff sent it again, or its route allows that an OTP is sent once more, by another provider.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

OUT = {"submitted", "sent", "delivered", "undelivered"}
GOOD = {"submitted", "sent", "delivered"}
MOVES: dict[str, dict[str, set[str]]] = {
    "claimed": {"queued": {"sending"}},
    "given back": {"sending": {"queued"}},
    "ended": {"sending": {"submitted", "queued", "failed", "unconfirmed", *OUT}},
    "lease over": {"sending": {"unconfirmed", "queued"}},
    "expired": {"queued": {"expired", "unconfirmed", *OUT}},
    "reported well": {
        **dict.fromkeys(("queued", "sending", "unconfirmed", "failed", "expired"), GOOD),
        "submitted": {"sent", "delivered"},
        "sent": {"delivered"},
        "undelivered": {"delivered"},
    },
    "reported badly": {
        **{state: {"undelivered", "queued"} for state in ("sending", "unconfirmed", "submitted", "sent")},
        **{state: {"undelivered"} for state in ("failed", "expired")},
    },
    "canceled": {"queued": {"canceled", "unconfirmed", *OUT}},
    "resent": {state: {"queued"} for state in OUT | {"unconfirmed", "failed", "expired", "canceled"}},
    "settled": {"unconfirmed": {"submitted", "failed"}},
}
"""For each step: from which state to which. Every step may also leave a state as it is."""


@dataclass
class Known:
    """What the model knows of one message."""

    status: str
    may_go_once_more: bool
    """An OTP whose route allows that it is sent once more after a doubt."""
    owner: uuid.UUID | None = None
    """The attempt whose claim holds the message. Any other may not move it."""
    maybe_out: dict[uuid.UUID, int] = field(default_factory=dict)
    """Calls that were begun, and that are not known to have sent nothing, with their providers."""
    calls: set[uuid.UUID] = field(default_factory=set)


def problem_of_move(step: str, before: str, after: str) -> str:
    if after == before or after in MOVES.get(step, {}).get(before, ()):
        return ""
    return f"{step}: {before} became {after}"


def problem_of_call(known: Known, attempt: uuid.UUID, provider: int) -> str:
    """Why this call must not be begun; "" if it may. The call is noted."""
    is_repeated, doubts = attempt in known.calls, dict(known.maybe_out)
    known.calls.add(attempt)
    known.maybe_out[attempt] = provider
    known.owner = attempt
    if is_repeated:
        return "an attempt was called twice"
    if len(doubts) > known.may_go_once_more:
        return f"called although {len(doubts)} earlier calls may have gone out"
    if provider in doubts.values():
        return "called again at the provider that may have sent it"
    return ""
