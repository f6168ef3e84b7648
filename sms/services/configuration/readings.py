"""Chooses the reading of a text with `/n`: first new lines, then what an approved template gives exactly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sms.domain.newline_escape import Escape, EscapedText, escapes_in, read
from sms.domain.routing import Candidate, Decision

from .snapshot import Snapshot

LONGEST = 1600
"""Code points of a text, once its new lines are made."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The text to send with its routing decision. `is_undecided`: it is not known whether a `/n` is a new line."""

    text: str
    decision: Decision
    is_undecided: bool = False


def route_text(
    now: Snapshot,
    raw_text: str,
    escape: Escape,
    *,
    sender: str,
    to: str,
    client: int,
    is_otp: bool,
    provider: int | None = None,
) -> Reading:
    """Read and route a text: the one function behind the live path and every page that explains it.

    `provider`: the only one that is considered, for a test of it.
    """

    def decide(text: str) -> Decision:
        if provider is not None:
            return now.check_providers([provider], text=text, sender=sender, is_otp=is_otp)
        return now.decide(text=text, sender=sender, to=to, client=client, is_otp=is_otp)

    return choose(read(raw_text, escape), decide)


def choose(escaped: EscapedText, decide: Callable[[str], Decision]) -> Reading:
    """The first reading, unless a provider that requires templates has one only for another reading.

    `decide` routes one text. The other readings are tried in their order; the first that an approved template gives
    exactly wins. So an equal call reads alike as long as the approved templates are the same.
    """
    first = Reading(escaped.text, decide(escaped.text))
    chosen = _of_template(escaped, first.decision, decide) or first
    is_decided = any(_gives(candidate) and not _escapes(candidate)[1] for candidate in chosen.decision.eligible)
    return Reading(chosen.text, chosen.decision, bool(escaped.doubtful) and not is_decided)


def _of_template(escaped: EscapedText, first: Decision, decide: Callable[[str], Decision]) -> Reading | None:
    is_missed = any(candidate.code == "template_not_matched" for candidate in first.candidates)
    if not is_missed or any(candidate.template for candidate in first.eligible):
        return None
    for text in escaped.other_readings():
        if len(text) <= LONGEST:
            decision = decide(text)
            if any(_gives(candidate) for candidate in decision.eligible):
                return Reading(text, decision)
    return None


def _gives(candidate: Candidate) -> bool:
    """Whether an approved template gives the reading, and none of its values holds what is surely a new line."""
    return bool(candidate.template) and not _escapes(candidate)[0]


def _escapes(candidate: Candidate) -> tuple[bool, bool]:
    """Whether one of the values holds a sure escape, and whether one holds a doubtful one."""
    found = [escapes_in(value) for value in (candidate.values or {}).values()]
    return any(sure for sure, _ in found), any(doubtful for _, doubtful in found)
