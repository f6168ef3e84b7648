"""Some work may only be done while nobody sends."""

from __future__ import annotations

from sms.services.monitoring import status
from sms.services.queue.errors import ActionRefused


def require_no_dispatcher() -> None:
    """Raises ActionRefused while a dispatcher was seen within the last minute."""
    if status.somebody_dispatches():
        raise ActionRefused(
            "A dispatcher was seen within the last minute. Stop every dispatcher; one that was killed, or that a "
            "backup brought back, counts as gone after a minute. Then run this again."
        )
