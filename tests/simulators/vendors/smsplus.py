"""smsplus.az, from its document "API for send SMS" (the codes 100 to 123 and the fields are its own).

The document gives no HTTP status for errors: `error_status` is what we assume (200).
"""

from __future__ import annotations

import json
import re
from typing import Any, ClassVar

from tests.simulators.faults import Fault, digits
from tests.simulators.vendor import RefusalError, Simulator, Verdict
from tests.simulators.wire import Answer, Request, json_answer

PATH = "/api/sms/send"
ORDINALS = ("first", "second", "third")
MAX_LENGTH = 160
SUCCESS = "100"

MESSAGES = {
    "100": "Messages sent successfully.",
    "101": "The customer`s token was not found.",
    "102": "The customer`s e-mail address has not been verified.",
    "103": "The customer`s mobile number has not been verified.",
    "104": "The customer`s passport photo has not been uploaded.",
    "105": "The customer`s passport has not been approved.",
    "106": "The customer`s contract is not signed.",
    "107": "The sender`s name is required.",
    "108": "The message`s template is required.",
    "109": "The mobile numbers is required.",
    "110": "Sender name not found or not yet approved.",
    "111": "Message template not found or not yet approved.",
    "112": "There are duplicate mobile numbers.",
    "113": "Since there is a parameter in the message template, you must send the values of the first parameter.",
    "114": "Since there is a parameter in the message template, you must send the values of the second parameter.",
    "115": "Since there is a parameter in the message template, you must send the values of the third parameter.",
    "116": "First parameters count can not be different count of mobile numbers.",
    "117": "Second parameters count can not be different count of mobile numbers.",
    "118": "Third parameters count can not be different count of mobile numbers.",
    "119": "SMS balance insufficient.",
    "120": "The maximum number of characters in a message is 160.",
    "121": "The format of the mobile number is incorrect.",
    "122": "There was an error sending the message.",
    "123": "The method is not supported for this route.",
}
MISSING_PARAMETER = dict(zip(ORDINALS, ("113", "114", "115"), strict=True))
PARAMETER_COUNT = dict(zip(ORDINALS, ("116", "117", "118"), strict=True))

WRONG_TYPES: dict[str, Any] = {
    "code_as_integer": {"success": True, "code": 100, "message": MESSAGES["100"]},
    "success_as_string": {"success": "true", "code": "100", "message": MESSAGES["100"]},
    "code_missing": {"success": True, "message": MESSAGES["100"]},
    "contradictory": {"success": True, "code": "119", "message": MESSAGES["119"]},
    "failure_with_success_code": {"success": False, "code": "100", "message": MESSAGES["100"]},
    "list": [{"success": True, "code": "100"}],
    "null": None,
    "string": "100",
}


