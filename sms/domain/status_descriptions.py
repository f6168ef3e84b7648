"""Describes every status and code for staff: what happened, who is responsible, what to do.

The message page, the dashboard and the reference page read these tables. A test checks that no value is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from providers.base import Failure, MessageState, ReportChannel
from sms.domain.lifecycle import Outcome, Status


class Party(StrEnum):
    NOBODY = "nobody"
    US = "us"
    CLIENT = "the client"
    VENDOR = "the vendor"
    CARRIER = "the carrier or the recipient"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Description:
    """`happened` and `remedy` are sentences for staff. An empty remedy means that nothing is to be done."""

    happened: str
    responsible: Party = Party.NOBODY
    remedy: str = ""


STATUS: Mapping[Status, Description] = {
    Status.QUEUED: Description("Stored and waiting in the queue. It was not sent to the vendor."),
    Status.HELD: Description(
        "No approved template matches this text, so it waits. It was not sent to the vendor.",
        Party.US,
        "Approve a matching template, release the message to a provider that accepts free text, or cancel it.",
    ),
    Status.SENDING: Description("The call to the vendor is in progress: the message may have been sent."),
    Status.UNCONFIRMED: Description(
        "It may have been sent. It is never resent automatically, so that it can't arrive twice.",
        Party.UNKNOWN,
        "Ask the vendor or the recipient, then resolve the message as “sent” or “not sent”.",
    ),
    Status.SUBMITTED: Description("The vendor accepted it."),
    Status.SENT: Description("The vendor reports that the carrier has it."),
    Status.DELIVERED: Description("The vendor reports that it was delivered."),
    Status.UNDELIVERED: Description(
        "The vendor accepted it, then reported that it was not delivered.",
        Party.CARRIER,
        "Check the number with the client. Resend the message only if it is still wanted.",
    ),
    Status.FAILED: Description(
        "Every provider on its route rejected it. It was not sent.",
        Party.UNKNOWN,
        "Read the reason of the last attempt, correct the cause, and resend the message if it is still wanted.",
    ),
    Status.EXPIRED: Description(
        "Its time to live ended before it could be sent. It was not sent.",
        Party.VENDOR,
        "Check why its providers were unavailable. Resend the message only if it is still wanted.",
    ),
    Status.CANCELED: Description("Staff canceled it before it was sent. The vendor does not have it."),
}

OUTCOME: Mapping[Outcome, Description] = {
    Outcome.ACCEPTED: Description("The vendor accepted the message."),
    Outcome.REFUSED: Description("The vendor rejected this message."),
    Outcome.MISCONFIGURED: Description("The provider can't send any message with its current settings."),
    Outcome.UNAVAILABLE: Description("The message was not sent. It is tried again."),
    Outcome.UNCONFIRMED: Description("The message may have been sent. It is not tried again."),
}

IN_FLIGHT = Description("The call is in progress.")

REPORT: Mapping[MessageState, Description] = {
    MessageState.ACCEPTED: Description("The vendor reports that it has the message; no carrier has it yet."),
    MessageState.SENT: Description("The vendor reports that the carrier has it."),
    MessageState.DELIVERED: Description("The vendor reports that it was delivered."),
    MessageState.UNDELIVERED: Description("The vendor reports that it was not delivered."),
    MessageState.EXPIRED: Description("The vendor reports that its validity period ended before it was delivered."),
    MessageState.REJECTED: Description("The vendor reports that it or a carrier refused it after accepting it."),
    MessageState.UNKNOWN: Description("The vendor reported an unknown status."),
}

CHANNEL: Mapping[ReportChannel, str] = {
    ReportChannel.CALLBACK_PER_ATTEMPT: "callback, to a URL that is sent with each message",
    ReportChannel.CALLBACK_REGISTERED: "callback, to a URL that is registered at the vendor",
    ReportChannel.POLL: "poll: the vendor is asked for the status",
}
NO_CHANNEL = "none: this vendor sends no delivery reports and answers no status queries"


def channels_text(channels: Iterable[ReportChannel]) -> str:
    """How a vendor's delivery reports come."""
    return "; ".join(CHANNEL[channel] for channel in ReportChannel if channel in channels) or NO_CHANNEL


FAILURE: Mapping[Failure, Description] = {
    Failure.RECIPIENT: Description(
        "The vendor can't send to this number.",
        Party.CLIENT,
        "Check the number with the client. Another provider on the route may accept it.",
    ),
    Failure.CONTENT: Description(
        "The vendor can't send this text, template or parameter.",
        Party.CLIENT,
        "Compare the text with what the vendor approved, and with its limits.",
    ),
    Failure.CONFIG: Description(
        "The vendor rejects one of our settings: a sender name, a template or a URL.",
        Party.US,
        "Correct the provider, the approval of the sender name or of the template, then resend the message.",
    ),
    Failure.ACCOUNT: Description(
        "The vendor rejects our account: its credentials, its contract or our outbound IP address.",
        Party.US,
        "Check the credentials, and that the vendor allows our outbound IP address. Then select “Test connection”.",
    ),
    Failure.BALANCE: Description(
        "The account at the vendor has no credit left.",
        Party.US,
        "Top up the account at the vendor. Sending resumes automatically.",
    ),
    Failure.TRANSIENT: Description(
        "The vendor was unreachable or overloaded. Nothing was sent.",
        Party.VENDOR,
        "Nothing: it is retried automatically. If the failures continue, ask the vendor.",
    ),
    Failure.AMBIGUOUS: Description(
        "The vendor's response was missing or unclear. The message may have been sent.",
        Party.VENDOR,
        "Ask the vendor or the recipient, then resolve the message as “sent” or “not sent”.",
    ),
}

