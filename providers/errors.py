"""How a call can fail: each error has a class of failure that determines what follows.

ProviderError
├── Misconfigured   config, account, balance   staff must act
├── Refused         recipient, content         the vendor rejected this message
├── Unavailable     transient                  surely not sent
│   └── SessionExpired                         after a new log-in the call is made once more
└── Unconfirmed     ambiguous                  perhaps sent
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from providers.marking import N_


class Failure(StrEnum):
    """Classes of failure: each determines what routing may do next (docs/adding-a-vendor.md)."""

    RECIPIENT = N_("recipient")
    CONTENT = N_("content")
    CONFIG = N_("config")
    ACCOUNT = N_("account")
    BALANCE = N_("balance")
    TRANSIENT = N_("transient")
    AMBIGUOUS = N_("ambiguous")


class ProviderError(Exception):
    """A vendor's refusal, or a failed call. `code` is the vendor's own code, or one of ours."""

    allowed: ClassVar[frozenset[Failure]] = frozenset()

    def __init__(self, failure: Failure, code: str, detail: str, *, retry_after: float | None = None) -> None:
        if failure not in self.allowed:
            raise ValueError(f"{type(self).__name__} can't have the failure class {failure}")
        super().__init__(f"{failure} {code}: {detail}")
        self.failure = failure
        self.code = code
        self.detail = detail
        self.retry_after = retry_after
        """Seconds to wait, if the vendor requested a delay."""
        self.status: int | None = None
        """The HTTP status of an answer whose body broke off."""


class Misconfigured(ProviderError):
    """Staff must act: the provider can't serve any message as it is set up."""

    allowed = frozenset({Failure.CONFIG, Failure.ACCOUNT, Failure.BALANCE})


class Refused(ProviderError):
    """The vendor rejected this message; another vendor may accept it."""

    allowed = frozenset({Failure.RECIPIENT, Failure.CONTENT})


class Unavailable(ProviderError):
    """The message was certainly not sent."""

    allowed = frozenset({Failure.TRANSIENT})


class SessionExpired(Unavailable):
    """The vendor requires a new log-in. The message was certainly not sent."""

    def __init__(self, detail: str = "The session has expired.") -> None:
        super().__init__(Failure.TRANSIENT, "session_expired", detail)


class Unconfirmed(ProviderError):
    """The message may have been sent: never send it again automatically."""

    allowed = frozenset({Failure.AMBIGUOUS})


def failed(failure: Failure, code: str, detail: str, *, retry_after: float | None = None) -> ProviderError:
    """The ProviderError for this class of failure, to be raised."""
    kinds = (Misconfigured, Refused, Unavailable, Unconfirmed)
    kind = next(kind for kind in kinds if failure in kind.allowed)
    return kind(failure, code, detail, retry_after=retry_after)
