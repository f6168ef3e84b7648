"""What the adapter is given for one attempt."""

from __future__ import annotations

from typing import Any

from providers.base import OutboundSms, ReportChannel
from sms.domain.routing import Candidate
from sms.domain.text import segments
from sms.services.configuration.snapshot import Account
from sms.services.webhooks import tokens


def outbound(due: Any, reference: Any, account: Account, candidate: Candidate) -> OutboundSms:
    """The message of one attempt; `due` needs `to`, `text` and `is_otp`.

    `reference` is the attempt's id, or that of the attempt whose call it repeats. The text is the one whose length the
    routing decision checked.
    """
    per_attempt = ReportChannel.CALLBACK_PER_ATTEMPT in account.adapter.reports
    key = tokens.attempt_token(account.id, reference) if per_attempt else ""
    text = candidate.text or due.text
    size = segments(text)
    return OutboundSms(
        reference=str(reference),
        to=due.to,
        text=text,
        sender=candidate.vendor_sender,
        vendor_template=candidate.vendor_template,
        parameters=candidate.parameters,
        callback_url=tokens.callback_url(account.adapter.slug, key) if per_attempt else None,
        is_otp=due.is_otp,
        encoding=size.encoding,
        parts=size.count,
    )
