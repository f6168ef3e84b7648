"""The contract between us and a vendor's adapter.

An adapter does no I/O. `request` builds the request and `outcome` interprets the response; only `providers/http.py`
makes the call. So this interface allows only one request per send, and an adapter's tests are tables of values.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Literal, Self

from providers.marking import N_

from .callbacks import Callback as Callback
from .callbacks import Reply as Reply
from .calls import Call as Call
from .calls import Session as Session
from .common_settings import POLL_AFTER, WEBHOOK_IPS
from .errors import Failure as Failure
from .errors import Misconfigured as Misconfigured
from .errors import ProviderError as ProviderError
from .errors import Refused as Refused
from .errors import SessionExpired as SessionExpired
from .errors import Unavailable as Unavailable
from .errors import Unconfirmed as Unconfirmed
from .errors import failed as failed
from .messages import Accepted as Accepted
from .messages import Encoding as Encoding
from .messages import OutboundSms as OutboundSms
from .polls import Asked as Asked
from .polls import Polls as Polls
from .reports import ENDS as ENDS
from .reports import NO_REPORT as NO_REPORT
from .reports import MessageState as MessageState
from .reports import Money as Money
from .reports import Report as Report
from .senders import FIXED_SENDER as FIXED_SENDER
from .senders import REQUIRED_SENDER as REQUIRED_SENDER
from .senders import SenderRule as SenderRule
from .senders import SenderUse as SenderUse
from .settings import Kind as Kind
from .settings import Setting as Setting
from .settings import SettingError as SettingError
from .settings import clean

JsonObject = dict[str, Any]
PARAMETER_TWICE = N_("Two parameters go under the same name.")


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request: `http.py` adds only Host, User-Agent, Accept-Encoding and Content-Length."""

    method: Literal["GET", "POST"]
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    hidden: tuple[str, ...] = ()
    """Secrets that the adapter derived for this request, such as a digest of the password: staff never see them."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A complete response with at most 64 KiB of body, decompressed. Header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    unreadable: int = 0
    """Bytes of a body whose content coding can't be undone; `body` is empty then."""


@dataclass(frozen=True, slots=True)
class ReceivedSms:
    """An SMS that one of our rented numbers received; `to` is E.164."""

    operation_id: int
    sender: str
    to: str
    text: str


class Pushed(StrEnum):
    """The meaning of a partner's response to a received SMS."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    AGAIN = "again"


class Carries(StrEnum):
    """Free text; a template's id and values; or a registered text, which is sent together with its id."""

    TEXT = "text"
    TEMPLATE = "template"
    REGISTERED_TEXT = "registered_text"


class ApprovalKind(StrEnum):
    """What a vendor must approve before it sends: a template's text, or a sender name."""

    TEMPLATE = "template"
    SENDER = "sender"


class ReportChannel(StrEnum):
    """How delivery reports come: to a URL of each attempt, to a URL registered by hand, or as answers to our polls."""

    CALLBACK_PER_ATTEMPT = "callback_per_attempt"
    CALLBACK_REGISTERED = "callback_registered"
    POLL = "poll"


