"""A vendor without a wire: answers are scripted, calls are recorded."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django.db import connection

from providers.answers import Codes, by_code, by_status, text_in
from providers.base import (
    REQUIRED_SENDER,
    Accepted,
    ApprovalKind,
    Asked,
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
)

Answer = HttpResponse | BaseException | Callable[[HttpRequest], HttpResponse]


class TextVendor(Sender):
    """Takes any text; reports to an address per attempt; its bad report says "it never left"."""

    slug = "textvendor"
    name = "Text vendor"
    documents = "none: a vendor of the tests"
    default_base_url = "https://text.example"
    carries = Carries.TEXT
    reports = frozenset({ReportChannel.CALLBACK_PER_ATTEMPT})
    strongest = "sent"

    def request(self, sms: OutboundSms) -> HttpRequest:
        if "POISON" in sms.text:
            raise RuntimeError("this text can't be handled")
        return HttpRequest("POST", f"{self.base_url}/send", (), f"{sms.reference}|{sms.to}|{sms.text}".encode())

    def outcome(self, response: HttpResponse) -> Accepted:
        if response.status != 200:
            raise by_status(response)
        if response.body == b"unreadable for our own code":
            raise RuntimeError("a fault of the adapter")
        return Accepted(vendor_id=response.body.decode(), code="ok")

    def read_reports(self, values: Mapping[str, Any]) -> list[Report]:
        word, reference = text_in(values.get("state")), text_in(values.get("id"))
        if not word and not reference:
            return []
        state = MessageState(word) if word in set(MessageState) else MessageState.UNKNOWN
        left = False if state is MessageState.UNDELIVERED else None
        return [Report(state, reference=reference, left=left, detail=text_in(values.get("detail")))]


class PolledVendor(TextVendor):
    """Has ids of its own, a harmless call, and is asked for states; its failures are final."""

    slug = "polledvendor"
    name = "Polled vendor"
    default_base_url = "https://polled.example"
    reports = frozenset({ReportChannel.POLL, ReportChannel.CALLBACK_REGISTERED})
    strongest = "delivered"
    can_test = True
    blocks_callers = True

    def read_reports(self, values: Mapping[str, Any]) -> list[Report]:
        return [Report(MessageState(values["state"]), vendor_id=values["id"])] if "id" in values else []

    def poll_delays(self) -> tuple[int, ...]:
        return (30, 120)

    def poll_request(self, *asked: Asked) -> HttpRequest:
        return HttpRequest("POST", f"{self.base_url}/poll", (), asked[0].vendor_id.encode())

    def poll_outcome(self, response: HttpResponse) -> list[Report]:
        if response.status != 200:
            raise by_status(response)
        return [Report(MessageState(response.body.decode()))] if response.body else []

    def test_request(self) -> HttpRequest:
        return HttpRequest("POST", f"{self.base_url}/ping")

    def test_outcome(self, response: HttpResponse) -> str:
        if response.status != 200:
            raise by_status(response)
        return "pong"


class OnceVendor(TextVendor):
    """Sends each reference once, and says so of a repeat, without its id."""

    slug = "oncevendor"
    name = "Once vendor"
    default_base_url = "https://once.example"
    repeats_are_safe = True
    strongest = "delivered"

    def outcome(self, response: HttpResponse) -> Accepted:
        if response.status == 409:
            return Accepted(code="duplicate", repeated=True)
        return super().outcome(response)


class TemplateVendor(Sender):
    """Sends approved templates under approved sender names; says which of the two it does not know."""

    slug = "templatevendor"
    name = "Template vendor"
    documents = "none: a vendor of the tests"
    default_base_url = "https://template.example"
    carries = Carries.TEMPLATE
    sender_rule = REQUIRED_SENDER
    codes: ClassVar[Codes] = {
        "no-sender": (Failure.CONFIG, "The sender name is not known."),
        "no-template": (Failure.CONFIG, "The template is not known."),
        "no-address": (Failure.CONFIG, "The address is wrong."),
        "no-number": (Failure.RECIPIENT, "The number is wrong."),
    }
    doubted_approvals: ClassVar[Mapping[str, ApprovalKind]] = {
        "no-sender": ApprovalKind.SENDER,
        "no-template": ApprovalKind.TEMPLATE,
    }

    def request(self, sms: OutboundSms) -> HttpRequest:
        body = {"sender": sms.sender, "template": sms.vendor_template, "values": [value for _, value in sms.parameters]}
        return HttpRequest("POST", f"{self.base_url}/send", (), json.dumps(body).encode())

    def outcome(self, response: HttpResponse) -> Accepted:
        if response.status == 422:
            raise by_code(self.codes, response.body.decode(), response, refused=True)
        if response.status != 200:
            raise by_status(response)
        return Accepted(code="ok")


class ApprovingVendor:
    """The vendor's side of `TemplateVendor`: an answer for `Wire.always`. It counts what it was asked for."""

    def __init__(self, *templates: str) -> None:
        self.templates = set(templates)
        self.senders = {"AKINON"}
        self.always = ""
        self.taken: list[str] = []
        self.refused: list[str] = []

    def __call__(self, request: HttpRequest) -> HttpResponse:
        asked = json.loads(request.body)
        code = self.always or self._problem(asked)
        (self.refused if code else self.taken).append(asked["template"])
        return HttpResponse(422, {}, code.encode()) if code else HttpResponse(200)

    def _problem(self, asked: Mapping[str, str]) -> str:
        if asked["sender"] not in self.senders:
            return "no-sender"
        return "" if asked["template"] in self.templates else "no-template"


class Wire:
    """Stands in for providers.http.Client: plays the scripted answers of each host, then 200."""

    def __init__(self) -> None:
        self.calls: list[HttpRequest] = []
        self.answers: dict[str, deque[Answer]] = {}
        self.always: dict[str, Answer] = {}
        self._lock = threading.Lock()

    def script(self, host: str, *answers: Answer) -> None:
        self.answers.setdefault(host, deque()).extend(answers)

    def send(self, request: HttpRequest, *, timeout: float, not_after: float | None = None) -> HttpResponse:
        host = request.url.split("/")[2]
        with self._lock:
            self.calls.append(request)
            waiting = self.answers.get(host)
            answer = waiting.popleft() if waiting else self.always.get(host, HttpResponse(200))
        if isinstance(answer, BaseException):
            raise answer
        if not callable(answer):
            return answer
        try:
            return answer(request)
        finally:
            connection.close()  # of the calling thread: an answer may look into the database

    def close(self) -> None:
        """Nothing is open."""

    def texts(self, host: str = "") -> list[str]:
        """The texts that were sent to a host, in order."""
        return [
            call.body.decode().split("|")[2] for call in self.calls if host in call.url and call.url.endswith("/send")
        ]


def error(kind: type[ProviderError], failure: str, code: str = "made-up", **more: Any) -> ProviderError:
    return kind(failure, code, "a made-up failure", **more)
