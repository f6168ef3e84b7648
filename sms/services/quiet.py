"""Some work may only be done while nobody sends."""

from __future__ import annotations

from sms.services.queue.errors import ActionRefused

from . import overview


def require_no_dispatcher() -> None:
    """Raises ActionRefused while a dispatcher was seen within the last minute."""
    if overview.somebody_dispatches():
        raise ActionRefused(
            "A dispatcher was seen within the last minute. Stop every dispatcher; one that was killed, or that a "
            "backup brought back, counts as gone after a minute. Then run this again."
        )
