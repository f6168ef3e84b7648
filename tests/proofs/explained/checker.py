"""Rebuilds a message's state from its explained JSON: from what intake decided, and what happened since, in order.

It uses no module of the product.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

AFTER_CALL = {"accepted": "submitted", "unconfirmed": "unconfirmed"}
"""After every other outcome the message waits for the same provider, unless a decision says something else."""
AFTER_REPORT = {"accepted": "submitted", "sent": "sent", "delivered": "delivered"}
"""Every other report that changes a message says that it did not arrive."""


def rebuild(told: Mapping[str, Any]) -> dict[str, Any]:
    state = {"status": told["intake"]["status"], "provider": told["intake"]["provider"], "attempts": 0, "code": ""}
    for step in told["history"]:
        state |= CHANGES[step["kind"]](state, step)
    return state


def call_begins(_: Mapping[str, Any], step: Mapping[str, Any]) -> dict[str, Any]:
    return {"status": "sending", "provider": step["provider"], "attempts": step["number"]}


def call_ends(state: Mapping[str, Any], step: Mapping[str, Any]) -> dict[str, Any]:
    """A late answer, or one after a report has changed the message, changes nothing."""
    if state["status"] != "sending" or step["number"] != state["attempts"]:
        return {}
    not_begun = step["outcome"] == "unavailable" and step["code"] == "lease_over"
    code = "" if step["outcome"] == "accepted" or not_begun else step["code"]
    return {"status": AFTER_CALL.get(step["outcome"], "queued"), "code": code}


def report_comes(state: Mapping[str, Any], step: Mapping[str, Any]) -> dict[str, Any]:
    """A report that changed only its attempt, or nothing, has a reason. Any other one brings its provider."""
    if not step["applied"] or step["reason"]:
        return {}
    status = AFTER_REPORT.get(step["state"], "undelivered")
    return {"status": status, "code": step["code"], "provider": step["provider"]}


def event_happens(state: Mapping[str, Any], step: Mapping[str, Any]) -> dict[str, Any]:
    decision = step["decision"] or {}
    provider = decision.get("to", state["provider"])
    return {
        "status": decision.get("status", state["status"]),
        "code": decision.get("code", state["code"]),
        "provider": provider,
    }


def client_reports(_state: Mapping[str, Any], _step: Mapping[str, Any]) -> dict[str, Any]:
    return {}


CHANGES = {
    "attempt_started": call_begins,
    "attempt_ended": call_ends,
    "report": report_comes,
    "poll_answer": report_comes,
    "event": event_happens,
    "client_outcome": client_reports,
}