CODE: Mapping[str, Description] = {
    "timeout": Description("The vendor sent no complete response in time.", Party.VENDOR),
    "closed": Description("The vendor closed the connection before it responded.", Party.VENDOR),
    "reset": Description("The connection was reset during the call.", Party.VENDOR),
    "unreadable": Description("The vendor's response is not valid HTTP.", Party.VENDOR),
    "oversize": Description("The vendor's response is too large.", Party.VENDOR),
    "tls": Description("The TLS connection failed: the vendor's certificate is not trusted.", Party.VENDOR),
    "dns": Description(
        "The vendor's host name can't be resolved.", Party.US, "Check the host name in the provider's URL."
    ),
    "connect_timeout": Description("Connecting to the vendor's server timed out.", Party.VENDOR),
    "refused": Description("The vendor's server refused the connection.", Party.VENDOR),
    "unreachable": Description("There is no network route to the vendor's server.", Party.VENDOR),
    "address_refused": Description(
        "Requests to the provider's URL are not allowed, for example because its IP address is private.",
        Party.US,
        "Correct the provider's URL.",
    ),
    "request_invalid": Description(
        "No request can be built from the provider's URL and credentials.",
        Party.US,
        "Enter the provider's URL and credentials again.",
    ),
    "credentials_missing": Description(
        "The provider has no credentials.", Party.US, "Enter the provider's credentials, then resend the message."
    ),
    "sender_missing": Description(
        "This vendor requires a sender name.", Party.US, "Have the sender name approved at this provider."
    ),
    "sender_invalid": Description(
        "The vendor does not take this sender name.",
        Party.US,
        "Correct the vendor's form of the name in its approval at this provider.",
    ),
    "template_invalid": Description(
        "The vendor's template id in the approval is not valid.", Party.US, "Correct the template's approval."
    ),
    "option_missing": Description(
        "An option that this vendor requires is not set.", Party.US, "Set it at the provider."
    ),
    "too_many_parameters": Description(
        "The template has more placeholders than this vendor accepts.", Party.US, "Shorten the template."
    ),
    "parameter_twice": Description(
        "Two parameters have the same name at the vendor.",
        Party.US,
        "Correct the parameters of the template's approval.",
    ),
    "text_too_long": Description("The text is longer than this vendor accepts.", Party.CLIENT, "Shorten the text."),
    "phone_format": Description("The number can't be converted to the format of this vendor.", Party.CLIENT),
    "lease_over": Description(
        "The dispatcher that made this call stopped before it stored the result. The message may have been sent.",
        Party.US,
        "Ask the vendor or the recipient, then resolve the message as “sent” or “not sent”.",
    ),
    "repeat_over": Description(
        "A call without a clear response could not be repeated in time. The message may have been sent.",
        Party.US,
        "Ask the vendor or the recipient, then resolve the message as “sent” or “not sent”.",
    ),
    "internal_fault": Description(
        "An internal error: the message was not sent.",
        Party.US,
        "Give the attempt's trace to the developers. Resend the message after the error is fixed.",
    ),
    "expired": Description("Its time to live ended before it could be sent.", Party.VENDOR),
    "settled": Description("Staff resolved it."),
    "canceled": Description("Staff canceled it."),
    "parked": Description(
        "It was quarantined after a backup was restored: what happened to it since the backup is unknown.",
        Party.US,
        "Ask the vendor, then resolve the message.",
    ),
}
"""Internal codes of attempts and messages. Each vendor's codes are in that vendor's module."""

EVENT: Mapping[str, str] = {
    "resent": "Resent by staff",
    "moved": "Moved to another provider by staff",
    "settled": "Resolved by staff",
    "canceled": "Canceled by staff",
    "released": "Released",
    "parked": "Quarantined after a restore",
    "failed_over": "Moved to the next provider",
    "late_answer": "A response arrived after the time-out",
    "asked": "Status query sent to the vendor",
    "revealed": "Number and text revealed",
    "erased": "Text erased",
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


OTP_NOT_RECEIVED = (
    "If the recipient has no code, a new one must be requested from the client: one-time passwords are not resent."
)
OTP_WITHOUT_REPORT = Remedy(
    "The vendor accepted this one-time password and has sent no delivery report, though it sends them within minutes.",
    Party.VENDOR,
    f"{OTP_NOT_RECEIVED} If several are without a report, check the provider, and give the vendor its id of this "
    "message.",
    is_severe=False,
)


def remedy(status: Status, *, code: str = "", failure: Failure | None = None, detail: str = "") -> Remedy | None:
    """What happened, who is responsible and what to do; None where nothing is wrong.

    `code`, `failure` and `detail` are those of the latest result. The most specific description wins.
    """
    if status in NO_PROBLEM:
        return None
    general = STATUS[status]
    cause = FAILURE[failure] if failure and status is not Status.UNDELIVERED else None
    exact = CODE.get(code)
    happened = " ".join(part for part in (general.happened, _why(exact, cause, detail, code)) if part)
    closest = next((each for each in (exact, cause, general) if each and each.remedy), general)
    responsible = next(
        (each.responsible for each in (exact, cause, general) if each and each.responsible is not Party.NOBODY),
        Party.UNKNOWN,
    )
    is_doubt = status in (Status.UNCONFIRMED, Status.HELD)
    return Remedy(happened, responsible, general.remedy if is_doubt else closest.remedy, not is_doubt)


def _why(exact: Description | None, cause: Description | None, detail: str, code: str) -> str:
    if exact:
        return exact.happened
    why = detail or (cause.happened if cause else "")
    return f"{why} Code: {code}." if code else why
