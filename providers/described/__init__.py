"""STUB of the vendors by description: free text, one JSON call, one table of codes."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from typing import Any

from providers.base import (
    Accepted,
    Carries,
    Failure,
    HttpRequest,
    HttpResponse,
    MessageState,
    OutboundSms,
    ProviderError,
    Report,
    ReportChannel,
    Sender,
    SenderRule,
    SenderUse,
    Setting,
    failed,
    json_post,
)
from providers.contract import first_problem


@dataclass(frozen=True, slots=True)
class Problem:
    place: str
    text: str


class DescriptionError(Exception):
    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(f"{each.place}: {each.text}" for each in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class ExampleResult:
    name: str
    expected: str
    found: str

    @property
    def passed(self) -> bool:
        return self.expected == self.found


class _Stub(Sender):
    documents, carries, sender_rule = "Made up.", Carries.TEXT, SenderRule(SenderUse.OPTIONAL)
    reports, strongest = frozenset({ReportChannel.CALLBACK_REGISTERED}), "delivered"
    described: dict[str, Any]

    def request(self, sms: OutboundSms) -> HttpRequest:
        self.check(sms)
        headers = [("Authorization", f"Bearer {self.credential['token']}")] if self.credential else []
        return json_post(self.base_url + "/send", {"to": sms.to, "text": sms.text, "from": sms.sender}, *headers)

    def outcome(self, response: HttpResponse) -> Accepted:
        said = json.loads(response.body or b"{}")
        if said.get("ok") is True:
            return Accepted(str(said.get("id", "")))
        failure, words = self.codes.get(str(said.get("code")), (Failure.AMBIGUOUS, ""))
        raise failed(failure, str(said.get("code", response.status)), words)

    def read_reports(self, values: Any) -> list[Report]:
        return [Report(MessageState.DELIVERED, reference=str(values["ref"]))] if values.get("status") == "ok" else []


def load(text: str) -> type[Sender]:
    try:
        described = tomllib.loads(text)
    except ValueError as error:
        raise DescriptionError(Problem("", f"This is not TOML: {error}")) from None
    vendor = described.get("vendor", {})
    missing = [key for key in ("slug", "name", "base_url") if not isinstance(vendor.get(key), str)]
    if missing:
        raise DescriptionError(*(Problem(f"vendor.{key}", "This key is missing. Add it.") for key in missing))
    codes = {each["code"]: (Failure(each["class"]), each["text"]) for each in described["answer"].get("codes", [])}
    secrets = tuple(Setting(c["key"], c["label"], c["help"], secret=True) for c in described.get("credentials", []))
    facts = {"slug": vendor["slug"], "name": vendor["name"], "default_base_url": vendor["base_url"]}
    adapter = type("Described", (_Stub,), {**facts, "codes": codes, "credentials": secrets, "described": described})
    if problem := first_problem(adapter):
        raise DescriptionError(Problem("", problem))
    return adapter


def run_examples(adapter: type[Sender]) -> tuple[ExampleResult, ...]:
    made = adapter(base_url=adapter.default_base_url, credentials={}, options={})
    examples = [each for each in adapter.described["examples"] if "answer" in each]  # type: ignore[attr-defined]
    return tuple(ExampleResult(each["name"], each["means"], _found(made, each)) for each in examples)


def _found(adapter: Sender, example: dict[str, Any]) -> str:
    try:
        adapter.outcome(HttpResponse(example["answer"]["status"], {}, example["answer"]["body"].encode()))
    except ProviderError as error:
        return str(error.failure)
    return "accepted"
