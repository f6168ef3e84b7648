"""Describes every status and code for staff: what happened, who is responsible, what to do.

The message page, the dashboard and the reference page read these tables. A test checks that no value is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from providers.base import Failure, MessageState, ReportChannel
from providers.marking import N_
from sms.domain.lifecycle import INTERNAL_FAULT, LEASE_OVER, Outcome, Status
from sms.domain.quality.client_outcomes import ClientOutcome


class Party(StrEnum):
    NOBODY = N_("nobody")
    US = N_("us")
    CLIENT = N_("the client")
    VENDOR = N_("the vendor")
    CARRIER = N_("the carrier or the recipient")
    UNKNOWN = N_("unknown")


@dataclass(frozen=True, slots=True)
class Description:
    """`happened` and `remedy` are sentences for staff. An empty remedy means that nothing is to be done."""

    happened: str
    responsible: Party = Party.NOBODY
    remedy: str = ""


STATUS: Mapping[Status, Description] = {
    Status.QUEUED: Description(N_("Stored and waiting in the queue. It was not sent to the vendor.")),
    Status.HELD: Description(
        N_("No approved template matches this text, so it waits. It was not sent to the vendor."),
        Party.US,
        N_("Approve a matching template, release the message to a provider that accepts free text, or cancel it."),
    ),
    Status.SENDING: Description(N_("The call to the vendor is in progress: the message may have been sent.")),
    Status.UNCONFIRMED: Description(
        N_("It may have been sent. It is never resent automatically, so that it can't arrive twice."),
        Party.UNKNOWN,
        N_("Ask the vendor or the recipient, then resolve the message as “sent” or “not sent”."),
    ),
    Status.SUBMITTED: Description(N_("The vendor accepted it.")),
    Status.SENT: Description(N_("The vendor reports that the carrier has it.")),
    Status.DELIVERED: Description(N_("The vendor reports that it was delivered.")),
    Status.UNDELIVERED: Description(
        N_("The vendor accepted it, then reported that it was not delivered."),
        Party.CARRIER,
        N_("Check the number with the client. Resend the message only if it is still wanted."),
    ),
    Status.FAILED: Description(
        N_("Every provider on its route rejected it. It was not sent."),
        Party.UNKNOWN,
        N_("Read the reason of the last attempt, correct the cause, and resend the message if it is still wanted."),
    ),
    Status.EXPIRED: Description(
        N_("Its time to live ended before it could be sent. It was not sent."),
        Party.VENDOR,
        N_("Check why its providers were unavailable. Resend the message only if it is still wanted."),
    ),
    Status.CANCELED: Description(N_("Staff canceled it before it was sent. The vendor does not have it.")),
}

OUTCOME: Mapping[Outcome, Description] = {
    Outcome.ACCEPTED: Description(N_("The vendor accepted the message.")),
    Outcome.REFUSED: Description(N_("The vendor rejected this message.")),
    Outcome.MISCONFIGURED: Description(N_("The provider can't send any message with its current settings.")),
    Outcome.UNAVAILABLE: Description(N_("The message was not sent. It is tried again.")),
    Outcome.UNCONFIRMED: Description(N_("The message may have been sent.")),
}

IN_FLIGHT = Description(N_("The call is in progress."))

REPORT: Mapping[MessageState, Description] = {
    MessageState.ACCEPTED: Description(N_("The vendor reports that it has the message; no carrier has it yet.")),
    MessageState.SENT: Description(N_("The vendor reports that the carrier has it.")),
    MessageState.DELIVERED: Description(N_("The vendor reports that it was delivered.")),
    MessageState.UNDELIVERED: Description(N_("The vendor reports that it was not delivered.")),
    MessageState.EXPIRED: Description(N_("The vendor reports that its validity period ended before it was delivered.")),
    MessageState.REJECTED: Description(N_("The vendor reports that it or a carrier refused it after accepting it.")),
    MessageState.UNKNOWN: Description(N_("The vendor reported an unknown status.")),
}

CHANNEL: Mapping[ReportChannel, str] = {
    ReportChannel.CALLBACK_PER_ATTEMPT: N_("callback, to a URL that is sent with each message"),
    ReportChannel.CALLBACK_REGISTERED: N_("callback, to a URL that is registered at the vendor"),
    ReportChannel.POLL: N_("poll: the vendor is asked for the status"),
}
NO_CHANNEL = N_("none: this vendor sends no delivery reports and answers no status queries")


def channels_text(channels: Iterable[ReportChannel]) -> str:
    """How a vendor's delivery reports come."""
    return "; ".join(CHANNEL[channel] for channel in ReportChannel if channel in channels) or NO_CHANNEL


