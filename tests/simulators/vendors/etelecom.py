"""eTelecom OmniMessage, from its document "Send SMS".

GetStatusOmni and the webhook's payload are not in that document but in the vendor's newer
pages and public clients; what an unknown id is answered is said nowhere (`UNKNOWN_ID`).
"""

from __future__ import annotations

import json
import re
import secrets
import time
from typing import Any, ClassVar

from tests.simulators.callbacks import Push, Step
from tests.simulators.faults import Fault, digits
from tests.simulators.vendor import RefusalError, Simulator, Verdict
from tests.simulators.wire import Answer, Request, json_answer, text_answer

SEND = "/api/OmniMessage/SendMessage"
STATUS = "/api/OmniReport/GetStatusOmni"
TEXT_FIELDS = ("username", "password", "phonenumber", "routerule", "templatecode")
CHANNELS = {"1": "ZNS", "2": "AutoCall", "3": "SMS"}
ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
UNKNOWN_ID = {"status": "-4", "code": "Can't find idOmniMess"}

CODES = {
    "-1": "PhoneNumber Wrong Format",
    "-2": "Wrong Format Parameter: {}",
    "-3": "You have run out of messages",
    "-6": "Can't find template with templatecode: {} ",
    "-8": "Can't find any routing for this request",
    "-9": "Can't find any information about channel: {}",
}
REFUSALS = {"Unauthorized", "Can't access from this IP"}


