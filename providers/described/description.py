"""What answers and reports mean, the examples, and a whole description."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from providers.marking import N_

from .schema import (
    VISIBLE,
    Auth,
    CallModel,
    Count,
    Credential,
    HeaderName,
    Model,
    Option,
    Vendor,
    Word,
    Words,
    WordTable,
    matching,
)
from .templates import TemplateText
from .trees import Path

StatusWord = Annotated[str, matching(r"[1-5](?:[0-9][0-9]|xx)", N_("HTTP status, such as 200 or 2xx"))]
CodeClass = Literal["recipient", "content", "config", "account", "balance", "transient", "ambiguous", "repeated"]
FailureName = Literal["recipient", "content", "config", "account", "balance", "transient", "ambiguous"]
StateName = Literal["accepted", "sent", "delivered", "undelivered", "expired", "rejected", "unknown"]


class Condition(Model):
    """What must be so: one of the HTTP statuses, or every value at a path is what is written here."""

    status: list[StatusWord] | None = None
    path: Path | None = None
    is_: bool | None = Field(None, alias="is")
    in_: list[Word] | None = Field(None, alias="in")
    exists: Literal[True] | None = None
    not_: bool = Field(False, alias="not")
    optional: bool = False
    """Holds if there is nothing at the path, too."""

    @cached_property
    def words(self) -> frozenset[str]:
        """Those of `in`, which are compared with many values, in lower case."""
        return frozenset(each.lower() for each in self.in_ or ())

    @model_validator(mode="after")
    def asks_one_thing(self) -> Condition:
        asked = sum(each is not None for each in (self.is_, self.in_, self.exists))
        if (self.status is None) == (self.path is None) or asked != (self.path is not None):
            raise ValueError(N_("A condition has `status`, or `path` with one of `is`, `in`, `exists`. Correct it."))
        return self


Conditions = Annotated[list[Condition], Field(max_length=20)]


class Code(Model):
    code: Annotated[
        str, matching(r"[^*]{1,63}\*?", N_("code of 1 to 63 characters, perhaps with a * at its end")), VISIBLE
    ]
    """The vendor's code; with a * at its end, every code that begins like it and is not listed itself."""
    class_: CodeClass = Field(alias="class")
    text: Words
    doubts: Literal["template", "sender"] | None = None


class Source(Model):
    source: Literal["json", "xml", "text", "status"] = "json"
    split: str = ""
    rows: str = ""


class Amount(Model):
    amount: Path
    currency: Path | None = None
    currency_is: Annotated[str, VISIBLE] = Field("", max_length=3)


class Answer(Source):
    accepted_when: Conditions = Field(min_length=1)
    refused_when: Conditions = []
    code: Path | None = None
    id: Path | None = None
    words: Path | None = None
    balance: Amount | None = None
    codes: list[Code] = []
    status_is_code: list[Annotated[int, Field(ge=400, le=599)]] = []
    """Statuses that stand for the code in an answer without one."""
    refused_status_is_code: bool = False
    """In a refusal without a code, the status stands for it."""


class State(Model):
    word: Word
    state: StateName
    final: bool | None = None
    left: bool | None = None
    class_: FailureName | None = Field(None, alias="class")


class Signature(Model):
    """What proves that the vendor made a call: `text` itself, its digest, its HMAC, or a signature over it."""

    algorithm: Literal["equal", "md5", "sha1", "sha256", "sha512", "ed25519"]
    text: TemplateText
    key: str | None = None
    encoding: Literal["hex", "base64"] = "hex"
    header: HeaderName | None = None
    field: Word | None = None
    time: str | None = None
    tolerance: Count = 300

    @model_validator(mode="after")
    def is_somewhere(self) -> Signature:
        if (self.header is None) == (self.field is None):
            raise ValueError(N_("A signature is in a `header` or a `field`. Write one of them."))
        if self.algorithm == "ed25519" and self.key is None:
            raise ValueError(N_("Ed25519 needs the vendor's public key. Write the credential's name as `key`."))
        return self


class Reply(Model):
    status: int = Field(200, ge=200, le=299)
    content_type: Annotated[str, matching(r"[ -~]{0,99}", N_("content type"))] = ""
    body: str = ""


