"""Guards commands that must not run beside a dispatcher."""

from __future__ import annotations

from sms.services.monitoring import status
from sms.services.queue.errors import ActionRefused


def require_no_worker() -> None:
    """Raises ActionRefused while a dispatcher is alive."""
    if status.is_dispatcher_alive():
        raise ActionRefused(
            "A dispatcher was seen within the last minute. Stop every dispatcher; one that was killed, or that a "
            "backup brought back, counts as gone after a minute. Then run this again."
        )
