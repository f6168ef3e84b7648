"""Onlinesim, a partner that rents our numbers, and to which their received SMS are forwarded.

Document: Onlinesim, POST /v1/PUSH_SMS_RENT (the path is a placeholder: the partner gives the whole
address). Quirks:

- The content type must name the charset, written exactly so.
- Status 200 ends the push, whatever the body is. At any other status the same request is repeated
  after 10 seconds, unless the body has NO_OPERATION, NO_OP or BAD_SERVICE. IGNORED and SERVICE_BAN
  do not stop it. The position of the word is not documented: it counts as a whole JSON string at
  any depth, or as the whole text.
- The protocol requires a repeat after a timeout.
- Some versions of the page want the key as a bearer token too, or `phone` as an integer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from providers.answers import text_of
from providers.base import (
    Failure,
    Forwarder,
    HttpRequest,
    HttpResponse,
    JsonObject,
    Kind,
    Misconfigured,
    Pushed,
    ReceivedSms,
    Setting,
)
from providers.common_settings import switch
from providers.marking import N_
from providers.phone import in_format

STOP_WORDS = ("NO_OPERATION", "NO_OP", "BAD_SERVICE")
REPEATED_WORDS = ("IGNORED", "SERVICE_BAN")
CONTENT_TYPE = "application/json; charset=utf-8"


class Onlinesim(Forwarder):
    slug = "onlinesim"
    name = "Onlinesim"
    documents = "Onlinesim, POST /v1/PUSH_SMS_RENT"
    credentials = (
        Setting("key", N_("API key"), N_("The API key of the partner's profile at Onlinesim, without blanks."),
                secret=True, pattern=r"[!-~]+"),
    )  # fmt: skip
    options = (
        switch("bearer", N_("Key as bearer token"), N_("Send the key in the Authorization header too.")),
        switch("phone_as_integer", N_("Phone as integer"), N_("Write our number as a JSON integer, not as a string.")),
        Setting("max_tries", N_("Tries"), N_("How often one message is pushed before it counts as failed."),
                kind=Kind.INTEGER, default=30, assumed=True),
        Setting("timeout", N_("Timeout"), N_("Seconds from the first byte written to the whole answer."),
                kind=Kind.INTEGER, default=15, assumed=True),
    )  # fmt: skip
    words = frozenset(map(str.lower, (*STOP_WORDS, *REPEATED_WORDS)))
    retry_seconds = 10

    def request(self, received: ReceivedSms) -> HttpRequest:
        self.require_credentials()
        if received.operation_id < 1:
            raise Misconfigured(Failure.CONFIG, "operation_invalid", N_("The operation's id must be 1 or more."))
        phone = in_format("digits", received.to)
        payload: JsonObject = {
            "smsId": received.operation_id,
            "phoneFrom": received.sender.removeprefix("+"),
            "phone": int(phone) if self.option["phone_as_integer"] else phone,
            "text": received.text,
            "action": "PUSH_SMS",
            "key": self.credential["key"],
            "service": "rent",
        }
        return HttpRequest("POST", self.base_url, self._headers(), json.dumps(payload, ensure_ascii=False).encode())

    def outcome(self, response: HttpResponse) -> tuple[Pushed, str]:
        said = set(_texts(response))
        word = next((word for word in (*STOP_WORDS, *REPEATED_WORDS) if word in said), f"http-{response.status}")
        if word in STOP_WORDS:
            return Pushed.REFUSED, word
        return (Pushed.DELIVERED if response.status == 200 else Pushed.AGAIN), word

    def _headers(self) -> tuple[tuple[str, str], ...]:
        bearer = ("Authorization", f"Bearer {self.credential['key']}")
        return (("Content-Type", CONTENT_TYPE), *((bearer,) if self.option["bearer"] else ()))


def _texts(response: HttpResponse) -> Iterator[str]:
    """The whole body, and every string value of its JSON, at any depth."""
    text = text_of(response)
    yield text
    try:
        waiting: list[Any] = [json.loads(text, strict=False)]
    except (ValueError, RecursionError):
        return
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value.strip()
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, dict):
            waiting.extend(value.values())