class Etelecom(Simulator):
    """The vendor's server."""

    name = "etelecom"
    defaults: ClassVar[dict[str, Any]] = {
        "username": "demo",
        "password": "demo-etelecom-password",
        # code: its variables, each with the pattern of its values, and the channels that it is registered for
        "templates": {
            "OTP01": {"variables": {"otp": ".{1,30}"}, "channels": ["3"]},
            "ORDER01": {"variables": {"customer_name": ".{1,30}", "order_code": ".{1,30}"}, "channels": ["1", "3"]},
        },
        "phone_format": r"[1-9][0-9]{6,14}",
        "routerule_form": None,  # "string" as the document, "array" as newer pages; None: both
        "allowed_ips": None,  # the white list; None: any
        "balance": None,  # messages left; None: enough
        "id_key": " idOmniMess ",  # as the document's sample has it
        "processing": 0.05,  # seconds from the acceptance until GetStatusOmni knows the end
        "final": "SUCCESS",  # SUCCESS | FAIL
        "broken_status_json": False,  # the vendor's own sample of GetStatusOmni is not JSON
        "webhook_url": None,  # registered by hand at the vendor
    }

    def __init__(self, **setup: Any) -> None:
        super().__init__(**setup)
        self.finals: dict[str, tuple[float, str]] = {}

    def judge(self, request: Request) -> Verdict:
        if request.path not in (SEND, STATUS) or request.method != "POST":
            return Verdict(text_answer("Not Found", 404), stage="other")
        verdict = Verdict(text_answer("Unauthorized", 401), stage="send" if request.path == SEND else "status")
        try:
            verdict.fields = fields = read_body(request)
            self.check_access(request, fields)
            if verdict.stage == "status":
                verdict.answer = self.status(verdict)
            else:
                self.judge_message(verdict, fields)
        except RefusalError as refusal:
            verdict.answer = self.documented(refusal.code, None, refusal.detail)
        return verdict

    def judge_message(self, verdict: Verdict, fields: dict[str, Any]) -> None:
        remember(verdict, fields)
        self.check_message(fields)
        verdict.reference = "ICOMNI" + "".join(secrets.choice(ID_LETTERS) for _ in range(30))
        verdict.answer = json_answer({"status": "1", "code": "Success", self.setup["id_key"]: verdict.reference})
        verdict.accepted = True

    def documented(self, code: str, status: int | None, what: str = "xxxxxx") -> Answer:
        if code in REFUSALS:
            return text_answer(code, status or 401)
        return json_answer({"status": code, "code": CODES[code].format(what)}, status or 200)

    def wrong_types(self, variant: str | None) -> Answer:
        good = {"status": "1", "code": "Success"}
        key, value = self.setup["id_key"], "ICOMNI" + "0" * 30
        variants: dict[str, Any] = {
            "status_as_integer": {**good, "status": 1, key: value},
            "status_as_boolean": {**good, "status": True, key: value},
            "id_missing": good,
            "id_null": {**good, key: None},
            "id_as_integer": {**good, key: 12345},
            "list": [{**good, key: value}],
            "null": None,
            "string": "Success",
        }
        return json_answer(variants[variant or "status_as_boolean"])

    def check_access(self, request: Request, fields: dict[str, Any]) -> None:
        if self.setup["allowed_ips"] is not None and request.peer not in self.setup["allowed_ips"]:
            raise RefusalError("Can't access from this IP")
        if fields.get("username") != self.setup["username"] or fields.get("password") != self.setup["password"]:
            raise RefusalError("Unauthorized")

    def check_message(self, fields: dict[str, Any]) -> None:
        """The document's rules. Raises RefusalError."""
        phone, template = fields.get("phonenumber"), self.template(fields)
        if not isinstance(phone, str) or not re.fullmatch(self.setup["phone_format"], phone, re.ASCII):
            raise RefusalError("-1")
        if template is None:
            raise RefusalError("-6", str(fields.get("templatecode")))
        values = fields.get("list_param")
        for name, pattern in template["variables"].items():
            value = values.get(name) if isinstance(values, dict) else None
            if not isinstance(value, str) or not re.fullmatch(pattern, value):
                raise RefusalError("-2", name)
        if self.setup["balance"] is not None and self.setup["balance"] < 1:
            raise RefusalError("-3")
        self.check_route(self.channels(fields.get("routerule")), template["channels"])

    def template(self, fields: dict[str, Any]) -> dict[str, Any] | None:
        code = fields.get("templatecode")
        return self.setup["templates"].get(code) if isinstance(code, str) else None

    def channels(self, routerule: Any) -> list[str]:
        """The channels in order. Raises RefusalError -8 where the form is not the one that is taken."""
        form = self.setup["routerule_form"]
        if isinstance(routerule, str) and form in (None, "string"):
            return [channel.strip() for channel in routerule.split(",")]
        if isinstance(routerule, list) and form in (None, "array"):
            return [str(channel) for channel in routerule]
        raise RefusalError("-8")

    def check_route(self, channels: list[str], registered: list[str]) -> None:
        for channel in channels:
            if channel not in CHANNELS:
                raise RefusalError("-9", channel)
        if not channels or not set(channels) <= set(registered):
            raise RefusalError("-8")

    def took(self, verdict: Verdict, fault: Fault | None) -> None:
        if self.setup["balance"] is not None:
            self.setup["balance"] -= 1
        final = (fault and fault.final) or self.setup["final"]
        self.finals[verdict.reference] = (time.monotonic() + self.setup["processing"], final)
        if len(self.finals) > self.setup["keep_calls"]:
            self.finals.pop(next(iter(self.finals)))

    def reset(self, *, setup: bool) -> None:
        super().reset(setup=setup)
        self.finals.clear()

    def status(self, verdict: Verdict) -> Answer:
        """GetStatusOmni."""
        verdict.reference = str(verdict.fields.get("idOmniMess"))
        if verdict.reference not in self.finals:
            return json_answer(UNKNOWN_ID)
        known_at, final = self.finals[verdict.reference]
        state = final if time.monotonic() >= known_at else "PROCESSING"
        value = {"status": state, "errorCode": error_code(state), "channel": "SMS", "mtcount": 1}
        if self.setup["broken_status_json"]:
            return broken(value)
        return json_answer(value)

    def push(self, verdict: Verdict, step: Step) -> Push | None:
        """The webhook. A "good" step reports the end that GetStatusOmni has for this message."""
        _, final = self.finals.get(verdict.reference, (0, self.setup["final"]))
        state = {"good": final, "bad": "FAIL"}.get(step.state, step.state)
        if not self.setup["webhook_url"]:
            return None
        values = {
            "IdOmniMess": verdict.reference if step.id is None else step.id,
            "Status": state,
            "Channel": "SMS",
            "ErrorCode": error_code(state),
            "MtCount": 1,
            "TelcoId": 1,
            "IsCharged": state == "SUCCESS",
        }
        return Push(
            self.setup["webhook_url"], "POST", "application/json", json.dumps(values).encode(), verdict.reference
        )


def read_body(request: Request) -> dict[str, Any]:
    """The JSON object in the body. Anything else carries no user name: 401."""
    value = request.json_object() if request.media_type() == "application/json" else None
    if value is None:
        raise RefusalError("Unauthorized")
    return value


def remember(verdict: Verdict, fields: dict[str, Any]) -> None:
    """Nothing of ours goes in, so a message is its number, template and variables."""
    verdict.phone = digits(str(fields.get("phonenumber", "")))
    parts = [fields.get(name) for name in ("phonenumber", "templatecode", "list_param")]
    verdict.key = json.dumps(parts, ensure_ascii=False, sort_keys=True)
    known = (*TEXT_FIELDS, "list_param")
    verdict.violations += [f"{name}: the document has no such field" for name in fields if name not in known]


def error_code(state: str) -> str:
    return "99" if state == "FAIL" else "0"


def broken(value: dict[str, Any]) -> Answer:
    """The answer as in the vendor's sample: quotation marks inside a quoted object."""
    body = json.dumps(value)[:-1] + ', "list_param":"{"otp":"1"}"}'
    return Answer(200, body.encode())
