"""A message's timeline: everything that happened to it, in order, and what happens next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from providers.base import Failure, MessageState
from providers.marking import N_
from sms.domain import status_descriptions
from sms.domain.lifecycle import BAD_REPORTS, OUR_FAULTS, Outcome, Status, is_final
from sms.domain.quality.client_outcomes import ClientOutcome
from sms.domain.spellings import without_number
from sms.models import Attempt, DeliveryReport, Message, MessageEvent, MessageOutcome, Provider
from sms.services.database import clock
from sms.translation import translated

from .explanation import Rows, intake
from .message_filters import NO_REPORT_AFTER

GOOD, BAD, DOUBT, NEUTRAL = "good", "bad", "doubt", "neutral"
_TONE_OF_OUTCOME = {Outcome.ACCEPTED: GOOD, Outcome.REFUSED: BAD, Outcome.MISCONFIGURED: BAD}
_TONE_OF_REPORT = {
    MessageState.ACCEPTED: GOOD,
    MessageState.SENT: GOOD,
    MessageState.DELIVERED: GOOD,
    **dict.fromkeys(BAD_REPORTS, BAD),
}


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """`facts` are names and translated values; `exchange` is the raw request and response, if they are still stored."""

    at: datetime | None
    kind: str
    title: str
    tone: str = NEUTRAL
    says: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    candidates: tuple[dict[str, Any], ...] = ()
    exchange: tuple[str, str] | None = None
    who: str = ""


@dataclass(frozen=True)
class Timeline:
    entries: tuple[TimelineEntry, ...]
    next: str
    remedy: status_descriptions.Remedy | None
    attempts: tuple[Attempt, ...] = field(default=())


def timeline_of(message: Message, rows: Rows | None = None, *, shows_number: bool = False) -> Timeline:
    rows = rows or Rows.of(message)
    hidden = "" if shows_number else message.to
    accepted = [_accepted(message), _routed(message, intake(message, rows))]
    later = [_attempt(attempt, rows.slugs, hidden) for attempt in rows.attempts]
    later += [_report(report, rows.slugs) for report in rows.reports] + [_event(event) for event in rows.events]
    later += [_client_outcome(each, message) for each in rows.outcomes]
    later.sort(key=lambda entry: entry.at or message.created_at)
    entries = tuple(accepted + later)
    return Timeline(entries, _next(message, rows.slugs), _remedy(message, rows.attempts), rows.attempts)


def _accepted(message: Message) -> TimelineEntry:
    facts = [(N_("request id"), message.request_id)]
    if message.api_version:
        facts.append((N_("API version"), message.api_version))
    words = N_("Accepted from {client} as a test") if message.is_test else N_("Accepted from {client}")
    title = words.format(client=message.client.username)
    return TimelineEntry(message.created_at, "taken", title, GOOD, facts=tuple(facts))


def _routed(message: Message, decision: Mapping[str, Any]) -> TimelineEntry:
    """The routing decision that was made when the message was accepted."""
    template, is_held = message.template_version, decision["status"] == Status.HELD
    if is_held:
        title = N_("No approved template matches this text")
    elif template:
        title = N_("Matched template “{template}”, version {template_number}").format(
            template=template.template.name, template_number=template.number
        )
    else:
        title = N_("To be sent as free text")
    facts = [
        (N_("route"), decision["prefix"] or _("none")),
        (N_("encoding"), message.encoding),
        (N_("segments"), str(message.segments)),
    ]
    if message.smoothing:
        facts.append((N_("normalised"), ", ".join(message.smoothing)))
    tone = DOUBT if is_held else GOOD
    return TimelineEntry(
        message.created_at, "decided", title, tone, facts=tuple(facts), candidates=tuple(decision["candidates"])
    )


def _attempt(attempt: Attempt, slugs: Mapping[int | None, str], hidden: str) -> TimelineEntry:
    """`hidden`: the number, if the vendor's id must not show it."""
    outcome = Outcome(attempt.outcome) if attempt.outcome else None
    title = N_("Attempt {number} via {provider}: {outcome_text}").format(
        number=attempt.number, provider=slugs.get(attempt.provider_id, "?"), outcome_text=outcome or N_("under way")
    )
    facts = [("HTTP", str(attempt.http_status or "")), (N_("code"), attempt.code), (N_("took"), _duration(attempt))]
    facts.append((N_("vendor's id"), without_number(attempt.vendor_message_id, hidden)))
    facts.append((_("repeats"), _("an unconfirmed call, with its reference") if attempt.repeats else ""))
    exchange = (attempt.raw_request or "", attempt.raw_response or "")
    return TimelineEntry(
        attempt.started_at,
        "attempt",
        title,
        _TONE_OF_OUTCOME.get(outcome, DOUBT) if outcome else NEUTRAL,
        _attempt_description(attempt, outcome),
        tuple((name, value) for name, value in facts if value),
        exchange=exchange if any(exchange) else None,
    )


