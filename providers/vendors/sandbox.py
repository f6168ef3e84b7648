"""The sandbox: a vendor for training and for callers' tests, which reaches no handset.

`providers/playground.py` answers its URL. It accepts free text, so that any message can be sent by it, and is polled.
"""

from __future__ import annotations

from providers.answers import by_status, json_object, text_in
from providers.base import (
    Accepted,
    Asked,
    Carries,
    Failure,
    HttpRequest,
    HttpResponse,
    MessageState,
    OutboundSms,
    Refused,
    Report,
    ReportChannel,
    Sender,
    json_post,
)
from providers.marking import N_
from providers.phone import in_format

STATES = {"delivered": MessageState.DELIVERED, "undelivered": MessageState.UNDELIVERED}


class Sandbox(Sender):
    slug = "sandbox"
    name = "Sandbox"
    documents = "This product: the number's last two digits choose what happens"
    words = frozenset({"accepted", "refused", *STATES})
    scheme = "sandbox"
    default_base_url = "sandbox://training"
    carries = Carries.TEXT
    takes_validity = False
    reports = frozenset({ReportChannel.POLL})
    strongest = "delivered"
    sandbox = True

    def request(self, sms: OutboundSms) -> HttpRequest:
        self.check(sms)
        asked = {"to": in_format("e164", sms.to), "text": sms.text, "reference": sms.reference}
        return json_post(f"{self.base_url}/send", asked)

    def outcome(self, response: HttpResponse) -> Accepted:
        answer = json_object(response) or {}
        if response.status == 200 and answer.get("result") == "accepted":
            return Accepted(vendor_id=text_in(answer.get("id")), code="accepted")
        if response.status == 200 and answer.get("result") == "refused":
            raise Refused(Failure.RECIPIENT, "refused", N_("The sandbox played a vendor that refuses this number."))
        raise by_status(response)

    def poll_delays(self) -> tuple[int, ...]:
        return (2, 60)

    def poll_request(self, *asked: Asked) -> HttpRequest:
        return json_post(f"{self.base_url}/state", {"id": asked[0].vendor_id})

    def poll_outcome(self, response: HttpResponse) -> list[Report]:
        answer = json_object(response) or {}
        state = STATES.get(text_in(answer.get("state")))
        if response.status != 200 or state is None:
            raise by_status(response)
        return [Report(state, vendor_id=text_in(answer.get("id")), code=state.value)]
