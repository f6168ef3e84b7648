"""An adapter whose facts are a description's. Each part of a description adds the methods that it describes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from providers.answers import by_status
from providers.base import (
    Accepted,
    Asked,
    Callback,
    HttpRequest,
    HttpResponse,
    Money,
    OutboundSms,
    Reply,
    Report,
    Sender,
)
from providers.marking import N_

from . import reading
from .build import build
from .classify import Read, money, outcome
from .description import Description
from .signing import is_authentic
from .values import of_account, of_asked, of_message


class Described(Sender):
    """Sends."""

    description: ClassVar[Description]

    @classmethod
    def vendor_template_problem(cls, vendor_template: str) -> str | None:
        is_number = cls.description.vendor.template_id == "number"
        if not is_number or re.fullmatch(r"[1-9][0-9]{0,17}", vendor_template.strip()):
            return super().vendor_template_problem(vendor_template)
        return N_("{name} knows its templates by a whole number, for example 1432.").format(name=cls.name)

    def request(self, sms: OutboundSms) -> HttpRequest:
        self.check(sms)
        return build(self.description, self, self.description.request, of_message(self.description, self, sms))

    def outcome(self, response: HttpResponse) -> Accepted:
        return outcome(self.description.answer, response, self)


class WithFields(Described):
    """Reads reports from the fields of callbacks."""

    def read_reports(self, values: Mapping[str, Any]) -> list[Report]:
        assert self.description.receipts is not None
        return reading.read_fields(self.description.receipts, values, self)


class WithCallbacks(Described):
    """Reads reports from callbacks as they came."""

    def read(self, callback: Callback) -> list[Report] | None:
        assert self.description.receipts is not None
        return reading.read(self.description.receipts, callback, self)


class WithReplies(Described):
    """Checks and answers callbacks."""

    def report_networks(self) -> tuple[str, ...]:
        receipts = self.description.receipts
        return tuple(self.option[receipts.networks] or ()) if receipts and receipts.networks else ()

    def authentic(self, callback: Callback) -> bool:
        receipts = self.description.receipts
        rule = receipts.signature if receipts else None
        return rule is None or is_authentic(rule, of_account(self.description, self).values, callback)

    def reply(self, callback: Callback) -> Reply:
        assert self.description.receipts is not None
        reply = self.description.receipts.reply
        return Reply(reply.status, reply.content_type, reply.body.encode())


class WithPolls(Described):
    def poll_delays(self) -> tuple[int, ...]:
        poll = self.description.poll
        assert poll is not None
        return tuple(self.option[poll.after_option] if poll.after_option else poll.after)

    def poll_request(self, *asked: Asked) -> HttpRequest:
        self.require_credentials()
        assert self.description.poll is not None
        return build(self.description, self, self.description.poll, of_asked(self.description, self, asked))

    def poll_outcome(self, response: HttpResponse) -> list[Report]:
        poll = self.description.poll
        assert poll is not None
        answer = Read(self.description.answer, poll, response, self)
        if not answer.is_accepted(poll.answered_when):
            raise answer.error(poll.answered_when)
        return reading.reports_in(poll, answer.tree, self, response.status)


class WithTest(Described):
    def test_request(self) -> HttpRequest:
        self.require_credentials()
        assert self.description.test is not None
        return build(self.description, self, self.description.test, of_account(self.description, self))

    def test_outcome(self, response: HttpResponse) -> str:
        test = self.description.test
        assert test is not None
        answer = Read(self.description.answer, test, response, self)
        if not answer.is_accepted(test.accepted_when):
            raise answer.error(test.accepted_when)
        return N_("{name} accepts the credentials.").format(name=self.name)


class WithBalance(Described):
    def balance_request(self) -> HttpRequest:
        self.require_credentials()
        assert self.description.balance is not None
        return build(self.description, self, self.description.balance, of_account(self.description, self))

    def balance_outcome(self, response: HttpResponse) -> Money:
        balance = self.description.balance
        assert balance is not None
        answer = Read(self.description.answer, balance, response, self)
        if not answer.is_accepted(balance.accepted_when):
            raise answer.error(balance.accepted_when)
        if (amount := money(balance, answer.tree)) is None:
            raise by_status(response)
        return amount


def bases(described: Description) -> tuple[type[Described], ...]:
    """The classes for the parts that the description has."""
    receipts = described.receipts
    parts = {
        WithFields: receipts is not None and receipts.source == "fields",
        WithCallbacks: receipts is not None and receipts.source != "fields",
        WithReplies: receipts is not None,
        WithPolls: described.poll is not None,
        WithTest: described.test is not None,
        WithBalance: described.balance is not None,
    }
    return (*(each for each, is_there in parts.items() if is_there), Described)
