"""What would happen to a text: the live path's own functions, without storing or sending anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace

from providers.base import ProviderError
from providers.exchange import exchange_text
from sms.domain.destinations import Verdict
from sms.domain.routing import Candidate, Decision
from sms.domain.text import Segments, forcing_ucs2, normalise, segments
from sms.services.configuration import snapshot
from sms.services.configuration.snapshot import ClientFacts, Snapshot
from sms.services.database import clock
from sms.services.dispatch.claim import outbound
from sms.services.intake import accept
from sms.services.intake.near_miss import nearest_template


@dataclass(frozen=True, slots=True)
class Wire:
    """The request to one vendor, as it would go out, secrets hidden; or why it can't be built."""

    slug: str
    request: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """`text` is what would be matched and sent; `code` what the caller would be told, empty for 201."""

    text: str
    size: Segments
    forcing: tuple[str, ...]
    decision: Decision
    chosen: Candidate | None
    code: str
    destination: Verdict
    is_held: bool
    near: str
    wires: tuple[Wire, ...]


def explain(*, raw_text: str, sender: str, to: str, client: ClientFacts, is_otp: bool) -> Explanation:
    now = snapshot.current()
    text = normalise(raw_text, client.newline_escape)
    decision = now.decide(text=text, sender=sender, to=to, client=client.id, is_otp=is_otp)
    destination = now.destination(to=to, client=client.id, is_otp=is_otp)
    is_held = decision.code == "template_not_matched" and client.on_no_template == "hold" and not is_otp
    draft = SimpleNamespace(to=to, text=text, is_otp=is_otp)
    return Explanation(
        text=text,
        size=segments(text),
        forcing=forcing_ucs2(text),
        decision=decision,
        chosen=next(iter(decision.eligible), None),
        code=_code(now, decision, client, sender, to, is_held, destination),
        destination=destination,
        is_held=is_held,
        near=nearest_template(now, decision, text),
        wires=tuple(_wires(now, decision, draft)),
    )


def _code(
    now: Snapshot,
    decision: Decision,
    client: ClientFacts,
    sender: str,
    to: str,
    is_held: bool,
    destination: Verdict,
) -> str:
    if not now.knows_sender(client, sender):
        return "unknown_sender"
    if accept.is_blocked(to):
        return "recipient_blocked"
    if destination.problem:
        return "destination_not_allowed"
    return "" if is_held else decision.code


def _wires(now: Snapshot, decision: Decision, draft: SimpleNamespace) -> Iterator[Wire]:
    for candidate in decision.eligible:
        account = now.accounts[candidate.provider]
        sms = outbound(draft, clock.new_id(), account, candidate)
        # The address for its reports would be a genuine one: not for reading.
        hidden = (*account.adapter.secrets(), *([sms.callback_url] if sms.callback_url else []))
        try:
            yield Wire(candidate.slug, exchange_text(account.adapter.request(sms), hidden))
        except ProviderError as error:
            yield Wire(candidate.slug, "", f"{error.code}: {error.detail}")
