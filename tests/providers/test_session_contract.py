"""The inherited tests of an adapter that requires a log-in, and that can be asked for a balance."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from providers.answers import by_status
from providers.base import (
    Accepted,
    Asked,
    Carries,
    HttpRequest,
    HttpResponse,
    Money,
    OutboundSms,
    Polls,
    Report,
    ReportChannel,
    Sender,
    Session,
    Setting,
)
from providers.phone import in_format
from providers.testing import Example, SenderContract
from providers.testing.contract import calls_of


class SessionVendor(Sender):
    """Made up. Its calls carry the token of a session, and it is asked for states by number."""

    slug = "sessionvendor"
    name = "Session vendor"
    documents = "none"
    default_base_url = "https://session.example"
    credentials = (Setting("password", "Password", "The password.", secret=True),)
    carries = Carries.TEXT
    takes_validity = False
    needs_session = True
    tells_balance = True
    reports = frozenset({ReportChannel.POLL})
    polls = Polls(needs_id=False)
    strongest = "delivered"

    def _post(self, path: str, body: str) -> HttpRequest:
        self.require_credentials()
        head = (("X-Token", self.call.session.secret["token"]),)
        return HttpRequest("POST", f"{self.base_url}/{path}", head, body.encode())

    def session_request(self) -> HttpRequest:
        self.require_credentials()
        return HttpRequest("POST", f"{self.base_url}/login", (), self.credential["password"].encode())

    def session_outcome(self, response: HttpResponse) -> Session:
        raise by_status(response)

    def request(self, sms: OutboundSms) -> HttpRequest:
        self.check(sms)
        return self._post("send", f"{in_format('digits', sms.to)} {sms.text}")

    def outcome(self, response: HttpResponse) -> Accepted:
        raise by_status(response)

    def balance_request(self) -> HttpRequest:
        return self._post("balance", "")

    def balance_outcome(self, response: HttpResponse) -> Money:
        return Money(Decimal(1))

    def poll_delays(self) -> tuple[int, ...]:
        return (60,)

    def poll_request(self, *asked: Asked) -> HttpRequest:
        return self._post("poll", " ".join(in_format("digits", each.to) for each in asked))

    def poll_outcome(self, response: HttpResponse) -> list[Report]:
        raise by_status(response)


class TestAnAdapterWithASession(SenderContract):
    @pytest.fixture
    def example(self) -> Example:
        facts: dict[str, Any] = {"password": "made-up-password"}
        return Example(SessionVendor, facts, session={"token": "made-up-token"})

    def test_each_of_its_calls_is_built(self, example: Example) -> None:
        paths = [call().url.rpartition("/")[2] for call in calls_of(example.sender(), example)]
        assert sorted(paths) == ["balance", "login", "poll", "send"]
