"""How a call can fail: each error carries the class of failure that says what follows.

ProviderError
├── Misconfigured   config, account, balance   staff must act
├── Refused         recipient, content         the vendor said no to this message
├── Unavailable     transient                  surely not sent
│   └── SessionExpired                         after a new log-in the call is made once more
└── Unconfirmed     ambiguous                  perhaps sent
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar


class Failure(StrEnum):
    """Classes of failure: each says what routing may do next (docs/adding-a-vendor.md)."""

    RECIPIENT = "recipient"
    CONTENT = "content"
    CONFIG = "config"
    ACCOUNT = "account"
    BALANCE = "balance"
    TRANSIENT = "transient"
    AMBIGUOUS = "ambiguous"


class ProviderError(Exception):
    """A vendor's refusal, or a failed call. `code` is the vendor's own, or a short word of ours."""

    allowed: ClassVar[frozenset[Failure]] = frozenset()

    def __init__(self, failure: Failure, code: str, detail: str, *, retry_after: float | None = None) -> None:
        if failure not in self.allowed:
            raise ValueError(f"{type(self).__name__} cannot carry {failure}")
        super().__init__(f"{failure} {code}: {detail}")
        self.failure = failure
        self.code = code
        self.detail = detail
        self.retry_after = retry_after
        """Seconds that the vendor asked us to wait, if it said so."""


class Misconfigured(ProviderError):
    """Staff must act: the provider can't serve any message as it is set up."""

    allowed = frozenset({Failure.CONFIG, Failure.ACCOUNT, Failure.BALANCE})


class Refused(ProviderError):
    """The vendor said no to this message; another vendor may take it."""

    allowed = frozenset({Failure.RECIPIENT, Failure.CONTENT})


class Unavailable(ProviderError):
    """The message surely did not leave."""

    allowed = frozenset({Failure.TRANSIENT})


class SessionExpired(Unavailable):
    """The vendor wants a new log-in, and certainly did not take the message."""

    def __init__(self, detail: str = "The session has expired.") -> None:
        super().__init__(Failure.TRANSIENT, "session_expired", detail)


class Unconfirmed(ProviderError):
    """The message may have left: never send it again by yourself."""

    allowed = frozenset({Failure.AMBIGUOUS})


def failed(failure: Failure, code: str, detail: str, *, retry_after: float | None = None) -> ProviderError:
    """The error of the family that carries this class of failure, to be raised."""
    kinds = (Misconfigured, Refused, Unavailable, Unconfirmed)
    kind = next(kind for kind in kinds if failure in kind.allowed)
    return kind(failure, code, detail, retry_after=retry_after)
