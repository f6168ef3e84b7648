"""The transport for sandbox:// URLs: it answers in place of a vendor, without the network.

The last two digits of the number choose what happens:

    00 accepted   01 delivered   02 undelivered   03 refused
    04 unavailable   05 unconfirmed   06 answered after 5 seconds   others accepted

It stores nothing: the id that it returns contains what a later poll needs.
"""

from __future__ import annotations

import json
from time import monotonic, sleep
from typing import Any

from providers.marking import N_

from .base import Failure, HttpRequest, HttpResponse, Unavailable, Unconfirmed
from .wire import TooLate

SLOW_SECONDS = 5.0
STATES = {"01": "delivered", "02": "undelivered"}


class Playground:
    """Used in place of the network's transport, with the same results and errors."""

    def send(self, request: HttpRequest, *, timeout: float, not_after: float | None) -> HttpResponse:
        if not_after is not None and monotonic() > not_after:
            raise TooLate(N_("The call's time was over before it began; nothing was sent."))
        asked = json.loads(request.body)
        if "id" in asked:
            return _answer({"state": STATES.get(str(asked["id"])[-2:], "unknown"), "id": asked["id"]})
        return _played(str(asked["to"])[-2:], str(asked["reference"]), timeout)

    def close(self) -> None:
        """No connection is kept open."""


def _played(digits: str, reference: str, timeout: float) -> HttpResponse:
    if digits == "03":
        return _answer({"result": "refused"})
    if digits == "04":
        raise Unavailable(Failure.TRANSIENT, "refused", N_("The sandbox played a vendor that can't be reached."))
    if digits == "05" or (digits == "06" and timeout < SLOW_SECONDS):
        raise Unconfirmed(Failure.AMBIGUOUS, "timeout", N_("The sandbox played a vendor that does not answer."))
    if digits == "06":
        sleep(SLOW_SECONDS)
    return _answer({"result": "accepted", "id": f"{reference}-{digits}" if digits in STATES else ""})


def _answer(said: dict[str, Any]) -> HttpResponse:
    return HttpResponse(200, {"content-type": "application/json"}, json.dumps(said).encode())