FAILURE: Mapping[Failure, Description] = {
    Failure.RECIPIENT: Description(
        N_("The vendor can't send to this number."),
        Party.CLIENT,
        N_("Check the number with the client. Another provider on the route may accept it."),
    ),
    Failure.CONTENT: Description(
        N_("The vendor can't send this text, template or parameter."),
        Party.CLIENT,
        N_("Compare the text with what the vendor approved, and with its limits."),
    ),
    Failure.CONFIG: Description(
        N_("The vendor rejects one of our settings: a sender name, a template or a URL."),
        Party.US,
        N_("Correct the provider, the approval of the sender name or of the template, then resend the message."),
    ),
    Failure.ACCOUNT: Description(
        N_("The vendor rejects our account: its credentials, its contract or our outbound IP address."),
        Party.US,
        N_("Check the credentials, and that the vendor allows our outbound IP address. Then select “Test connection”."),
    ),
    Failure.BALANCE: Description(
        N_("The account at the vendor has no credit left."),
        Party.US,
        N_("Top up the account at the vendor. Sending resumes automatically."),
    ),
    Failure.TRANSIENT: Description(
        N_("The vendor was unreachable or overloaded. Nothing was sent."),
        Party.VENDOR,
        N_("Nothing: it is retried automatically. If the failures continue, ask the vendor."),
    ),
    Failure.AMBIGUOUS: Description(
        N_("The vendor's response was missing or unclear. The message may have been sent."),
        Party.VENDOR,
        N_("Ask the vendor or the recipient, then resolve the message as “sent” or “not sent”."),
    ),
}

