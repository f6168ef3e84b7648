"""The declared facts of an adapter, from its description."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from providers.base import ApprovalKind, Carries, Failure, Kind, Polls, ReportChannel, SenderRule, SenderUse, Setting

from .answer_schema import Poll, Reading
from .description import Description
from .schema import FORMATS, Credential, Option

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
