"""All that is known of one message, as plain values: the admin's page and JSON and `manage.py explain_message` show it.

From `intake` and `history` alone the message's state can be rebuilt (tests/proofs/explained/).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from providers.marking import N_
from sms.domain.lifecycle import Status
from sms.domain.phone import masked
from sms.domain.spellings import without_number
from sms.models import (
    Attempt,
    DeliveryReport,
    Message,
    MessageEvent,
    MessageOutcome,
    Provider,
    TemplateApproval,
    TemplateVersion,
)

Values = dict[str, Any]
Entry = tuple[tuple[datetime, int, int], Values]
"""A part of the history, with the key that orders it: its time, and for equal times the attempt and its stage."""
STARTED, PARKED, ENDED, SETTLED, REPORTED, DECIDED = range(6)
"""The order at the same moment. What a call's end leads to precedes a report, which may change it; other decisions
follow the report. The quarantine after a restore precedes them all."""


@dataclass(frozen=True)
class Rows:
    """The rows about one message."""

    attempts: tuple[Attempt, ...]
    reports: tuple[DeliveryReport, ...]
    events: tuple[MessageEvent, ...]
    outcomes: tuple[MessageOutcome, ...]
    slugs: Mapping[int | None, str]

    @classmethod
    def of(cls, message: Message) -> Rows:
        """One query for each table."""
        attempts = message.attempts.select_related("template_version", "provider").defer("provider__credentials")
        return cls(
            attempts=tuple(attempts.order_by("number")),
            reports=tuple(message.reports.order_by("id")),
            events=tuple(message.events.order_by("at", "id")),
            outcomes=tuple(MessageOutcome.objects.filter(message=message)),
            slugs={None: "", **dict(Provider.objects.values_list("pk", "slug"))},
        )

    @property
    def decisions(self) -> list[Mapping[str, Any]]:
        return [event.decision for event in self.events if event.decision]


def explain(message: Message, rows: Rows, *, shows_number: bool = False, shows_text: bool = False) -> Values:
    """`shows_text`: with the text, the parameters and the raw exchanges, which are never shown of an OTP."""
    shows_text = shows_text and not message.is_otp
    history = [values for _, values in sorted(_history(rows, shows_text), key=lambda entry: entry[0])]
    for step in history if not shows_number else ():
        if vendor_id := step.get("vendor_message_id"):
            step["vendor_message_id"] = without_number(vendor_id, message.to)
    accepted = intake(message, rows)
    _number_versions([accepted, *(step["decision"] for step in history if step.get("decision"))])
    return {
        "message": _identity(message, shows_number),
        "text": _text(message, shows_text),
        "parameters": message.parameters if shows_text else None,
        "approvals": _approvals(message, rows),
        "intake": accepted,
        "history": history,
        "staff": [_touch(event) for event in rows.events if event.actor],
        "state": {
            "status": message.status,
            "provider": rows.slugs.get(message.provider_id, ""),
            "attempts": message.attempts_made,
            "code": message.code,
        },
    }


def _identity(message: Message, shows_number: bool) -> Values:
    names = ("request_id", "api_version", "is_otp", "is_test", "created_at", "updated_at", "expires_at", "erased_at")
    return {
        "id": message.pk,
        "client": message.client.username,
        "from": message.sender,
        "to": message.to if shows_number else masked(message.to),
        **{name: getattr(message, name) for name in names},
    }


def _touch(event: MessageEvent) -> Values:
    return {"by": event.actor, "at": event.at, "what": event.kind, "reason": event.reason}


# --- the text --------------------------------------------------------------------------------------

SMOOTHING = {
    "nfc": N_("characters composed (NFC)"),
    "line_ends": N_("line ends as LF"),
    "outer_space": N_("outer white space cut"),
}


def _text(message: Message, shows_text: bool) -> Values:
    version = message.template_version
    return {
        "is_hidden": not shows_text,
        "received": message.raw_text if shows_text else None,
        "accepted": message.text if shows_text else None,
        "newlines_were_read": message.raw_text != message.text if message.text is not None else None,
        "newline_is_undecided": message.newline_is_undecided,
        "normalised": [SMOOTHING.get(step, step) for step in message.smoothing],
        "encoding": message.encoding,
        "segments": message.segments,
        "template": version and {"name": version.template.name, "version": version.number, "body": version.body},
    }


def _approvals(message: Message, rows: Rows) -> list[Values]:
    """The vendors' registered texts of the approvals that any decision named."""
    decisions = [message.decision or {}, *rows.decisions, *(each.get("replaced") or {} for each in rows.decisions)]
    wanted = {c.get("approval") for decision in decisions for c in decision.get("candidates", ())} - {None}
    found = TemplateApproval.objects.filter(pk__in=wanted).select_related("version", "template").order_by("id")
    return [_approval(each, rows) for each in (found if wanted else ())]


