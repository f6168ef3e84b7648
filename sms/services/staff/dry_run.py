"""A dry run of a text through the functions that accept messages; stores and sends nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import SimpleNamespace

from providers.base import ProviderError, Sender, Session
from providers.exchange import exchange_text
from sms.domain.destinations import Verdict
from sms.domain.routing import Candidate, Decision
from sms.domain.text import Segments, forcing_ucs2, segments
from sms.services.configuration import readings, snapshot
from sms.services.configuration.snapshot import Account, ClientFacts, Snapshot
from sms.services.database import clock
from sms.services.dispatch.outbound import outbound
from sms.services.intake import accept
from sms.services.intake.block_list import is_blocked
from sms.services.intake.near_miss import nearest_template
from sms.services.queue import sessions


@dataclass(frozen=True, slots=True)
class VendorRequest:
    """The request to one vendor, without its secrets; or why it can't be built."""

    slug: str
    request: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """`text` is the text that would be matched and sent; `code` is the response's error code, empty for 201.

    `newline_is_undecided`: it can't be decided whether a `/n` is a new line or part of a word.
    """

    text: str
    newline_is_undecided: bool
    size: Segments
    forcing: tuple[str, ...]
    decision: Decision
    chosen: Candidate | None
    code: str
    destination: Verdict
    is_held: bool
    near: str
    wires: tuple[VendorRequest, ...]


def explain(
    *,
    raw_text: str,
    sender: str,
    to: str,
    client: ClientFacts,
    is_otp: bool,
    provider: int | None = None,
    sees_numbers: bool = True,
) -> Explanation:
    """`sees_numbers`: whether the result may show that a number is on the block list."""
    now = snapshot.current()
    route_to = {"sender": sender, "to": to, "client": client.id, "is_otp": is_otp}
    reading = readings.route_text(now, raw_text, client.newline_escape, provider=provider, **route_to)
    text, decision = reading.text, reading.decision
    destination = now.destination(to=to, client=client.id, is_otp=is_otp)
    is_held = accept.is_held(client, decision, is_otp=is_otp)
    draft = SimpleNamespace(to=to, text=text, is_otp=is_otp)
    return Explanation(
        text=text,
        newline_is_undecided=reading.is_undecided,
        size=segments(text),
        forcing=forcing_ucs2(text),
        decision=decision,
        chosen=next(iter(decision.eligible), None),
        code=_code(now, decision, client, sender, to if sees_numbers else None, is_held, destination),
        destination=destination,
        is_held=is_held,
        near=nearest_template(now, decision, text),
        wires=tuple(_requests(now, decision, draft)),
    )


def _code(
    now: Snapshot,
    decision: Decision,
    client: ClientFacts,
    sender: str,
    to: str | None,
    is_held: bool,
    destination: Verdict,
) -> str:
    if not now.knows_sender(client, sender):
        return "unknown_sender"
    if to is not None and is_blocked(to):
        return "recipient_blocked"
    if destination.problem:
        return "destination_not_allowed"
    return "" if is_held else decision.code


def _requests(now: Snapshot, decision: Decision, draft: SimpleNamespace) -> Iterator[VendorRequest]:
    for candidate in decision.eligible:
        account = now.accounts[candidate.provider]
        ttl = accept.time_to_live(now, decision, is_otp=draft.is_otp)
        sms = replace(outbound(draft, clock.new_id(), account, candidate), valid_for=ttl)
        # The callback URL would be valid, so it is hidden like a secret.
        hidden = (*account.adapter.secrets(), *([sms.callback_url] if sms.callback_url else []))
        try:
            request = _adapter_of(account).request(sms)
            yield VendorRequest(candidate.slug, exchange_text(request, (*hidden, *request.hidden)))
        except ProviderError as error:
            yield VendorRequest(candidate.slug, "", f"{error.code}: {error.detail}")


def _adapter_of(account: Account) -> Sender:
    """With a session that no vendor gave: a dry run makes no call."""
    return account.adapter.for_call(sessions.new_call(Session(defaultdict(lambda: "[session]"))))
