"""What every status and code means, in plain sentences: what happened, whose fault it is, what to do.

The message's page, the dashboard and the legend all read these tables; a test holds that no word is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from providers.base import Failure, ReportState
from sms.domain.lifecycle import Outcome, Status


class Fault(StrEnum):
    NOBODY = "nobody"
    OURS = "ours"
    CALLER = "the caller"
    VENDOR = "the vendor"
    CARRIER = "the carrier or the recipient"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Words:
    """`happened` and `remedy` are sentences for staff; an empty remedy: there is nothing to do."""

    happened: str
    fault: Fault = Fault.NOBODY
    remedy: str = ""


STATUS: Mapping[Status, Words] = {
    Status.QUEUED: Words("Stored, and waiting for its turn. The vendor does not have it."),
    Status.HELD: Words(
        "No approved template gives this text yet, so it waits. The vendor does not have it.",
        Fault.OURS,
        "Approve a template that gives the text, release the message to a provider that takes free text, or cancel it.",
    ),
    Status.SENDING: Words("The call to the vendor is under way: it may have left us."),
    Status.UNCONFIRMED: Words(
        "It may have gone out; nobody knows. It is never sent again by itself, so that it can't arrive twice.",
        Fault.UNKNOWN,
        "Ask the vendor or the recipient, then settle it: “it went out” or “it did not”.",
    ),
    Status.SUBMITTED: Words("The vendor took it."),
    Status.SENT: Words("The vendor says that the carrier has it."),
    Status.DELIVERED: Words("The vendor says that it arrived."),
    Status.UNDELIVERED: Words(
        "The vendor took it and says that it did not arrive, or did not go out.",
        Fault.CARRIER,
        "Check the number with the caller. Send it again only if it is still wanted.",
    ),
    Status.FAILED: Words(
        "Every provider on its route refused it. It did not go out.",
        Fault.UNKNOWN,
        "Read the last attempt's reason, mend it, and send the message again if it is still wanted.",
    ),
    Status.EXPIRED: Words(
        "Its time was up before it could go. It did not go out.",
        Fault.VENDOR,
        "See why its providers could not be reached. Send it again only if it is still wanted.",
    ),
    Status.CANCELED: Words("Staff took it out before it could go. The vendor does not have it."),
}

OUTCOME: Mapping[Outcome, Words] = {
    Outcome.ACCEPTED: Words("The vendor took the message."),
    Outcome.REFUSED: Words("The vendor said no to this message."),
    Outcome.MISCONFIGURED: Words("The provider can't serve any message as it is set up."),
    Outcome.UNAVAILABLE: Words("The message surely did not leave; it is tried again."),
    Outcome.UNCONFIRMED: Words("The message may have left; it is not tried again."),
}

IN_FLIGHT = Words("The call is under way.")

REPORT: Mapping[ReportState, Words] = {
    ReportState.SENT: Words("The vendor says that the carrier has it."),
    ReportState.DELIVERED: Words("The vendor says that it arrived."),
    ReportState.UNDELIVERED: Words("The vendor says that it did not arrive, or did not go out."),
    ReportState.UNKNOWN: Words("The vendor said a word that we do not know."),
}

FAILURE: Mapping[Failure, Words] = {
    Failure.RECIPIENT: Words(
        "The vendor can't serve this number.",
        Fault.CALLER,
        "Check the number with the caller. Another provider on the route may serve it.",
    ),
    Failure.CONTENT: Words(
        "The vendor can't send this text, template or parameter.",
        Fault.CALLER,
        "Compare the text with what the vendor approved, and with its limits.",
    ),
    Failure.CONFIG: Words(
        "The vendor refuses what we set up: a sender name, a template, an address.",
        Fault.OURS,
        "Correct the provider, the sender name's approval or the template's approval, then send it again.",
    ),
    Failure.ACCOUNT: Words(
        "The vendor refuses our account: credentials, contract, or the address that our server calls from.",
        Fault.OURS,
        "Check the credentials, and that the vendor allows our server's address; then press “test connection”.",
    ),
    Failure.BALANCE: Words(
        "The account at the vendor has no credit left.",
        Fault.OURS,
        "Top up the account at the vendor. Messages go on by themselves.",
    ),
    Failure.TRANSIENT: Words(
        "The vendor could not be reached, or had no room. Nothing was sent.",
        Fault.VENDOR,
        "Nothing: it is tried again by itself. If it lasts, ask the vendor.",
    ),
    Failure.AMBIGUOUS: Words(
        "The vendor did not answer clearly. The message may have gone out.",
        Fault.VENDOR,
        "Ask the vendor or the recipient, then settle it: “it went out” or “it did not”.",
    ),
}

CODE: Mapping[str, Words] = {
    "timeout": Words("The vendor gave no whole answer in time.", Fault.VENDOR),
    "closed": Words("The vendor closed the connection before it had answered.", Fault.VENDOR),
    "reset": Words("The connection broke while the call was under way.", Fault.VENDOR),
    "unreadable": Words("The vendor answered something that is no HTTP.", Fault.VENDOR),
    "oversize": Words("The vendor answered far more than an answer can be.", Fault.VENDOR),
    "tls": Words("No safe connection to the vendor: its certificate can't be trusted.", Fault.VENDOR),
    "dns": Words(
        "The vendor's host name can't be found.", Fault.OURS, "Check the provider's address for a slip of the pen."
    ),
    "connect_timeout": Words("The vendor's server did not answer when we called.", Fault.VENDOR),
    "refused": Words("The vendor's server refused the connection.", Fault.VENDOR),
    "unreachable": Words("No way leads to the vendor's server.", Fault.VENDOR),
    "address_refused": Words(
        "The provider's address is one that we do not call, such as a private one.",
        Fault.OURS,
        "Correct the provider's address.",
    ),
    "request_invalid": Words(
        "No call can be built from the provider's address and credentials.",
        Fault.OURS,
        "Type the provider's address and credentials again.",
    ),
    "credentials_missing": Words(
        "The provider has no credentials.", Fault.OURS, "Store the provider's credentials, then send it again."
    ),
    "sender_missing": Words(
        "This vendor wants a sender name.", Fault.OURS, "Have the sender name approved at this provider."
    ),
    "template_invalid": Words(
        "What stands as the vendor's template can't be one.", Fault.OURS, "Correct the template's approval."
    ),
    "too_many_parameters": Words(
        "The template has more placeholders than this vendor takes.", Fault.OURS, "Shorten the template."
    ),
    "parameter_twice": Words(
        "Two parameters go under the same name.", Fault.OURS, "Correct the parameters of the template's approval."
    ),
    "text_too_long": Words("The text is longer than this vendor takes.", Fault.CALLER, "Shorten the text."),
    "phone_format": Words("The number can't be written as this vendor wants it.", Fault.CALLER),
    "lease_over": Words(
        "The dispatcher that made this call was not heard of again. The message may have gone out.",
        Fault.OURS,
        "Ask the vendor or the recipient, then settle it: “it went out” or “it did not”.",
    ),
    "internal_fault": Words(
        "A fault of ours: the message did not leave.",
        Fault.OURS,
        "Hand the attempt's trace to the developers. Send the message again once it is mended.",
    ),
    "expired": Words("Its time was up before it could go.", Fault.VENDOR),
    "settled": Words("Staff said what became of it."),
    "canceled": Words("Staff took it out."),
    "parked": Words(
        "It was parked after a backup was restored: what became of it since the backup, nobody knows.",
        Fault.OURS,
        "Ask the vendor, then settle it.",
    ),
}
"""Codes of our own, on attempts and messages. A vendor's codes stand in that vendor's file."""

EVENT: Mapping[str, str] = {
    "resent": "Sent again by staff",
    "settled": "Settled by staff",
    "canceled": "Canceled by staff",
    "released": "Released",
    "parked": "Parked after a restore",
    "failed_over": "Handed to the next provider",
    "late_answer": "An answer came after its time",
    "asked": "The vendor is asked",
    "revealed": "Number and text shown",
    "erased": "Text erased",
}

NOT_WRONG = frozenset({Status.QUEUED, Status.SENDING, Status.SUBMITTED, Status.SENT, Status.DELIVERED, Status.CANCELED})


@dataclass(frozen=True, slots=True)
class Remedy:
    """The box on top of a message's page."""

    happened: str
    fault: Fault
    remedy: str
    is_severe: bool


def remedy(status: Status, *, code: str = "", failure: Failure | None = None, detail: str = "") -> Remedy | None:
    """What happened, whose fault, what to do; None where nothing is wrong.

    `code`, `failure` and `detail` are those of the latest attempt: the closer word wins.
    """
    if status in NOT_WRONG:
        return None
    general = STATUS[status]
    cause = FAILURE[failure] if failure and status is not Status.UNDELIVERED else None
    exact = CODE.get(code)
    happened = " ".join(part for part in (general.happened, _why(exact, cause, detail)) if part)
    closest = next((words for words in (exact, cause, general) if words and words.remedy), general)
    fault = next((w.fault for w in (exact, cause, general) if w and w.fault is not Fault.NOBODY), Fault.UNKNOWN)
    is_doubt = status in (Status.UNCONFIRMED, Status.HELD)
    return Remedy(happened, fault, general.remedy if is_doubt else closest.remedy, not is_doubt)


def _why(exact: Words | None, cause: Words | None, detail: str) -> str:
    if exact:
        return exact.happened
    return detail or (cause.happened if cause else "")
