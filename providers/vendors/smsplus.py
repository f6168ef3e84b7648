"""smsplus.az: approved templates only, no delivery reports.

Document: "API for send SMS" of smsplus.az. Quirks:

- The template's parameters travel as `first_parameters`, `second_parameters`, `third_parameters`,
  each an array with one value per number. Each call has one number, because it is not documented
  whether one bad number fails them all.
- The status of errors is not documented: the code is read at any status. Public clients get it as
  a string; a number is accepted too.
- A call returns no id and accepts none of ours, and there is no status call. Only a person can
  resolve an unconfirmed message.
- A missing token may come as a redirect to a login page, or HTML, unless JSON is asked for.
"""

from __future__ import annotations

import re

from providers.answers import Codes, by_code, by_status, code_in, contradiction, json_object, words_in
from providers.base import (
    REQUIRED_SENDER,
    Accepted,
    ApprovalKind,
    Carries,
    Failure,
    HttpRequest,
    HttpResponse,
    JsonObject,
    OutboundSms,
    Sender,
    Setting,
    json_post,
    ordered_values,
)
from providers.common_settings import phone_format
from providers.marking import N_
from providers.phone import in_format

SUCCESS = "100"
CODES: Codes = {
    "101": (Failure.ACCOUNT, N_("The token is not known.")),
    "102": (Failure.ACCOUNT, N_("The account's e-mail address is not verified.")),
    "103": (Failure.ACCOUNT, N_("The account's mobile number is not verified.")),
    "104": (Failure.ACCOUNT, N_("The account's passport photo is missing.")),
    "105": (Failure.ACCOUNT, N_("The account's passport is not approved.")),
    "106": (Failure.ACCOUNT, N_("The account's contract is not signed.")),
    "107": (Failure.CONFIG, N_("The sender name is missing.")),
    "108": (Failure.CONFIG, N_("The template is missing.")),
    "109": (Failure.CONFIG, N_("The mobile number is missing.")),
    "110": (Failure.CONFIG, N_("The sender name is not found or not approved.")),
    "111": (Failure.CONFIG, N_("The template is not found or not approved.")),
    "112": (Failure.CONFIG, N_("A mobile number occurs twice in the call.")),
    "113": (Failure.CONFIG, N_("The template requires a first parameter.")),
    "114": (Failure.CONFIG, N_("The template requires a second parameter.")),
    "115": (Failure.CONFIG, N_("The template requires a third parameter.")),
    "116": (Failure.CONFIG, N_("There are not as many first parameters as numbers.")),
    "117": (Failure.CONFIG, N_("There are not as many second parameters as numbers.")),
    "118": (Failure.CONFIG, N_("There are not as many third parameters as numbers.")),
    "119": (Failure.BALANCE, N_("The balance is used up.")),
    "120": (Failure.CONTENT, N_("The text is over 160 characters long.")),
    "121": (Failure.RECIPIENT, N_("The mobile number's format is wrong.")),
    "122": (Failure.AMBIGUOUS, N_("An error while sending: the vendor does not say whether the message went out.")),
    "123": (Failure.CONFIG, N_("The method is not supported at this address.")),
}
PARAMETER_MISSING = ("113", "114", "115")
"""The registered text has a parameter that the approval here lacks."""
DOUBTED_APPROVALS = {"110": ApprovalKind.SENDER} | dict.fromkeys(("111", *PARAMETER_MISSING), ApprovalKind.TEMPLATE)
PARAMETER_FIELDS = ("first_parameters", "second_parameters", "third_parameters")


class SmsPlus(Sender):
    slug = "smsplus"
    name = "smsplus.az"
    documents = "smsplus.az, API for send SMS"
    codes = CODES
    words = frozenset({SUCCESS})
    doubted_approvals = DOUBTED_APPROVALS
    credentials = (
        Setting(
            "token",
            N_("Token"),
            N_("The API token, without blanks, from the customer's personal information."),
            secret=True,
            pattern=r"[!-~]+",
        ),
    )
    options = (
        phone_format("digits", "e164", text=N_("How the recipient's number is written; public clients use digits.")),
    )
    default_base_url = "https://smsplus.az"
    carries = Carries.TEMPLATE
    takes_validity = False
    max_parameters = 3
    max_length = 160
    sender_rule = REQUIRED_SENDER
    reports = frozenset()

    @classmethod
    def vendor_template_problem(cls, vendor_template: str) -> str | None:
        if re.fullmatch(r"[1-9][0-9]{0,17}", vendor_template.strip()):
            return None
        return N_("smsplus.az knows its templates by a whole number, for example 1432.")

    def request(self, sms: OutboundSms) -> HttpRequest:
        self.check(sms)
        payload: JsonObject = {
            "sender_name": sms.sender,
            "message_template_id": int(sms.vendor_template or ""),
            "mobile_numbers": [in_format(self.option["phone_format"], sms.to)],
        }
        values = ordered_values(sms)
        payload |= {name: [value] for name, value in zip(PARAMETER_FIELDS, values, strict=False)}
        headers = (("Accept", "application/json"), ("Authorization", f"Bearer {self.credential['token']}"))
        return json_post(f"{self.base_url}/api/sms/send", payload, *headers)

    def outcome(self, response: HttpResponse) -> Accepted:
        answer = json_object(response) or {}
        code, success = code_in(answer.get("code")), answer.get("success")
        if code is None:
            raise by_status(response)
        if code == SUCCESS and success is True and response.status // 100 == 2:
            return Accepted(code=code)
        if code == SUCCESS or success is True:
            words = N_("success {success}, code {code}, HTTP {status}")
            raise contradiction(code, words.format(success=repr(success), code=code, status=response.status))
        said = "" if code in CODES else words_in(answer.get("message"))
        raise by_code(CODES, code, response, refused=success is False, said=said)
