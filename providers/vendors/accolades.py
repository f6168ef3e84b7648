"""Accolades (client.voipit.ro): free text, with a callback per message.

Documents: "SMS/SEND command" of Accolades; the platform's help pages for errors and ping. Quirks:

- The account number is in the path, so a wrong one is a 404. After bad log-ins and bad paths the
  vendor blocks the caller's IP address. So every 404 counts as a fault of the account.
- Error codes are HTTP statuses, some with a part behind a dot ("403.6": our address is blocked).
- There is no sender field. The documents differ on a slash at the end of the path.
- `sent` means handed to the carrier, never delivered. `error` means that the transmission is
  over and failed: the message was not sent. Callbacks are not signed; their method and encoding
  are not documented.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from providers.answers import Codes, by_code, by_status, code_in, contradiction, json_object, text_in, words_in
from providers.base import (
    Accepted,
    Carries,
    Failure,
    HttpRequest,
    HttpResponse,
    JsonObject,
    MessageState,
    OutboundSms,
    ProviderError,
    Report,
    ReportChannel,
    Sender,
    Setting,
)
from providers.common_settings import phone_format, switch
from providers.marking import N_
from providers.phone import in_format

CODES: Codes = {
    "400": (Failure.CONTENT, N_("The request is wrong: the vendor can't read the number or the text.")),
    "401": (Failure.ACCOUNT, N_("The password is wrong.")),
    "403": (Failure.ACCOUNT, N_("The account may not send.")),
    "403.6": (Failure.ACCOUNT, N_("Our server's IP address is blocked after too many bad requests.")),
    "404": (Failure.ACCOUNT, N_("The account number, or the address, is wrong.")),
    "413": (Failure.CONTENT, N_("The text is too long.")),
    "500": (Failure.AMBIGUOUS, N_("An error on the vendor's side: the message may have gone out.")),
}
STATES = {"sent": MessageState.SENT, "error": MessageState.UNDELIVERED}


class Accolades(Sender):
    slug = "accolades"
    name = "Accolades"
    documents = "Accolades, SMS/SEND command; voipit.ro help pages"
    codes = CODES
    words = frozenset({"ok", *STATES})
    credentials = (
        Setting(
            "account_number",
            N_("Account number"),
            N_("Part of the address: letters, digits, dot, dash, underscore."),
            pattern=r"[A-Za-z0-9_-][A-Za-z0-9._-]*",
        ),
        Setting("password", N_("API password"), N_("The API password of this account."), secret=True),
    )
    options = (
        phone_format(
            *("e164", "digits", "00", "national"),
            text=N_("How the recipient's number is written; no document says it."),
        ),
        switch("trailing_slash", N_("Slash at the end"), N_("End the address for sending with a slash.")),
    )
    default_base_url = "https://client.voipit.ro"
    carries = Carries.TEXT
    takes_validity = False
    blocks_callers = True
    reports = frozenset({ReportChannel.CALLBACK_PER_ATTEMPT})
    strongest = "sent"
    can_test = True

    def request(self, sms: OutboundSms) -> HttpRequest:
        self.check(sms)
        fields = {
            "password": self.credential["password"],
            "phoneNumber": in_format(self.option["phone_format"], sms.to),
            "message": sms.text,
        }
        if sms.callback_url:
            fields["sendResultTo"] = sms.callback_url
        fields["messageId"] = sms.reference
        return self._post("sms/send/" if self.option["trailing_slash"] else "sms/send", fields)

    def outcome(self, response: HttpResponse) -> Accepted:
        answer = json_object(response) or {}
        code = code_in(answer.get("code"))
        if _type(answer) != "ok":
            raise _refusal(response, answer)
        if response.status != 200 or code in CODES:
            words = N_("type ok, code {code}, HTTP {status}").format(code=code, status=response.status)
            raise contradiction(code or f"http-{response.status}", words)
        return Accepted(code="ok")

    def read_reports(self, values: Mapping[str, Any]) -> list[Report]:
        if text_in(values.get("type", "deliveryReport")) != "deliveryReport":
            return []
        word = text_in(values.get("status"))
        state = STATES.get(word.lower(), MessageState.UNKNOWN)
        detail = text_in(values.get("errorMessage"), limit=500)
        left = False if state is MessageState.UNDELIVERED else None
        return [Report(state, text_in(values.get("id")), code=word, detail=detail, left=left)] if word else []

    def test_request(self) -> HttpRequest:
        self.require_credentials()
        return self._post("ping/", {"password": self.credential["password"]})

    def test_outcome(self, response: HttpResponse) -> str:
        answer = json_object(response) or {}
        if response.status == 200 and _type(answer) == "pong":
            return N_("Accolades accepts the account and the password.")
        raise _refusal(response, answer)

    def _post(self, path: str, fields: Mapping[str, str]) -> HttpRequest:
        url = f"{self.base_url}/{quote(self.credential['account_number'], safe='')}/{path}"
        body = "&".join(f"{name}={quote_plus(value)}" for name, value in fields.items())
        return HttpRequest("POST", url, (("Content-Type", "application/x-www-form-urlencoded"),), body.encode("ascii"))


def _type(answer: JsonObject) -> str:
    return text_in(answer.get("type")).lower()


def _refusal(response: HttpResponse, answer: JsonObject) -> ProviderError:
    """The part of a code before the dot is an HTTP status; an unlisted 5xx is as ambiguous as the listed 500."""
    refused = _type(answer) == "error"
    status_is_code = refused or response.status == 404
    code = code_in(answer.get("code")) or (str(response.status) if status_is_code else None)
    if code is None:
        return by_status(response)
    general = code.partition(".")[0]
    codes = {code: CODES[general], **CODES} if general in CODES else CODES
    server_fault = response.status >= 500 or (len(general) == 3 and general.startswith("5"))
    said = words_in(answer.get("message"))
    return by_code(codes, code, response, refused=refused and not server_fault, said=said)