def _approval(approval: TemplateApproval, rows: Rows) -> Values:
    version = approval.version
    return {
        "id": approval.pk,
        "provider": rows.slugs.get(approval.provider_id, ""),
        "template": approval.template.name,
        "version": version and version.number,
        "vendor_template": approval.vendor_template,
        "registered_text": approval.text or (version and version.body),
        "parameters": approval.parameters,
    }


# --- decisions -------------------------------------------------------------------------------------


def intake(message: Message, rows: Rows) -> Values:
    """The decision at the time of the call, and the provider that it chose: later decisions keep what they replace."""
    decision = next((each["replaced"] for each in rows.decisions if "replaced" in each), message.decision) or {}
    first = next((each["from"] for each in rows.decisions if "from" in each), message.provider_id)
    status = Status.HELD if decision.get("code") else Status.QUEUED
    shares, candidates = decision.get("shares", {}), decision.get("candidates", ())
    return {
        "at": message.created_at,
        "status": status,
        "provider": rows.slugs.get(first, ""),
        "route": decision.get("route"),
        "prefix": decision.get("prefix", ""),
        "code": decision.get("code", ""),
        "shares": {rows.slugs.get(int(provider), ""): share for provider, share in shares.items()},
        "candidates": list(_passed_over(candidates, shares, first)),
    }


def _passed_over(candidates: Iterable[Values], shares: Mapping[str, int], chosen: int | None) -> Iterable[Values]:
    """The candidates; one that a share move passed over says so."""
    is_before = True
    for candidate in candidates:
        is_before = is_before and candidate.get("provider") != chosen
        share = shares.get(str(candidate.get("provider")))
        if is_before and share is not None and not candidate["code"]:
            reason = N_("A share move left it {share} % of the messages.").format(share=share)
            yield {**candidate, "code": "share", "reason": reason}
        else:
            yield {**candidate}


def _number_versions(decisions: Iterable[Values]) -> None:
    """Give the candidates the numbers of their templates' versions in place of the rows' ids."""
    candidates = [each for decision in decisions for each in decision.get("candidates", ()) if each.get("version")]
    wanted = {candidate["version"] for candidate in candidates}
    versions = TemplateVersion.objects.filter(pk__in=wanted).values_list("pk", "number")
    numbers = dict(versions) if wanted else {}
    for candidate in candidates:
        candidate["version"] = numbers.get(candidate["version"])


# --- the history -----------------------------------------------------------------------------------