FAULT_DURING_CALL = N_("An internal fault came up during the call; the message may have gone out.")
NOT_BEGUN = N_("The call was not begun in time; nothing was sent.")
"""The details of attempts that our own code ended."""
WAITS_FOR_STAFF = N_("waiting: {problem_text}")
"""Stored with a message that is not sent while its country, number type, client or sender name is closed."""
HELD_TOO_LONG = N_("No approved template gave its text in time.")
WAITED_TOO_LONG = N_("Until then: {waiting_for_text}")
"""The details of expired messages: what they waited for."""
_EXPIRED_HELD = Description(
    HELD_TOO_LONG,
    Party.US,
    N_("Approve a matching template. Resend the message only if it is still wanted."),
)
RECIPIENT_BLOCKED = "recipient_blocked"
NOT_SENT = N_("It was not sent.")
UNBUILDABLE = Description(
    N_("By the vendor's description, the call for this message can't be built."),
    Party.US,
    N_("Correct the vendor's description, then resend the message."),
)
CODE: Mapping[str, Description] = {
    "timeout": Description(N_("The vendor sent no complete response in time."), Party.VENDOR),
    "closed": Description(N_("The vendor closed the connection before it responded."), Party.VENDOR),
    "reset": Description(N_("The connection was reset during the call."), Party.VENDOR),
    "unreadable": Description(N_("The vendor's response is not valid HTTP."), Party.VENDOR),
    "oversize": Description(N_("The vendor's response is too large."), Party.VENDOR),
    "tls": Description(N_("The TLS connection failed: the vendor's certificate is not trusted."), Party.VENDOR),
    "dns": Description(
        N_("The vendor's host name can't be resolved."), Party.US, N_("Check the host name in the provider's URL.")
    ),
    "connect_timeout": Description(N_("Connecting to the vendor's server timed out."), Party.VENDOR),
    "refused": Description(N_("The vendor's server refused the connection."), Party.VENDOR),
    "unreachable": Description(N_("There is no network route to the vendor's server."), Party.VENDOR),
    "address_refused": Description(
        N_("Requests to the provider's URL are not allowed, for example because its IP address is private."),
        Party.US,
        N_("Correct the provider's URL."),
    ),
    "request_invalid": Description(
        N_("No request can be built from the provider's URL and credentials."),
        Party.US,
        N_("Enter the provider's URL and credentials again."),
    ),
    "credentials_missing": Description(
        N_("The provider has no credentials."),
        Party.US,
        N_("Enter the provider's credentials, then resend the message."),
    ),
    "sender_missing": Description(
        N_("This vendor requires a sender name."), Party.US, N_("Have the sender name approved at this provider.")
    ),
    "sender_invalid": Description(
        N_("The vendor does not take this sender name."),
        Party.US,
        N_("Correct the vendor's form of the name in its approval at this provider."),
    ),
    "template_invalid": Description(
        N_("The vendor's template id in the approval is not valid."), Party.US, N_("Correct the template's approval.")
    ),
    "adapter_missing": Description(
        N_("The vendor's adapter is missing or can't be used."),
        Party.US,
        N_("Install or correct the package that brings it, and restart every process."),
    ),
    "option_missing": Description(
        N_("An option that this vendor requires is not set."), Party.US, N_("Set it at the provider.")
    ),
    "too_many_parameters": Description(
        N_("The template has more placeholders than this vendor accepts."), Party.US, N_("Shorten the template.")
    ),
    "parameter_twice": Description(
        N_("Two parameters have the same name at the vendor."),
        Party.US,
        N_("Correct the parameters of the template's approval."),
    ),
    "text_too_long": Description(
        N_("The text is longer than this vendor accepts."), Party.CLIENT, N_("Shorten the text.")
    ),
    "text_invalid": Description(
        N_("The text has characters that a call of this vendor can't hold."),
        Party.CLIENT,
        N_("Send the text without them."),
    ),
    "header_invalid": UNBUILDABLE,
    "field_invalid": UNBUILDABLE,
    "field_twice": UNBUILDABLE,
    "phone_format": Description(N_("The number can't be converted to the format of this vendor."), Party.CLIENT),
    "lease_over": Description(
        N_("The dispatcher that made this call stopped before it stored the result. The message may have been sent."),
        Party.US,
        N_("Ask the vendor or the recipient, then resolve the message as “sent” or “not sent”."),
    ),
    "repeat_over": Description(
        N_("A call without a clear response could not be repeated in time. The message may have been sent."),
        Party.US,
        N_("Ask the vendor or the recipient, then resolve the message as “sent” or “not sent”."),
    ),
    "internal_fault": Description(
        N_("An internal error: the message was not sent."),
        Party.US,
        N_("Give the attempt's trace to the developers. Resend the message after the error is fixed."),
    ),
    RECIPIENT_BLOCKED: Description(
        N_("The number was put on the block list after the message was accepted."),
        Party.CARRIER,
        N_("Nothing. If the number is on the block list by mistake, remove it there, then resend the message."),
    ),
    "expired": Description(N_("Its time to live ended before it could be sent."), Party.VENDOR),
    "settled": Description(N_("Staff resolved it.")),
    "canceled": Description(N_("Staff canceled it.")),
    "parked": Description(
        N_("It was quarantined after a backup was restored: what happened to it since the backup is unknown."),
        Party.US,
        N_("Ask the vendor, then resolve the message."),
    ),
}
"""Internal codes of attempts and messages. Each vendor's codes are in that vendor's module."""
_OF_OUTCOME: Mapping[tuple[str, Outcome | None], Description] = {
    (INTERNAL_FAULT, Outcome.UNCONFIRMED): Description(FAULT_DURING_CALL, Party.US),
    (LEASE_OVER, Outcome.UNAVAILABLE): Description(NOT_BEGUN, Party.US),
}
"""Descriptions of codes on attempts with these outcomes, where CODE would say the opposite."""


def of_code(code: str, outcome: Outcome | None) -> Description | None:
    """The description of a code of ours on an attempt with this outcome."""
    return _OF_OUTCOME.get((code, outcome)) or CODE.get(code)


CLIENT_OUTCOME: Mapping[ClientOutcome, Description] = {
    ClientOutcome.USED: Description(N_("the recipient used the message")),
    ClientOutcome.NOT_RECEIVED: Description(N_("the recipient did not receive the message")),
    ClientOutcome.UNSUBSCRIBED: Description(
        N_("the recipient unsubscribed"),
        remedy=N_("The number was not blocked. Block it if no client may send to it again."),
    ),
}

