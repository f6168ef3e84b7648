"""Accolades (voipit.ro), from its document "SMS/SEND command".

The error answers, `/ping/` and the blocking of callers are in the vendor's other public
pages; how the callback travels is said nowhere: a form POST unless `callback_form` says otherwise.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlencode

from tests.simulators.callbacks import Push, Step
from tests.simulators.faults import digits
from tests.simulators.vendor import RefusalError, Simulator, Verdict
from tests.simulators.wire import Answer, Request, json_answer

REQUIRED = ("password", "phoneNumber", "message")
OPTIONAL = ("sendResultTo", "messageId")
FORM = "application/x-www-form-urlencoded"
PHONE_LENGTHS = range(6, 18)

ERRORS = {
    "400": (400, "Bad request"),
    "401": (401, "The account number or the password is wrong"),
    "403.6": (403, "Your IP address is blocked"),
    "404": (404, "Not found"),
    "413": (413, "The message is too long"),
    "500": (500, "Internal server error"),
}
WRONG_TYPES: dict[str, Any] = {
    "type_upper": {"type": "OK"},
    "type_as_boolean": {"type": True},
    "type_missing": {},
    "error_at_200": {"type": "Error", "message": "Bad request", "code": "400"},
    "list": [{"type": "ok"}],
    "null": None,
    "string": "ok",
}


class Accolades(Simulator):
    """The vendor's server."""

    name = "accolades"
    defaults: ClassVar[dict[str, Any]] = {
        "account": "100200",
        "password": "demo-accolades-password",
        "trailing_slash": None,  # True or False: the only spelling that is taken; None: both
        "max_length": None,  # characters in a message; None: any
        "block_after": 5,  # bad requests, then the caller's address is blocked
        "callback_form": "form",  # form | json | get
    }

    def __init__(self, **setup: Any) -> None:
        super().__init__(**setup)
        self.bad_requests: Counter[str] = Counter()

    def judge(self, request: Request) -> Verdict:
        verdict = Verdict(json_answer({"type": "ok"}))
        try:
            self.check_caller(request)
            verdict.stage = self.stage(request)
            verdict.fields = fields = self.read_form(request, verdict.violations)
            remember(verdict, fields)
            self.check(fields, verdict.stage)
            verdict.accepted = verdict.stage == "send"
        except RefusalError as refusal:
            verdict.answer = self.documented(refusal.code, None)
        if verdict.stage == "ping" and verdict.answer.status == 200:
            verdict.answer = json_answer({"type": "pong"})
        return verdict

    def documented(self, code: str, status: int | None) -> Answer:
        if code == "ok":
            return json_answer({"type": "ok"}, status or 200)
        usual, message = ERRORS[code]
        return json_answer({"type": "Error", "message": message, "code": code}, status or usual)

    def wrong_types(self, variant: str | None) -> Answer:
        return json_answer(WRONG_TYPES[variant or "type_as_boolean"])

    def refused(self, verdict: Verdict, request: Request) -> None:
        if verdict.answer.status >= 400:
            self.bad_requests[request.peer] += 1

    def reset(self, *, setup: bool) -> None:
        super().reset(setup=setup)
        self.bad_requests.clear()

    def check_caller(self, request: Request) -> None:
        if self.bad_requests[request.peer] >= self.setup["block_after"]:
            raise RefusalError("403.6")

    def stage(self, request: Request) -> str:
        """Which call the path names. Raises RefusalError 404, also for an account that does not exist."""
        slash = request.path.endswith("/")
        parts = request.path.strip("/").split("/")
        if parts == [self.setup["account"], "ping"] and slash:
            return "ping"
        if parts != [self.setup["account"], "sms", "send"] or self.setup["trailing_slash"] not in (None, slash):
            raise RefusalError("404")
        return "send"

    def read_form(self, request: Request, violations: list[str]) -> dict[str, str]:
        if request.method != "POST" or request.media_type() != FORM:
            raise RefusalError("400")
        try:
            form = parse_qs(request.body.decode("ascii"), keep_blank_values=True, errors="strict")
        except ValueError:
            raise RefusalError("400") from None
        violations += [
            f"{name}: the document has no such parameter" for name in form if name not in REQUIRED + OPTIONAL
        ]
        if any(len(values) > 1 for values in form.values()):
            raise RefusalError("400")
        return {name: values[0] for name, values in form.items()}

    def check(self, fields: dict[str, str], stage: str) -> None:
        if not fields.get("password"):
            raise RefusalError("400")
        if fields["password"] != self.setup["password"]:
            raise RefusalError("401")
        if stage == "ping":
            return
        number = fields.get("phoneNumber", "").removeprefix("+")
        if not (number.isascii() and number.isdigit() and len(number) in PHONE_LENGTHS) or not fields.get("message"):
            raise RefusalError("400")
        if self.setup["max_length"] is not None and len(fields["message"]) > self.setup["max_length"]:
            raise RefusalError("413")

    def push(self, verdict: Verdict, step: Step) -> Push | None:
        """The status notification of the document."""
        url = verdict.fields.get("sendResultTo")
        if not url:
            return None
        values = {"apiName": "sms", "type": "deliveryReport", "status": "sent" if step.state == "good" else "error"}
        values["id"] = verdict.fields.get("messageId", "") if step.id is None else step.id
        if step.state != "good":
            values["errorMessage"] = step.error
        return self.shaped(url, values, verdict.reference)

    def shaped(self, url: str, values: dict[str, str], reference: str) -> Push:
        form = self.setup["callback_form"]
        if form == "get":
            return Push(f"{url}{'&' if '?' in url else '?'}{urlencode(values)}", "GET", "", b"", reference)
        if form == "json":
            return Push(url, "POST", "application/json", json.dumps(values).encode(), reference)
        return Push(url, "POST", FORM, urlencode(values).encode(), reference)


def remember(verdict: Verdict, fields: dict[str, str]) -> None:
    """messageId is the key; without one, a message is its number and text."""
    verdict.phone = digits(fields.get("phoneNumber", ""))
    verdict.reference = fields.get("messageId", "")
    verdict.key = verdict.reference or json.dumps([verdict.phone, fields.get("message")], ensure_ascii=False)