class Adapter(ABC):
    """The base of senders and forwarders: their declared facts, and how their settings are checked."""

    slug: ClassVar[str]
    name: ClassVar[str]
    documents: ClassVar[str]
    """The document with these facts."""
    credentials: ClassVar[tuple[Setting, ...]] = ()
    options: ClassVar[tuple[Setting, ...]] = ()
    words: ClassVar[frozenset[str]] = frozenset()
    """Further codes in responses and reports, besides `codes`, in lower case. Any other code may repeat a message's
    text or number, and these are hidden in it."""
    needs_session: ClassVar[bool] = False
    """True where the vendor requires a log-in before other calls (`session_request`)."""
    call: Call = Call()
    """The time and the nonce of the call that is built, and the session for it."""
    scheme: ClassVar[str] = "https"
    """The scheme of this adapter's URLs. Where it is https, http is accepted, too."""

    def __init__(self, *, base_url: str, credentials: Mapping[str, str], options: Mapping[str, Any]) -> None:
        self.base_url = base_url
        self.credential = dict(credentials)
        self.option = self.options_with_defaults(options)

    @classmethod
    def options_with_defaults(cls, options: Mapping[str, Any]) -> JsonObject:
        return {setting.key: options.get(setting.key, setting.default) for setting in cls.options}

    @classmethod
    def clean_options(cls, options: Mapping[str, Any]) -> JsonObject:
        """The given options as they are to be stored. Raises SettingError, for an unknown one too."""
        return clean(cls.options, options)

    @classmethod
    def clean_credentials(cls, credentials: Mapping[str, Any]) -> dict[str, str]:
        """The given credentials as they are to be stored. Raises SettingError, for an unknown one too."""
        return clean(cls.credentials, credentials)

    def for_call(self, call: Call) -> Self:
        """This adapter, with what the next call needs. It has no clock, no random numbers
        and no memory, so the caller passes what the call needs."""
        made = copy(self)
        made.call = call
        return made

    def session_request(self) -> HttpRequest:
        raise NotImplementedError(f"{self.name} needs no log-in")

    def session_outcome(self, response: HttpResponse) -> Session:
        """Raises a ProviderError if the log-in failed. A later call whose response says that the session has expired
        raises SessionExpired; then it is made once more with a new session."""
        raise NotImplementedError(f"{self.name} needs no log-in")

    def secrets(self) -> tuple[str, ...]:
        """The values that must never be kept or logged."""
        keys = [setting.key for setting in self.credentials if setting.secret]
        own = tuple(self.credential[key] for key in keys if self.credential.get(key))
        return (*own, *filter(None, self.call.session.secret.values()))

    def missing_credentials(self) -> tuple[str, ...]:
        needed = (setting.key for setting in self.credentials if not setting.optional)
        return tuple(key for key in needed if not self.credential.get(key))

    @classmethod
    def missing_options(cls, options: Mapping[str, Any]) -> tuple[str, ...]:
        given = cls.options_with_defaults(options)
        return tuple(
            setting.key for setting in cls.options if setting.required and given[setting.key] in (None, "", [])
        )

    def require_credentials(self) -> None:
        """Raises Misconfigured if one is missing, or a required option: such a call is never made."""
        if missing := self.missing_credentials():
            words = N_("No {missing} is stored for this account at {name}.")
            filled = words.format(missing=", ".join(missing), name=self.name)
            raise Misconfigured(Failure.ACCOUNT, "credentials_missing", filled)
        if missing := self.missing_options(self.option):
            words = N_("{name} requires the option {missing}. Set it at the provider.")
            filled = words.format(missing=", ".join(missing), name=self.name)
            raise Misconfigured(Failure.CONFIG, "option_missing", filled)