EARLIER_DECIDES = "earlier_decides"
EVENT: Mapping[str, str] = {
    "resent": N_("Resent by staff"),
    "moved": N_("Moved to another provider by staff"),
    "settled": N_("Resolved by staff"),
    "canceled": N_("Canceled by staff"),
    "released": N_("Released"),
    "parked": N_("Quarantined after a restore"),
    "failed_over": N_("Moved to the next provider"),
    "rerouted": N_("Moved to another provider before the call"),
    "repeated": N_("The call is repeated with the same reference"),
    "given_up": N_("Not sent again automatically"),
    "crashed": N_("Our own code failed"),
    RECIPIENT_BLOCKED: N_("No call is made: the number is on the block list"),
    "expired": N_("Expired"),
    "doubt_resolved": N_("Every attempt that may have sent it is reported as undelivered"),
    EARLIER_DECIDES: N_("An earlier attempt decides: no later one can have sent the message"),
    "late_answer": N_("A response arrived after the time-out"),
    "asked": N_("Status query sent to the vendor"),
    "revealed": N_("Number and text revealed"),
    "erased": N_("Text erased"),
}

NO_PROBLEM = frozenset(
    {Status.QUEUED, Status.SENDING, Status.SUBMITTED, Status.SENT, Status.DELIVERED, Status.CANCELED}
)


@dataclass(frozen=True, slots=True)
class Remedy:
    """The summary at the top of a message's page."""

    happened: str
    responsible: Party
    remedy: str
    is_severe: bool


OTP_NOT_RECEIVED = N_(
    "If the recipient has no code, a new one must be requested from the client: one-time passwords are not resent."
)
OTP_WITHOUT_REPORT = Remedy(
    N_(
        "The vendor accepted this one-time password and has sent no delivery report, though it sends them within "
        "minutes."
    ),
    Party.VENDOR,
    f"{OTP_NOT_RECEIVED} "
    + N_("If several are without a report, check the provider, and give the vendor its id of this message."),
    is_severe=False,
)


def remedy(
    status: Status, *, code: str = "", failure: Failure | None = None, detail: str = "", is_ours: bool = True
) -> Remedy | None:
    """What happened, who is responsible and what to do; None where nothing is wrong.

    `code`, `failure` and `detail` are those of the latest result; `is_ours`: the code is not a vendor's. The most
    specific description wins.
    """
    if status in NO_PROBLEM:
        return None
    general = STATUS[status]
    cause = FAILURE[failure] if failure and status not in (Status.UNDELIVERED, Status.EXPIRED) else None
    exact = _exact(status, code, detail, is_ours=is_ours)
    # No provider was asked about a blocked number, which is what the general sentence of `failed` says.
    begin = NOT_SENT if (status, code) == (Status.FAILED, RECIPIENT_BLOCKED) else general.happened
    happened = " ".join(part for part in (begin, _why(exact, cause, detail, code)) if part)
    closest = next((each for each in (exact, cause, general) if each and each.remedy), general)
    responsible = next(
        (each.responsible for each in (exact, cause, general) if each and each.responsible is not Party.NOBODY),
        Party.UNKNOWN,
    )
    is_doubt = status in (Status.UNCONFIRMED, Status.HELD)
    return Remedy(happened, responsible, general.remedy if is_doubt else closest.remedy, not is_doubt)


def _exact(status: Status, code: str, detail: str, *, is_ours: bool) -> Description | None:
    if status is Status.EXPIRED:
        return _of_expired(detail)
    outcome = Outcome.UNCONFIRMED if status is Status.UNCONFIRMED else None
    return of_code(code, outcome) if is_ours else None


def _of_expired(detail: str) -> Description:
    """A message that waited for its template expired because of us; the general description names the vendor."""
    return _EXPIRED_HELD if detail == HELD_TOO_LONG else Description(detail)


def _why(exact: Description | None, cause: Description | None, detail: str, code: str) -> str:
    if exact:
        return exact.happened
    why = detail or (cause.happened if cause else "")
    return " ".join([why, N_("Code: {code}.").format(code=code)]) if code else why
