"""An adapter whose facts are a description's. Each part of a description adds the methods that it describes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

from providers.answers import by_status
from providers.base import (
    Accepted,
    ApprovalKind,
    Asked,
    Callback,
    Carries,
    Failure,
    HttpRequest,
    HttpResponse,
    Kind,
    Money,
    OutboundSms,
    Polls,
    Reply,
    Report,
    ReportChannel,
    Sender,
    SenderRule,
    SenderUse,
    Setting,
)
from providers.marking import N_

from . import meaning
from .build import build, names_in, of_account, of_asked, of_message
from .description import Balance, Description, Poll, Reading, Receipts, Test
from .meaning import Read, money, outcome
from .schema import FORMATS, Credential, Option
from .signing import is_authentic

UNCHANGED = (
    *("slug", "name", "documents", "max_parameters", "max_length", "max_value_length", "max_parts"),
    *("blocks_callers", "repeats_are_safe"),
)


def facts_of(described: Description) -> dict[str, Any]:
    vendor, answer = described.vendor, described.answer
    reports = _channels(described)
    return {name: getattr(vendor, name) for name in UNCHANGED} | {
        "default_base_url": vendor.base_url,
        "carries": Carries(vendor.carries),
        "takes_validity": any(name.startswith("valid_for") for name in names_in(described.request, described)),
        "sender_rule": SenderRule(SenderUse(vendor.sender), vendor.sender_letters, vendor.sender_digits),
        "credentials": tuple(map(setting_of, described.credentials)),
        "options": tuple(map(setting_of, described.options)),
        "names_parameters": any(row.each == "parameter_name" for row in described.request.body),
        "codes": {each.code: (Failure(each.class_), each.text) for each in answer.codes if each.class_ != "repeated"},
        "doubted_approvals": {each.code: ApprovalKind(each.doubts) for each in answer.codes if each.doubts},
        "words": frozenset(_words(described)),
        "reports": reports,
        "ids_per_part": "*" in (answer.id or ()),
        "strongest": _strongest(described) if reports else "submitted",
        "polls": _polls(described.poll) if described.poll else Polls(),
        "signed_headers": _signed_headers(described),
        "can_test": described.test is not None,
        "tells_balance": described.balance is not None,
        "description": described,
        "receipts": described.receipts,
        "poll": _poll(described),
        "test": described.test,
        "balance": described.balance,
    }


def setting_of(declared: Credential | Option) -> Setting:
    more = declared.model_dump(exclude={"format", "kind", "help", "choices"})
    return Setting(
        **more,
        help=f"{declared.help.rstrip('.')}.",
        kind=Kind(declared.kind),
        pattern=FORMATS[declared.format],
        choices=tuple(getattr(declared, "choices", ())),
    )


def readings(described: Description) -> list[Reading]:
    return [each for each in (described.receipts, described.poll) if each is not None]


def _channels(described: Description) -> frozenset[ReportChannel]:
    found = {ReportChannel.POLL} if described.poll else set()
    if described.receipts:
        is_own = described.receipts.address == "per_message"
        found.add(ReportChannel.CALLBACK_PER_ATTEMPT if is_own else ReportChannel.CALLBACK_REGISTERED)
    return frozenset(found)


def _strongest(described: Description) -> str:
    can_deliver = any(state.state == "delivered" for each in readings(described) for state in each.states)
    return "delivered" if can_deliver else "sent"


def _words(described: Description) -> list[str]:
    accepted = [word for each in described.answer.accepted_when for word in each.in_ or ()]
    repeated = [each.code for each in described.answer.codes if each.class_ == "repeated"]
    states = [state.word for each in readings(described) for state in each.states]
    return [word.lower() for word in (*accepted, *repeated, *states)]


def _poll(described: Description) -> Poll | None:
    if described.poll is None or described.poll.states or described.receipts is None:
        return described.poll
    return described.poll.model_copy(update={"states": described.receipts.states})


def _polls(poll: Poll) -> Polls:
    return Polls(
        at_once=None if poll.queue else poll.at_once,
        per_minute=poll.per_minute,
        until=timedelta(hours=poll.until_hours),
        needs_id=poll.needs_id,
        consumes=poll.consumes,
    )


def _signed_headers(described: Description) -> tuple[str, ...]:
    rule = described.receipts.signature if described.receipts else None
    if rule is None:
        return ()
    names = {*rule.text.names, *([rule.time] if rule.time else ())}
    found = {name.removeprefix("header.") for name in names if name.startswith("header.")}
    return tuple(sorted({name.lower() for name in (*found, *([rule.header] if rule.header else ()))}))


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


class WithReceipts(Described):
    """Checks and answers callbacks."""

    receipts: ClassVar[Receipts]

    def report_networks(self) -> tuple[str, ...]:
        return tuple(self.option[self.receipts.networks]) if self.receipts.networks else ()

    def authentic(self, callback: Callback) -> bool:
        rule = self.receipts.signature
        return rule is None or is_authentic(rule, of_account(self.description, self).values, callback)

    def reply(self, callback: Callback) -> Reply:
        reply = self.receipts.reply
        return Reply(reply.status, reply.content_type, reply.body.encode())


class WithFields(WithReceipts):
    """Reads reports from the fields of callbacks."""

    def read_reports(self, values: Mapping[str, Any]) -> list[Report]:
        return meaning.read_fields(self.receipts, values, self)


class WithCallbacks(WithReceipts):
    """Reads reports from callbacks as they came."""

    def read(self, callback: Callback) -> list[Report] | None:
        return meaning.read(self.receipts, callback, self)


class WithPolls(Described):
    poll: ClassVar[Poll]

    def poll_delays(self) -> tuple[int, ...]:
        return tuple(self.option[self.poll.after_option] if self.poll.after_option else self.poll.after)

    def poll_request(self, *asked: Asked) -> HttpRequest:
        self.require_credentials()
        return build(self.description, self, self.poll, of_asked(self.description, self, asked))

    def poll_outcome(self, response: HttpResponse) -> list[Report]:
        answer = Read(self.description.answer, self.poll, response, self)
        if not answer.is_accepted(self.poll.answered_when):
            raise answer.error(self.poll.answered_when)
        return meaning.reports_in(self.poll, answer.tree, self, response.status)


class WithTest(Described):
    test: ClassVar[Test]

    def test_request(self) -> HttpRequest:
        self.require_credentials()
        return build(self.description, self, self.test, of_account(self.description, self))

    def test_outcome(self, response: HttpResponse) -> str:
        answer = Read(self.description.answer, self.test, response, self)
        if not answer.is_accepted(self.test.accepted_when):
            raise answer.error(self.test.accepted_when)
        return N_("{name} accepts the credentials.").format(name=self.name)


class WithBalance(Described):
    balance: ClassVar[Balance]

    def balance_request(self) -> HttpRequest:
        self.require_credentials()
        return build(self.description, self, self.balance, of_account(self.description, self))

    def balance_outcome(self, response: HttpResponse) -> Money:
        answer = Read(self.description.answer, self.balance, response, self)
        if not answer.is_accepted(self.balance.accepted_when):
            raise answer.error(self.balance.accepted_when)
        if (amount := money(self.balance, answer.tree)) is None:
            raise by_status(response)
        return amount


def bases(described: Description) -> tuple[type[Described], ...]:
    """The classes for the parts that the description has."""
    receipts = described.receipts
    parts = {
        WithFields: receipts is not None and receipts.source == "fields",
        WithCallbacks: receipts is not None and receipts.source != "fields",
        WithPolls: described.poll is not None,
        WithTest: described.test is not None,
        WithBalance: described.balance is not None,
    }
    return (*(each for each, is_there in parts.items() if is_there), Described)
