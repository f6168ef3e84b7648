"""What people do to an approval that its vendor contradicts."""

from __future__ import annotations

import structlog

from providers.marking import N_
from sms.models import ApprovalDoubt
from sms.services.dispatch import approval_doubt
from sms.services.queue.errors import ActionRefused

log = structlog.get_logger(__name__)


def end_doubt(doubt_id: int, *, actor: str) -> ApprovalDoubt:
    """Send messages with this approval again; what waited for it is due at once. Returns the doubt that has ended.

    Raises ActionRefused if it has ended already. If the vendor still refuses the approval, the next call begins the
    doubt anew.
    """
    ended = approval_doubt.end([doubt_id])
    if not ended:
        raise ActionRefused(N_("This doubt has ended already."))
    log.info("doubt.ended_by_hand", about=ended[0].title, actor=actor)
    return ended[0]