def _attempt_description(attempt: Attempt, outcome: Outcome | None) -> str:
    if attempt.detail:
        return attempt.detail
    exact = status_descriptions.of_code(attempt.code, outcome) if _is_ours(attempt) else None
    if exact:
        return exact.happened
    if attempt.failure:
        return status_descriptions.FAILURE[Failure(attempt.failure)].happened
    return (status_descriptions.OUTCOME[outcome] if outcome else status_descriptions.IN_FLIGHT).happened


def _is_ours(attempt: Attempt) -> bool:
    """Whether the attempt's code is ours, and not one of its vendor's that reads alike."""
    return attempt.http_status is None or attempt.code in OUR_FAULTS


def _duration(attempt: Attempt) -> str:
    if not attempt.finished_at:
        return ""
    return f"{(attempt.finished_at - attempt.started_at).total_seconds() * 1000:.0f} ms"


def _report(report: DeliveryReport, slugs: Mapping[int | None, str]) -> TimelineEntry:
    state = MessageState(report.state or report.status)
    words = N_("{provider} answers the status query: {state_text}") if report.is_poll else _REPORTS
    title = words.format(provider=slugs.get(report.provider_id, "?"), state_text=state)
    title = title if report.applied else N_("{title_text} (not applied)").format(title_text=title)
    says = report.reason or report.detail or status_descriptions.REPORT[state].happened
    said = (
        (N_("code"), report.code),
        (N_("says"), translated(report.detail)),
        (N_("failure"), translated(report.failure)),
        (N_("price"), report.price),
    )
    facts = tuple((name, value) for name, value in said if value) + _further_facts(report)
    tone = _TONE_OF_REPORT.get(state, NEUTRAL) if report.applied else NEUTRAL
    return TimelineEntry(report.received_at, "report", title, tone, says, facts)


_REPORTS = N_("{provider} reports: {state_text}")


def _further_facts(report: DeliveryReport) -> tuple[tuple[str, str], ...]:
    """Details of a report that only some vendors provide."""
    number = _("%(part)s of %(parts)s") % {"part": report.part, "parts": report.parts}
    part = ((N_("part"), number),) if report.part else ()
    left = ((N_("on its way"), _("never")),) if report.left is False else ()
    at = ((N_("vendor's time"), f"{report.vendor_at:%Y-%m-%d %H:%M:%S} UTC"),) if report.vendor_at else ()
    return part + left + at


_OUR_TEXTS = ("outcome", "detail")
"""Of an event's values: the others are codes and ids."""


def _client_outcome(found: MessageOutcome, message: Message) -> TimelineEntry:
    outcome = ClientOutcome(found.outcome)
    described = status_descriptions.CLIENT_OUTCOME[outcome]
    title = N_("{client} reports: {outcome_text}").format(
        client=message.client.username, outcome_text=described.happened
    )
    tone = BAD if outcome is ClientOutcome.NOT_RECEIVED else GOOD
    return TimelineEntry(found.at, "client-outcome", title, tone, described.remedy)


def _event(event: MessageEvent) -> TimelineEntry:
    facts = tuple(
        (str(key), translated(value) if key in _OUR_TEXTS else str(value))
        for key, value in event.detail.items()
        if value not in ("", None)
    )
    title = status_descriptions.EVENT.get(event.kind, event.kind)
    candidates = tuple((event.decision or {}).get("candidates", ()))
    return TimelineEntry(event.at, "event", title, NEUTRAL, event.reason, facts, candidates, who=event.actor)


