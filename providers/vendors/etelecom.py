"""eTelecom OmniMessage (INCOM's platform): approved templates, tried over several channels.

Documents: "Send SMS" of eTelecom; the platform's newer help pages and public clients for the
status call and the webhook. Quirks:

- The key of the id is " idOmniMess " with blanks: keys are compared stripped and without case.
- Business errors come with HTTP 200 and a negative `status`, a string or a number; 401 comes as
  plain text.
- `routerule` is a string in the document and an array in newer clients.
- The status call's sample is not valid JSON: `"list_param":"{"otp":"1"}"`.
- A SUCCESS may follow a FAIL, if the next channel accepted the message.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, ClassVar

from providers.answers import Codes, by_code, by_status, code_in, contradiction, json_object, text_in, text_of, words_in
from providers.base import (
    Accepted,
    ApprovalKind,
    Asked,
    Carries,
    Failure,
    HttpRequest,
    HttpResponse,
    JsonObject,
    Kind,
    MessageState,
    OutboundSms,
    ProviderError,
    Report,
    ReportChannel,
    Sender,
    Setting,
    json_post,
)
from providers.common_settings import poll_after, webhook_ips
from providers.marking import N_
from providers.phone import in_format

SUCCESS = "1"
CODES: Codes = {
    "-1": (Failure.RECIPIENT, N_("The phone number's format is wrong.")),
    "-2": (Failure.CONTENT, N_("A parameter's format is wrong.")),
    "-3": (Failure.BALANCE, N_("The account has run out of messages.")),
    "-6": (Failure.CONFIG, N_("The template code is not found.")),
    "-8": (Failure.CONFIG, N_("There is no routing for this template; the vendor's technicians must set one up.")),
    "-9": (Failure.CONFIG, N_("A channel of the route rule is not set up; ask the vendor's technicians.")),
}
TEXT_CODES: Codes = {
    "unauthorized": (Failure.ACCOUNT, N_("User name or password is wrong.")),
    "ip_not_allowed": (Failure.ACCOUNT, N_("Our server's IP address is not on the vendor's allow-list.")),
}
TEXTS = {"unauthorized": "unauthorized", "can't access from this ip": "ip_not_allowed"}
STATES = {"SUCCESS": MessageState.DELIVERED, "FAIL": MessageState.UNDELIVERED}
PENDING = "PROCESSING"
# A report with an empty errorCode has its state as the code.
NO_CHANNEL = (Failure.RECIPIENT, N_("No channel of the route rule brought the message to the handset."))


class ETelecom(Sender):
    slug = "etelecom"
    name = "eTelecom"
    documents = "eTelecom, Send SMS (OmniMessage); public clients for the status call and the webhook"
    codes: ClassVar[Codes] = {**CODES, "FAIL": NO_CHANNEL}
    words = frozenset({SUCCESS, *map(str.lower, STATES), *TEXT_CODES})
    doubted_approvals: ClassVar = dict.fromkeys(("-6", "-8"), ApprovalKind.TEMPLATE)
    credentials = (
        Setting("username", N_("User name"), N_("The user name that eTelecom gave.")),
        Setting("password", N_("Password"), N_("The password that eTelecom gave."), secret=True),
    )
    options = (
        Setting(
            "routerule",
            N_("Route rule"),
            N_("In order, with commas: 1 ZNS, 2 AutoCall (it phones the user), 3 SMS."),
            default="3",
            pattern=r"[123](,[123])*",
        ),
        Setting(
            "routerule_form",
            N_("Form of the rule"),
            N_("A string as in the document, or an array as in newer clients."),
            kind=Kind.CHOICE,
            default="string",
            choices=("string", "array"),
            assumed=True,
        ),
        webhook_ips(),
        poll_after(30, 120, 600, 3600, 21600),
    )
    default_base_url = "https://sms.etelecom.vn"
    carries = Carries.TEMPLATE
    takes_validity = False
    names_parameters = True
    reports = frozenset({ReportChannel.CALLBACK_REGISTERED, ReportChannel.POLL})
    strongest = "delivered"

    def request(self, sms: OutboundSms) -> HttpRequest:
        self.check(sms)
        rule: str = self.option["routerule"]
        return self._post(
            "OmniMessage/SendMessage",
            phonenumber=in_format("digits", sms.to),
            routerule=rule.split(",") if self.option["routerule_form"] == "array" else rule,
            templatecode=(sms.vendor_template or "").strip(),
            list_param=dict(sms.parameters),
        )

    def outcome(self, response: HttpResponse) -> Accepted:
        answer = json_object(response, _folded) or {}
        status = code_in(answer.get("status"))
        if status is None:
            raise _without_status(response)
        if status != SUCCESS:
            raise _refusal(response, status, answer)
        if response.status != 200:
            raise contradiction(status, N_("status 1 with HTTP {status}").format(status=response.status))
        return _accepted(answer)

    def read_reports(self, values: Mapping[str, Any]) -> list[Report]:
        pairs = [(_folded(name), value) for name, value in values.items()]
        answer = dict(pairs)
        if any(answer[name] != value for name, value in pairs):  # such as Status and status, which differ
            return []
        vendor_id, word = text_in(answer.get("idomnimess")), text_in(answer.get("status"))
        return [self._report(answer, word, vendor_id)] if vendor_id and word else []

    def poll_request(self, *asked: Asked) -> HttpRequest:
        return self._post("OmniReport/GetStatusOmni", idOmniMess=asked[0].vendor_id)

    def poll_outcome(self, response: HttpResponse) -> list[Report]:
        answer = json_object(response, _folded) or _fields_in_text(response)
        status = code_in(answer.get("status"))
        if status is None:
            raise _without_status(response)
        word = status.upper()
        if word == PENDING and response.status == 200:
            return []
        if word not in STATES or response.status != 200:
            raise _refusal(response, status, answer)
        return [self._report(answer, word, text_in(answer.get("idomnimess")))]

    def _report(self, answer: JsonObject, word: str, vendor_id: str) -> Report:
        state = STATES.get(word.upper(), MessageState.UNKNOWN)
        code = code_in(answer.get("errorcode")) or word.upper()
        channel = text_in(answer.get("channel"), limit=40)
        detail = N_("Channel {channel}").format(channel=channel) if channel else ""
        goes_on = state is MessageState.UNDELIVERED and "," in self.option["routerule"]  # to the next channel
        return Report(state, vendor_id=vendor_id, code=code, detail=detail, final=False if goes_on else None)

    def _post(self, path: str, **fields: Any) -> HttpRequest:
        self.require_credentials()
        account = {key: self.credential[key] for key in ("username", "password")}
        return json_post(f"{self.base_url}/api/{path}", account | fields)


def _folded(name: str) -> str:
    return name.strip().lower()


def _accepted(answer: JsonObject) -> Accepted:
    vendor_id, word = text_in(answer.get("idomnimess")), words_in(answer.get("code"))
    if vendor_id:
        return Accepted(vendor_id=vendor_id, code=SUCCESS, detail=word)
    if word and word.lower() != "success":
        raise contradiction(SUCCESS, N_("status 1 without an id, and the words {said}").format(said=repr(word)))
    return Accepted(code=SUCCESS, detail=N_("Taken without an id: this message can't be traced at the vendor."))


def _refusal(response: HttpResponse, status: str, answer: JsonObject) -> ProviderError:
    negative = re.fullmatch(r"-[0-9]+", status) is not None
    return by_code(CODES, status, response, refused=negative, said=words_in(answer.get("code")))


def _without_status(response: HttpResponse) -> ProviderError:
    """The error for a response without `status`: the plain text of a 401 distinguishes its two causes."""
    text = text_of(response).strip('"').strip().rstrip(".").lower().replace("\u2019", "'")
    is_known = response.status == 401 and text in TEXTS
    return by_code(TEXT_CODES, TEXTS[text], response, refused=True) if is_known else by_status(response)


def _fields_in_text(response: HttpResponse) -> JsonObject:
    """The fields of a response whose JSON is invalid because of the parameters quoted in it."""
    text = text_of(response)
    text = re.sub(r'"\s*list_param\s*"\s*:\s*"\{.*?\}"', '"list_param":""', text, flags=re.DOTALL | re.IGNORECASE)
    pairs = re.findall(r'"\s*(status|errorCode|channel|idOmniMess)\s*"\s*:\s*("[^"\\]*"|-?[0-9]+)', text, re.IGNORECASE)
    return {_folded(name): json.loads(value, strict=False) for name, value in reversed(pairs)}