def _history(rows: Rows, shows_text: bool) -> Iterable[Entry]:
    attempts = {str(attempt.pk): attempt for attempt in rows.attempts}
    numbers = {attempt.pk: attempt.number for attempt in rows.attempts}
    starts = _starts(rows, attempts)

    def latest(at: datetime) -> int:
        return max((number for number, start in starts.items() if start < at), default=0)

    for attempt in rows.attempts:
        yield (starts[attempt.number], attempt.number, STARTED), _started(attempt, rows)
        if attempt.finished_at is not None:
            yield (attempt.finished_at, attempt.number, ENDED), _ended(attempt, rows, shows_text)
    for report in rows.reports:
        number = numbers.get(report.attempt_id) or 0
        key = (report.received_at, max(number, latest(report.received_at)), REPORTED)
        yield key, _report(report, number, rows)
    for event in rows.events:
        yield (event.at, latest(event.at), _stage(event, attempts)), _event(event, rows)
    for outcome in rows.outcomes:
        told = {"kind": "client_outcome", "at": outcome.at, "outcome": outcome.outcome}
        yield (outcome.at, 0, DECIDED), told


def _starts(rows: Rows, attempts: Mapping[str, Attempt]) -> dict[int, datetime]:
    """When each attempt began, by its number: never before the end of the earlier one led to it, although the time of
    its start is read before the claim, which may wait for a lock."""
    moved = {
        attempts[event.decision["attempt"]].number: event.at for event in rows.events if _is_of_call(event, attempts)
    }
    return {each.number: max(each.started_at, moved.get(each.number - 1, each.started_at)) for each in rows.attempts}


def _stage(event: MessageEvent, attempts: Mapping[str, Attempt]) -> int:
    if event.kind == "parked":
        return PARKED
    return SETTLED if event.kind == "expired" or _is_of_call(event, attempts) else DECIDED


def _is_of_call(event: MessageEvent, attempts: Mapping[str, Attempt]) -> bool:
    """Whether the end of a call led to this decision."""
    decision = event.decision or {}
    ended = attempts.get(decision.get("attempt") or "")
    return ended is not None and (ended.finished_at, ended.code) == (event.at, decision.get("code"))


def _of_attempt(kind: str, attempt: Attempt, at: datetime, rows: Rows) -> Values:
    provider = rows.slugs.get(attempt.provider_id, "")
    return {"kind": kind, "at": at, "attempt": attempt.pk, "number": attempt.number, "provider": provider}


def _started(attempt: Attempt, rows: Rows) -> Values:
    version = attempt.template_version
    more = {"template_version": version and version.number, "repeats": attempt.repeats}
    return _of_attempt("attempt_started", attempt, attempt.started_at, rows) | more


def _ended(attempt: Attempt, rows: Rows, shows_text: bool) -> Values:
    names = ("outcome", "failure", "code", "detail", "http_status", "vendor_message_id", "polls", "poll_at")
    raw = ("raw_request", "raw_response") if shows_text else ()
    values = {name: getattr(attempt, name) for name in (*names, *raw)}
    return _of_attempt("attempt_ended", attempt, attempt.finished_at or attempt.started_at, rows) | values


def _report(report: DeliveryReport, number: int, rows: Rows) -> Values:
    names = (
        "code",
        "detail",
        "applied",
        "reason",
        "is_final",
        "left",
        "failure",
        "part",
        "parts",
        "vendor_at",
        "price",
    )
    return {
        "kind": "poll_answer" if report.is_poll else "report",
        "at": report.received_at,
        "number": number,
        "provider": rows.slugs.get(report.provider_id, ""),
        "state": report.state or report.status,
        **{name: getattr(report, name) for name in names},
    }


def _event(event: MessageEvent, rows: Rows) -> Values:
    decision = event.decision
    return {
        "kind": "event",
        "at": event.at,
        "what": event.kind,
        "by": event.actor,
        "reason": event.reason,
        "detail": event.detail,
        "decision": decision and _decision(decision, rows),
    }


def _decision(decision: Mapping[str, Any], rows: Rows) -> Values:
    """With the providers' slugs; without what it replaced, which the entries before it have."""
    kept = {name: value for name, value in decision.items() if name != "replaced"}
    if "candidates" in kept:
        kept["candidates"] = [{**candidate} for candidate in kept["candidates"]]
    return kept | {name: rows.slugs.get(decision[name], "") for name in ("from", "to") if name in decision}
