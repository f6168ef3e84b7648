"""Actions of staff on an approval that its vendor contradicts."""

from __future__ import annotations

import structlog

from providers.marking import N_
from sms.models import ApprovalDoubt
from sms.services.dispatch import approval_doubt
from sms.services.queue.errors import ActionRefused

log = structlog.get_logger(__name__)


def end_doubt(doubt_id: int, *, actor: str) -> ApprovalDoubt:
    """Use this approval for messages again; messages that waited for it are due at once. Returns the doubt that has
    ended.

    Raises ActionRefused if it has ended already. If the vendor still rejects the approval, the next call opens a new
    doubt.
    """
    ended = approval_doubt.end([doubt_id])
    if not ended:
        raise ActionRefused(N_("This doubt has ended already."))
    log.info("doubt.ended_by_hand", about=ended[0].title, actor=actor)
    return ended[0]
