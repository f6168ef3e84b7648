"""What a client reports of a message, and how it counts for the success of a call."""

from __future__ import annotations

from enum import StrEnum

from sms.domain.lifecycle import BAD_REPORTS, Outcome, ReportState


class ClientOutcome(StrEnum):
    """From the weakest to the strongest: of several that were reported, the strongest is kept."""

    NOT_RECEIVED = "not_received"
    USED = "used"
    UNSUBSCRIBED = "unsubscribed"

    @property
    def weaker(self) -> list[ClientOutcome]:
        every = list(ClientOutcome)
        return every[: every.index(self)]


_MAY_HAVE_ARRIVED = (Outcome.ACCEPTED, Outcome.UNCONFIRMED)


def is_success(outcome: str | None, reported: str, client_outcome: str | None) -> bool:
    """Whether a call was successful, by its outcome, its strongest delivery report, and what the client reports.

    A message that was used has arrived, whatever the vendor says. That it was not received counts unless the vendor
    reports its delivery.
    """
    if client_outcome is not None and outcome in _MAY_HAVE_ARRIVED:
        if client_outcome != ClientOutcome.NOT_RECEIVED:
            return True
        return reported == ReportState.DELIVERED
    if reported in BAD_REPORTS:
        return False
    return outcome == Outcome.ACCEPTED or reported in (ReportState.SENT, ReportState.DELIVERED)
