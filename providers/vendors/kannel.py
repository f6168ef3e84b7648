"""Kannel, an SMPP gateway in the operator's own network: free text through the sendsms interface of its smsbox.

Documents: Kannel 1.4.5 user guide, "Using SMS Gateway"; measured with Debian's package. Quirks:

- Only GET is accepted, and an answer has no id: the SMSC's id comes with the first report.
- Without `coding=2` a character outside GSM-7 becomes "?"; without `charset` UCS-2 is garbled.
- A text with more parts than `max-messages` (10) is cut and accepted all the same.
- `priority` also orders bearerbox's queue. `validity` counts in minutes, and 0 is refused as expired: a message
  with less than a minute left is sent with 1.
- A link that breaks before the SMSC's answer makes Kannel submit again (docs/reliability.md). So report 16
  without the SMSC's own error ("Retries Exceeded") does not exclude that the message was sent.
- Reports quote the beginning of the text behind `text:`; that is cut off.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from providers.answers import Codes, by_code, by_status, text_in, text_of
from providers.base import (
    Accepted,
    Carries,
    Encoding,
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
)
from providers.marking import N_
from providers.phone import in_format

ACCEPTED = {"0: Accepted for delivery": "0", "3: Queued for later delivery": "3"}
RECEIVER_MISSING = "receiver_missing"
CODES: Codes = {
    "authorization": (Failure.ACCOUNT, N_("User name or password is wrong, or our server's address is not allowed.")),
    "sender_missing": (Failure.CONFIG, N_("The message has no sender name, and Kannel adds none.")),
    "denied": (Failure.RECIPIENT, N_("One of Kannel's lists denies the number.")),
    "not_routable": (Failure.CONFIG, N_("None of Kannel's connections accepts the message; Kannel did not store it.")),
    RECEIVER_MISSING: (Failure.CONFIG, N_("The recipient's number is missing.")),
}
REFUSALS = {
    "authorization failed": "authorization",
    "sender missing": "sender_missing",
    "denied by white- and/or black-lists": "denied",
    "not routable": "not_routable",
    "missing receiver": RECEIVER_MISSING,
}
"""How the refusals begin, or what they contain, in lower case."""
DELIVERED, FAILED, BUFFERED, TAKEN, REFUSED = "1", "2", "4", "8", "16"
STATES = {
    DELIVERED: MessageState.DELIVERED,
    FAILED: MessageState.UNDELIVERED,
    BUFFERED: MessageState.SENT,
    TAKEN: MessageState.SENT,
    REFUSED: MessageState.UNDELIVERED,
}
ENDS = {"EXPIRED": MessageState.EXPIRED, "REJECTD": MessageState.REJECTED}
"""The SMSC's words that say more than report 2."""
ALL_REPORTS = "31"
ANY_SMSC = "any"
OTP_PRIORITY, PRIORITY = "3", "0"
CODINGS = {Encoding.GSM7: "0", Encoding.UCS2: "2"}
_QUOTED_TEXT = re.compile(r"\btext:.*", re.IGNORECASE | re.DOTALL)
_STAT = re.compile(r"\bstat:([A-Z]{1,10})\b", re.IGNORECASE)
_NACK = re.compile(r"NACK/(0x[0-9a-f]{1,8})\b", re.IGNORECASE)


class Kannel(Sender):
    slug = "kannel"
    name = "Kannel (SMPP)"
    documents = "Kannel 1.4.5, sendsms interface"
    codes = CODES
    words = frozenset(
        {*ACCEPTED.values(), *STATES, "delivrd", "undeliv", "expired", "rejectd", "enroute", "acceptd", "deleted"}
    )
    credentials = (
        Setting("username", N_("User name"), N_("The username of the sendsms-user in kannel.conf.")),
        Setting("password", N_("Password"), N_("The password of the sendsms-user in kannel.conf."), secret=True),
    )
    options = (
        Setting(
            "smsc",
            "SMSC",
            N_("The smsc-id of the connection to use, or any. Kannel ignores an id that it does not know."),
            default=ANY_SMSC,
            pattern=r"[A-Za-z0-9._-]+",
        ),
    )
    default_base_url = "https://smsbox:13013"
    carries = Carries.TEXT
    max_parts = 10
    sender_rule = SenderRule(SenderUse.OPTIONAL, letters=11, digits=15)
    reports = frozenset({ReportChannel.CALLBACK_PER_ATTEMPT})
    strongest = "delivered"
    can_test = True

    def request(self, sms: OutboundSms) -> HttpRequest:
        self.check(sms)
        fields = {"to": in_format("digits", sms.to), "text": sms.text}
        fields |= {"charset": "UTF-8", "coding": CODINGS[sms.encoding]}
        fields |= {"priority": OTP_PRIORITY if sms.is_otp else PRIORITY, "validity": str(sms.valid_for // 60 or 1)}
        if sms.sender:
            fields["from"] = sms.sender
        if sms.callback_url:
            fields |= {"dlr-mask": ALL_REPORTS, "dlr-url": _report_url(sms.callback_url, sms.reference)}
        if self.option["smsc"] != ANY_SMSC:
            fields["smsc"] = self.option["smsc"]
        return self._get(fields)

    def outcome(self, response: HttpResponse) -> Accepted:
        code = ACCEPTED.get(text_of(response))
        if response.status == 202 and code:
            return Accepted(code=code)
        raise _refusal(response)

    def read_reports(self, values: Mapping[str, Any]) -> list[Report]:
        reference, number = text_in(values.get("ref")), text_in(values.get("state"))
        if not reference or not number:
            return []
        said = _QUOTED_TEXT.sub("", text_in(values.get("said"), limit=1000)).strip()
        nack = _NACK.match(said) if number == REFUSED else None
        stat = _STAT.search(said) if number in (DELIVERED, FAILED, BUFFERED) else None
        code = (nack or stat or [number, number])[1]
        state = STATES.get(number, MessageState.UNKNOWN)
        state = ENDS.get(code.upper(), state) if number == FAILED else state
        left = False if nack else None
        return [Report(state, reference, text_in(values.get("id")), code=code, detail=said, left=left)]

    def test_request(self) -> HttpRequest:
        """A message without a recipient: Kannel checks the account first, and then refuses it."""
        self.require_credentials()
        return self._get({})

    def test_outcome(self, response: HttpResponse) -> str:
        error = _refusal(response)
        if error.code == RECEIVER_MISSING:
            return N_("Kannel accepts the user name and the password.")
        raise error

    def _get(self, fields: Mapping[str, str]) -> HttpRequest:
        account = {key: self.credential[key] for key in ("username", "password")}
        return HttpRequest("GET", f"{self.base_url}/cgi-bin/sendsms?{urlencode(account | dict(fields))}")


def _report_url(callback_url: str, reference: str) -> str:
    """The URL that Kannel calls: it replaces and encodes %d (state), %F (the SMSC's id) and %A (the SMSC's words)."""
    joint = "&" if "?" in callback_url else "?"
    return f"{callback_url}{joint}ref={quote(reference, safe='')}&state=%d&id=%F&said=%A"


def _refusal(response: HttpResponse) -> ProviderError:
    said = text_of(response).lower()
    code = next((code for words, code in REFUSALS.items() if words in said), "")
    if code and response.status in (400, 403):
        return by_code(CODES, code, response, refused=True)
    return by_status(response)
