"""A whole description, and its examples."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from providers.marking import N_

from .answer_schema import Answer, Balance, FailureName, Poll, Receipts, StateName, Test
from .schema import Auth, CallModel, Credential, Model, Option, Vendor, Words, WordTable

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
    means: FailureName | Literal["accepted", "repeated"] | None = None
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