class Sender(Adapter):
    """A vendor that sends SMS to handsets."""

    default_base_url: ClassVar[str]
    carries: ClassVar[Carries]
    max_parameters: ClassVar[int | None] = None
    max_length: ClassVar[int | None] = None
    """The longest rendered text in characters (code points), if the vendor states one."""
    max_value_length: ClassVar[int | None] = None
    """The longest value of a parameter in characters, if the vendor states one."""
    max_parts: ClassVar[int | None] = None
    """The most parts of a text, if the vendor states one."""
    takes_validity: ClassVar[bool] = True
    """False where the vendor accepts no validity period; `request` passes `OutboundSms.valid_for` otherwise."""
    sender_rule: ClassVar[SenderRule] = FIXED_SENDER
    names_parameters: ClassVar[bool] = False
    """True if parameters are sent by name, False if only by order."""
    blocks_callers: ClassVar[bool] = False
    """True if the vendor blocks our address after failed log-ins. Then an account error stops automatic calls."""
    reports: ClassVar[frozenset[ReportChannel]] = frozenset()
    """How delivery reports come; empty: this vendor sends none and can't be asked."""
    polls: ClassVar[Polls] = Polls()
    """The rules for polls, where the vendor is polled."""
    signed_headers: ClassVar[tuple[str, ...]] = ()
    """The headers of callbacks that `authentic` and `read` need."""
    ids_per_part: ClassVar[bool] = False
    """True where each part of a message has an id, and reports, of its own (`Accepted.part_ids`)."""
    repeats_are_safe: ClassVar[bool] = False
    """True only where the vendor documents that it sends a message once, however often a call with the same reference
    comes: an unconfirmed call is then repeated with its reference (docs/decisions/022)."""
    strongest: ClassVar[Literal["submitted", "sent", "delivered"]] = "submitted"
    can_test: ClassVar[bool] = False
    tells_balance: ClassVar[bool] = False
    """True where the vendor can be asked for the account's balance (`balance_request`)."""
    sandbox: ClassVar[bool] = False
    """True for a vendor that never reaches a handset."""
    codes: ClassVar[Mapping[str, tuple[Failure, str]]] = {}
    """The vendor's own codes, each with its class and our explanation. The reference page and the dashboard show it."""

    doubted_approvals: ClassVar[Mapping[str, ApprovalKind]] = {}
    """The codes, all of class `config`, that contradict an approval: the vendor does not know this template or sender
    name, has not approved it, or wants other parameters. They stop only the calls with that approval."""

    def __init__(self, *, base_url: str, credentials: Mapping[str, str], options: Mapping[str, Any]) -> None:
        super().__init__(base_url=base_url.rstrip("/"), credentials=credentials, options=options)

    @abstractmethod
    def request(self, sms: OutboundSms) -> HttpRequest:
        """The one call that sends this message. Raises Misconfigured or Refused if it can't be built."""

    @abstractmethod
    def outcome(self, response: HttpResponse) -> Accepted:
        """Interpret the response. Raises a ProviderError unless the vendor accepted the message."""

    def check(self, sms: OutboundSms) -> None:
        """Check the message against the declared facts. Raises Misconfigured or Refused."""
        self.require_credentials()
        if self.sender_rule.is_required and not sms.sender:
            words = N_("{name} requires a sender name.")
            raise Misconfigured(Failure.CONFIG, "sender_missing", words.format(name=self.name))
        if sms.sender and (not_taken := self.sender_rule.problem(sms.sender)):
            raise Misconfigured(Failure.CONFIG, "sender_invalid", not_taken)
        if self.carries is not Carries.TEXT and (problem := self.vendor_template_problem(sms.vendor_template or "")):
            raise Misconfigured(Failure.CONFIG, "template_invalid", problem)
        if self.names_parameters and len(dict(sms.parameters)) != len(sms.parameters):
            raise Misconfigured(Failure.CONFIG, "parameter_twice", PARAMETER_TWICE)
        if self.max_parameters is not None and len(sms.parameters) > self.max_parameters:
            words = N_("{name} accepts at most {most} parameters; the template has {count}.")
            filled = words.format(name=self.name, most=self.max_parameters, count=len(sms.parameters))
            raise Misconfigured(Failure.CONFIG, "too_many_parameters", filled)
        for name, value in sms.parameters:
            if self.max_value_length is not None and len(value) > self.max_value_length:
                words = N_("The value of {field} has {count} characters; {name} accepts at most {most}.")
                raise self._too_long(words, field=name, count=len(value), most=self.max_value_length)
        if self.max_length is not None and len(sms.text) > self.max_length:
            words = N_("{name} accepts at most {most} characters; the text has {count}.")
            raise self._too_long(words, most=self.max_length, count=len(sms.text))
        if self.max_parts is not None and sms.parts > self.max_parts:
            words = N_("{name} accepts at most {most} parts; the text has {parts}.")
            raise self._too_long(words, most=self.max_parts, parts=sms.parts)

    def _too_long(self, words: str, **values: object) -> Refused:
        return Refused(Failure.CONTENT, "text_too_long", words.format(name=self.name, **values))

    @classmethod
    def approval_in_doubt(cls, failure: str, code: str) -> ApprovalKind | None:
        """Which approval a failed call with this code contradicts, if it does."""
        return cls.doubted_approvals.get(code) if failure == Failure.CONFIG else None

    @classmethod
    def vendor_template_problem(cls, vendor_template: str) -> str | None:
        """A message for staff why this can't be the vendor's id of a template; None if it can."""
        return None if vendor_template.strip() else N_("The vendor's template is missing.")

    def authentic(self, callback: Callback) -> bool:
        """Whether the vendor made this call. If not it is answered 403, and nothing is stored. It raises nothing."""
        return True

    def reply(self, callback: Callback) -> Reply:
        """The response to a callback after it is stored."""
        return Reply()

    def read(self, callback: Callback) -> list[Report] | None:
        """The reports in a callback as it came; None: `read_reports` gets its fields."""
        return None

    def read_reports(self, values: Mapping[str, Any]) -> list[Report]:
        """The reports in one callback, given its fields, which are found in any letter case of their names.

        A field that can't be decoded is neither text nor number: for `text_in` it is empty. It is called for inner
        objects too: fields that are no report give an empty list, a documented event that is none `[NO_REPORT]`. Our
        own id is returned unchanged.
        """
        return []

    def report_networks(self) -> tuple[str, ...]:
        """The networks that callbacks may come from; empty = any."""
        return tuple(self.option.get(WEBHOOK_IPS) or ())

    def poll_delays(self) -> tuple[int, ...]:
        """Seconds after submission at which to ask for the state; the last one repeats until `polls.until`."""
        return tuple(self.option.get(POLL_AFTER) or ())

    def poll_request(self, *asked: Asked) -> HttpRequest:
        """The call that asks for these messages: at least one, at most `polls.at_once`, if it names any."""
        raise NotImplementedError(f"{self.name} can't be asked for a message's state")

    def poll_outcome(self, response: HttpResponse) -> list[Report]:
        """The states that the vendor has; a final one ends the polling.

        Raises ProviderError on a bad response; a fault of the account opens the breaker. It gets a response of a vendor
        that `consumes` twice: as it comes, and from the database.
        """
        raise NotImplementedError(f"{self.name} can't be asked for a message's state")

    @classmethod
    def has_harmless_call(cls) -> bool:
        """Whether the connection can be tested: by a test call, a log-in, or a poll that takes nothing away."""
        can_ask = ReportChannel.POLL in cls.reports and cls.polls.at_once and not cls.polls.consumes
        return cls.can_test or cls.needs_session or bool(can_ask)

    def balance_request(self) -> HttpRequest:
        raise NotImplementedError(f"{self.name} can't be asked for a balance")

    def balance_outcome(self, response: HttpResponse) -> Money:
        raise NotImplementedError(f"{self.name} can't be asked for a balance")

    def test_request(self) -> HttpRequest:
        """A call without effect that checks the URL and the credentials."""
        raise NotImplementedError(f"{self.name} has no harmless call")

    def test_outcome(self, response: HttpResponse) -> str:
        """The vendor's answer in words for staff. Raises ProviderError if it is not the expected one."""
        raise NotImplementedError(f"{self.name} has no harmless call")


class Forwarder(Adapter):
    """A partner to which the SMS of our rented numbers are forwarded. Its protocol requires repeats."""

    retry_seconds: ClassVar[int]

    @abstractmethod
    def request(self, received: ReceivedSms) -> HttpRequest:
        """The request that forwards one received SMS."""

    @abstractmethod
    def outcome(self, response: HttpResponse) -> tuple[Pushed, str]:
        """The meaning of the response, and the partner's own code for it."""


def json_post(url: str, payload: JsonObject, *headers: tuple[str, str]) -> HttpRequest:
    body = json.dumps(payload, ensure_ascii=False).encode()
    return HttpRequest("POST", url, (("Content-Type", "application/json"), *headers), body)


def ordered_values(sms: OutboundSms) -> Sequence[str]:
    return [value for _, value in sms.parameters]