class Smsplus(Simulator):
    """The vendor's server. A template's parameters are written {1}, {2}, {3} in its text."""

    name = "smsplus"
    defaults: ClassVar[dict[str, Any]] = {
        "token": "demo-smsplus-token",
        "senders": ["AKINON"],
        "templates": {
            "1432": "Sizin təsdiq kodunuz: {1}. Heç kimə verməyin.",
            "1433": "Hörmətli {1}, {2} nömrəli sifarişiniz yoldadır.",
            "1434": "Hörmətli {1}, {2} sifarişiniz {3} tarixində çatdırılacaq.",
        },
        "phone_format": r"[1-9][0-9]{6,14}",
        "account_fault": None,  # "102" … "106": what is wrong with the customer's account
        "balance": None,  # messages left; None: enough
        "error_status": 200,
    }

    def judge(self, request: Request) -> Verdict:
        if request.path != PATH:
            return Verdict(Answer(404, b"<h1>Not Found</h1>", "text/html"), stage="other")
        verdict = Verdict(self.documented(SUCCESS, None))
        try:
            self.check_access(request)
            verdict.fields = fields = read_body(request)
            remember(verdict, fields)
            self.check(fields, verdict.violations)
            verdict.accepted = True
        except RefusalError as refusal:
            verdict.answer = self.documented(refusal.code, None)
        return verdict

    def documented(self, code: str, status: int | None) -> Answer:
        value = {"success": code == SUCCESS, "code": code, "message": MESSAGES[code]}
        usual = 200 if code == SUCCESS else self.setup["error_status"]
        return json_answer(value, usual if status is None else status)

    def wrong_types(self, variant: str | None) -> Answer:
        return json_answer(WRONG_TYPES[variant or "success_as_string"])

    def took(self, verdict: Verdict, fault: Fault | None) -> None:
        if self.setup["balance"] is not None:
            self.setup["balance"] -= len(verdict.fields["mobile_numbers"])

    def check_access(self, request: Request) -> None:
        if request.method != "POST":
            raise RefusalError("123")
        if request.header("authorization") != f"Bearer {self.setup['token']}":
            raise RefusalError("101")
        if self.setup["account_fault"]:
            raise RefusalError(self.setup["account_fault"])

    def check(self, fields: dict[str, Any], violations: list[str]) -> None:
        """The document's rules in the order of its codes. Raises RefusalError."""
        for field, code in (("sender_name", "107"), ("message_template_id", "108"), ("mobile_numbers", "109")):
            if fields.get(field) in (None, "", []):
                raise RefusalError(code)
        numbers, template = fields["mobile_numbers"], fields["message_template_id"]
        if fields["sender_name"] not in self.setup["senders"]:
            raise RefusalError("110")
        if type(template) is not int or str(template) not in self.setup["templates"]:
            raise RefusalError("111")
        if not isinstance(numbers, list):
            raise RefusalError("109")
        if len(set(map(str, numbers))) != len(numbers):
            raise RefusalError("112")
        self.check_parameters(fields, self.setup["templates"][str(template)], violations)
        self.check_numbers(numbers)

    def check_parameters(self, fields: dict[str, Any], text: str, violations: list[str]) -> None:
        count = len(fields["mobile_numbers"])
        has = [ordinal for place, ordinal in enumerate(ORDINALS, 1) if f"{{{place}}}" in text]
        for ordinal in has:
            if not isinstance(fields.get(f"{ordinal}_parameters"), list):
                raise RefusalError(MISSING_PARAMETER[ordinal])
        for ordinal in has:
            if len(fields[f"{ordinal}_parameters"]) != count:
                raise RefusalError(PARAMETER_COUNT[ordinal])
        for ordinal in ORDINALS:
            violations += parameter_violations(ordinal, fields.get(f"{ordinal}_parameters"), wanted=ordinal in has)
        if any(len(rendered(fields, text, place)) > MAX_LENGTH for place in range(count)):
            raise RefusalError("120")

    def check_numbers(self, numbers: list[Any]) -> None:
        if self.setup["balance"] is not None and self.setup["balance"] < len(numbers):
            raise RefusalError("119")
        for number in numbers:
            if not isinstance(number, str) or not re.fullmatch(self.setup["phone_format"], number, re.ASCII):
                raise RefusalError("121")


def read_body(request: Request) -> dict[str, Any]:
    """The JSON object in the body. Anything else is a body without the required fields: code 107."""
    value = request.json_object() if request.media_type() == "application/json" else None
    if value is None:
        raise RefusalError("107")
    return value


def remember(verdict: Verdict, fields: dict[str, Any]) -> None:
    """What the fault suite asks for: nothing of ours goes in, so a message is its number, template and parameters."""
    numbers = fields.get("mobile_numbers")
    verdict.phone = digits(str(numbers[0])) if isinstance(numbers, list) and numbers else ""
    values = [fields.get(f"{ordinal}_parameters") for ordinal in ORDINALS]
    verdict.key = json.dumps([numbers, fields.get("message_template_id"), values], ensure_ascii=False)


def parameter_violations(ordinal: str, values: Any, *, wanted: bool) -> list[str]:
    """What the document does not forbid by a code, but does not allow either."""
    if values is None:
        return []
    if not wanted:
        return [f"{ordinal}_parameters: the template has no such parameter"]
    return [f"{ordinal}_parameters: {value!r} is no string" for value in values if not isinstance(value, str)]


def rendered(fields: dict[str, Any], text: str, place: int) -> str:
    """The SMS that this number gets."""
    for number, ordinal in enumerate(ORDINALS, 1):
        if f"{{{number}}}" in text:
            text = text.replace(f"{{{number}}}", str(fields[f"{ordinal}_parameters"][place]))
    return text
