"""Onlinesim's PUSH_SMS_RENT endpoint, from its document: the partner that gets what our rented numbers receive.

Not in the document: how an error is shaped, and its status. A refusal of ours is
`{"error": word}` at 400; the script can put each word anywhere (`word`).
"""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar

from tests.simulators.faults import digits
from tests.simulators.vendor import RefusalError, Simulator, Verdict
from tests.simulators.wire import Answer, Request, json_answer

CONTENT_TYPE = "application/json; charset=utf-8"
WORDS = ("NO_OPERATION", "NO_OP", "BAD_SERVICE", "IGNORED", "SERVICE_BAN")
TEXTS = ("phoneFrom", "phone", "text", "action", "key", "service")


class Onlinesim(Simulator):
    """The partner's server."""

    name = "onlinesim"
    defaults: ClassVar[dict[str, Any]] = {
        "key": "demo-onlinesim-key",
        "path": "/v1/PUSH_SMS_RENT",
        "operations": None,  # {phone: operation id}: the active ones; None: any
        "bearer": False,  # True: some versions of the page want the key as Authorization, too
        "phone_as_integer": False,  # True: as some versions of the page say
    }

    def judge(self, request: Request) -> Verdict:
        verdict = Verdict(json_answer({"response": "OK"}), key=hashlib.sha256(request.body).hexdigest())
        try:
            self.check_call(request)
            verdict.fields = fields = read_body(request)
            verdict.phone = digits(str(fields.get("phone", "")))
            verdict.reference = str(fields.get("smsId", ""))
            self.check(fields)
            verdict.accepted = True
        except RefusalError as refusal:
            verdict.violations.append(refusal.detail)
            verdict.answer = self.documented(refusal.code, None)
        return verdict

    def documented(self, code: str, status: int | None) -> Answer:
        if code == "OK":
            return json_answer({"response": "OK"}, status or 200)
        if code not in (*WORDS, "BAD_REQUEST"):
            raise KeyError(code)
        return json_answer({"error": code}, status or 400)

    def check_call(self, request: Request) -> None:
        if request.path != self.setup["path"] or request.method != "POST":
            raise RefusalError("BAD_REQUEST", f"{request.method} {request.path} is not the endpoint")
        if request.header("content-type") != CONTENT_TYPE:
            raise RefusalError(
                "BAD_REQUEST", f"Content-Type is {request.header('content-type')!r}, not {CONTENT_TYPE!r}"
            )
        if self.setup["bearer"] and request.header("authorization") != f"Bearer {self.setup['key']}":
            raise RefusalError("BAD_REQUEST", "Authorization is not the key")

    def check(self, fields: dict[str, Any]) -> None:
        """The document's table of fields. Raises RefusalError."""
        if type(fields.get("smsId")) is not int or fields["smsId"] < 1:
            raise RefusalError("BAD_REQUEST", "smsId is no integer of 1 or more")
        for name in TEXTS:
            kind = int if name == "phone" and self.setup["phone_as_integer"] else str
            if type(fields.get(name)) is not kind:
                raise RefusalError("BAD_REQUEST", f"{name} is missing or no {kind.__name__}")
        if not str(fields["phone"]).isdigit():
            raise RefusalError("BAD_REQUEST", "phone is not digits alone")
        wanted = {"action": "PUSH_SMS", "service": "rent", "key": self.setup["key"]}
        for name, value in wanted.items():
            if fields[name] != value:
                raise RefusalError("BAD_REQUEST", f"{name} is wrong")
        active = self.setup["operations"]
        if active is not None and active.get(str(fields["phone"])) != fields["smsId"]:
            raise RefusalError("NO_OPERATION", "no active operation of this id for this number")


def read_body(request: Request) -> dict[str, Any]:
    value = request.json_object()
    if value is None:
        raise RefusalError("BAD_REQUEST", "the body is no JSON object in UTF-8")
    return value