def _next(message: Message, slugs: Mapping[int | None, str]) -> str:
    """What happens next without an action of staff; empty if nothing does."""
    status = Status(message.status)
    if status is Status.QUEUED:
        words = [N_("Sent to {provider} when it is due.").format(provider=slugs.get(message.provider_id, "?"))]
        if message.waiting_for:
            words.append(N_("It waits: {waiting_for_text}.").format(waiting_for_text=message.waiting_for))
        return " ".join([*words, N_("If it can't be sent in time, it expires.")])
    if status is Status.HELD and message.in_doubt:
        return N_("It may have been sent since the backup, so staff release or cancel it; otherwise it expires.")
    if status is Status.HELD:
        return N_("Sent as soon as an approved template matches its text; otherwise it expires.")
    if status is Status.SENDING:
        return N_("The vendor's response, or the time-out of the call, decides.")
    if status in (Status.SUBMITTED, Status.SENT):
        return _next_report(message, status)
    if status is Status.UNCONFIRMED:
        return N_("A late delivery report resolves it; otherwise staff do.")
    return ""


def _next_report(message: Message, status: Status) -> str:
    """What the vendor may still report, and what staff can do if it reports nothing."""
    then = f" {status_descriptions.OTP_NOT_RECEIVED}" if message.is_otp else ""
    return _awaited_report(message, status) + then


def _awaited_report(message: Message, status: Status) -> str:
    adapter = message.known_adapter_class
    if adapter is None:
        return N_("A delivery report updates it, if this vendor sends one.")
    if not adapter.reports:
        return N_(
            "Nothing: {adapter} sends no delivery reports and answers no status queries. This status is final."
        ).format(adapter=adapter.name)
    if is_final(status, adapter.strongest):
        return N_("Nothing: this is the final status that {adapter} reports.").format(adapter=adapter.name)
    return N_("A delivery report of {adapter} updates it.").format(adapter=adapter.name)


def _remedy(message: Message, attempts: tuple[Attempt, ...]) -> status_descriptions.Remedy | None:
    if message.is_otp and _lacks_report(message):
        return status_descriptions.OTP_WITHOUT_REPORT
    result = latest_result(message, attempts[-1] if attempts else None)
    return status_descriptions.remedy(
        Status(message.status),
        code=result.code,
        failure=result.failure,
        detail=result.detail,
        is_ours=result.is_ours,
    )


def _lacks_report(message: Message) -> bool:
    """Whether the vendor could have reported more, and has had the time to."""
    status, adapter = Status(message.status), message.known_adapter_class
    is_open = status in (Status.SUBMITTED, Status.SENT) and adapter is not None and bool(adapter.reports)
    if not is_open or adapter is None or is_final(status, adapter.strongest):
        return False
    return clock.now() - message.created_at > NO_REPORT_AFTER


class Result(NamedTuple):
    """The last result that is known of a message: of its delivery report, of its last attempt, or of a rule of ours.

    `is_ours`: its code is ours, and not a vendor's that reads alike. `meaning`: its code in the vendor's own table.
    """

    code: str
    detail: str
    failure: Failure | None
    is_ours: bool
    meaning: str = ""


def latest_result(message: Message, last: Attempt | None) -> Result:
    """An undelivered message has the code of its report; that of the attempt says only that the vendor accepted it."""
    is_reported = message.status == Status.UNDELIVERED
    if last is None or is_reported:
        meaning = _meaning(message.code, message.provider)
        return Result(message.code, message.detail or meaning, None, not is_reported, meaning)
    failure = Failure(last.failure) if last.failure else None
    if message.code not in ("", last.code):
        return Result(message.code, message.detail, failure, is_ours=True)
    meaning = _meaning(last.code, last.provider, failure)
    return Result(last.code, message.detail or last.detail or meaning, failure, _is_ours(last), meaning)


def _meaning(code: str, provider: Provider | None, failure: Failure | None = None) -> str:
    """The code's description in the vendor's own table; "" where the vendor's answer was not read as that."""
    vendor = provider.known_adapter_class if provider else None
    described = vendor.codes.get(code) if vendor else None
    return described[1] if described and failure in (None, described[0]) else ""