class Reading(Model):
    """Where the facts of a report are. Paths with `*` belong to the record of `records` with the same numbers."""

    records: Path | None = None
    reference: Path | None = None
    id: Path | None = None
    to: Path | None = None
    state: Path
    code: Path | None = None
    detail: Path | None = None
    at: Path | None = None
    at_format: Literal["unix", "unix_milliseconds", "iso"] = "unix"
    price: Amount | None = None
    only_when: Conditions = []
    states: list[State] = []


class Receipts(Reading):
    states: list[State] = Field(min_length=1)
    address: Literal["per_message", "registered"]
    source: Literal["fields", "query", "form", "json", "xml", "text"] = "fields"
    split: str = ""
    rows: str = ""
    json_in: Word | None = None
    networks: str | None = None
    reply: Reply = Field(default_factory=lambda: Reply.model_validate({}))
    signature: Signature | None = None


class Poll(CallModel, Source, Reading):
    """Without `states` it has those of the receipts."""

    after: list[Count] = Field(min_length=1)
    after_option: str | None = None
    until_hours: Annotated[int, Field(ge=1, le=720)] = 72
    at_once: Count = 1
    queue: bool = False
    per_minute: Count | None = None
    needs_id: bool = True
    consumes: bool = False
    answered_when: Conditions = []


class Test(CallModel, Source):
    accepted_when: Conditions = Field(min_length=1)


class Balance(CallModel, Source, Amount):
    accepted_when: Conditions = []


Meaning = Literal[
    "accepted", "repeated", "recipient", "content", "config", "account", "balance", "transient", "ambiguous"
]
CallName = Literal["send", "poll", "test", "balance"]


class Message(Model):
    to: str = "+994501234567"
    text: str = "Your code is 004217."
    reference: str = "0197-attempt"
    sender: str = ""
    vendor_template: str | None = None
    parameters: dict[str, str] = {}
    callback_url: str | None = None
    is_otp: bool = False
    encoding: Literal["GSM-7", "UCS-2"] = "GSM-7"
    parts: int = 1
    valid_for: Annotated[int, Field(ge=1)] = 600


class Sample(Model):
    """A made-up account, and a message; the examples refer to it."""

    credentials: dict[str, str] = {}
    options: dict[str, Any] = {}
    message: Message = Message()


class ExpectedRequest(Model):
    method: Literal["GET", "POST"]
    url: str
    headers: dict[str, str] = {}
    body: str = ""


class GivenAnswer(Model):
    status: Annotated[int, Field(ge=100, le=599)]
    headers: dict[str, str] = {}
    body: str = ""


class GivenCall(Model):
    method: Literal["GET", "POST"] = "POST"
    query: str = ""
    headers: dict[str, str] = {}
    body: str = ""
    at: Annotated[int, Field(ge=0, le=4_000_000_000)] = 0


class ExpectedReport(Model):
    state: StateName
    reference: str = ""
    id: str = ""
    to: str = ""
    code: str | None = None
    final: bool | None = None
    left: bool | None = None
    class_: FailureName | None = Field(None, alias="class")


class Example(Model):
    name: Words
    of: CallName = "send"
    message: Message | None = None
    request: ExpectedRequest | None = None
    answer: GivenAnswer | None = None
    means: Meaning | None = None
    code: str | None = None
    ids: list[str] | None = None
    receipt: GivenCall | None = None
    forged: bool = False
    reports: list[ExpectedReport] | None = None

    @model_validator(mode="after")
    def asks_one_thing(self) -> Example:
        given = [each for each in ("request", "answer", "receipt") if getattr(self, each) is not None]
        if len(given) != 1:
            raise ValueError(N_("An example has one of `request`, `answer`, `receipt`. Correct it."))
        says_meaning = (self.means is not None) if given == ["answer"] else self.means is None
        says_reports = self.forged or self.reports is not None or given != ["receipt"]
        if not says_meaning or not says_reports:
            raise ValueError(
                N_("An answer needs `means`, and a receipt `reports` or `forged`. Write what is expected.")
            )
        return self


class Description(Model):
    vendor: Vendor
    credentials: list[Credential] = []
    options: list[Option] = []
    words: dict[str, WordTable] = {}
    auth: Auth | None = None
    request: CallModel
    answer: Answer
    receipts: Receipts | None = None
    poll: Poll | None = None
    test: Test | None = None
    balance: Balance | None = None
    sample: Sample = Sample()
    examples: list[Example] = Field(min_length=1)
