"""Which providers may carry a message, and why the others may not."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from providers.base import FIXED_SENDER, SenderRule
from providers.marking import N_

from .lifecycle import Try
from .matching.index import Ambiguous, Matched, normalise
from .matching.kinds import PlaceholderKind, link_or_phone
from .matching.templates import Body, values_problem
from .matching.vendor_text import VendorText
from .text import segments

Values = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RouteFacts:
    """A route as staff set it up; `client` and `is_otp` are None where the route takes all."""

    id: int
    prefix: str
    client: int | None
    is_otp: bool | None
    providers: tuple[int, ...]
    otp_ttl: int
    ttl: int
    resend_unconfirmed_otp: bool
    shares: Mapping[int, int] = field(default_factory=dict)
    """Percentages of the messages that providers keep; all where it is not named."""


@dataclass(frozen=True, slots=True)
class ProviderFacts:
    """What routing must know of a provider: staff's switches and its vendor's declared facts."""

    id: int
    slug: str
    enabled: bool
    takes_text: bool
    sender_rule: SenderRule = FIXED_SENDER
    shown_sender: str = ""
    """The sender that this account shows where a call names none, if staff say so."""
    max_length: int | None = None
    max_parts: int | None = None
    max_value_length: int | None = None


@dataclass(frozen=True, slots=True)
class ApprovedTemplate:
    """An approval: the version of a template that one provider has registered, and how its parameters travel.

    `order` holds pairs of our placeholder and the vendor's name for it, in the vendor's order; `registered` is the
    vendor's own text.
    """

    approval: int
    name: str
    version: int
    vendor_template: str
    order: tuple[tuple[str, str], ...]
    registered: VendorText
    body: Body

    def parameters(self, values: Values) -> tuple[tuple[str, str], ...]:
        return tuple((theirs, values[ours]) for ours, theirs in self.order)

    def render(self, parameters: Sequence[tuple[str, str]]) -> str:
        """The vendor's own text with these parameters."""
        return self.registered.render([value for _, value in parameters])

    def problem_of_otp(self, values: Values) -> str:
        """Why these values can't stand in a one-time password's text, without the values; "" if they can."""
        for placeholder in self.body.placeholders:
            if placeholder.kind is PlaceholderKind.ANY and not placeholder.allow_links:
                held = link_or_phone(values[placeholder.name])
                if held:
                    where = N_("The value of {{{placeholder}}} in {name} holds {held_text}").format(
                        placeholder=placeholder.name, name=self.name, held_text=held
                    )
                    return N_(
                        "{where_text}; in a one-time password's text it must not, unless allow_links is set for it."
                    ).format(where_text=where)
        return ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One provider of the route, judged on its own. `code` is empty where it may carry the message."""

    provider: int
    slug: str
    code: str = ""
    reason: str = ""
    vendor_sender: str = ""
    template: str | None = None
    version: int | None = None
    approval: int | None = None
    vendor_template: str | None = None
    values: Values | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    text: str = ""
    """The vendor's own text of the template, with the values."""
    smoothing: tuple[str, ...] = ()

    @property
    def is_eligible(self) -> bool:
        return not self.code


_STORED = tuple(each.name for each in fields(Candidate) if each.name not in ("values", "parameters", "text"))


@dataclass(frozen=True, slots=True)
class Decision:
    """The routing decision: kept with the message, shown to staff."""

    route: int | None
    prefix: str
    candidates: tuple[Candidate, ...]
    code: str
    """Empty where a provider is left, else the code for the caller."""

    @property
    def eligible(self) -> tuple[Candidate, ...]:
        return tuple(candidate for candidate in self.candidates if candidate.is_eligible)

    def as_json(self) -> dict[str, Any]:
        """As it is stored: without values and texts, so that erasing a message leaves nothing of them here."""
        candidates = [_stored(candidate) for candidate in self.candidates]
        return {"route": self.route, "prefix": self.prefix, "candidates": candidates, "code": self.code}


def _stored(candidate: Candidate) -> dict[str, Any]:
    return {name: getattr(candidate, name) for name in _STORED}


def judged_again(
    candidates: Iterable[Candidate],
    tries: Sequence[Try],
    *,
    closed: Mapping[int, str],
    doubted: Container[int] = (),
    chosen: int | None = None,
) -> list[dict[str, Any]]:
    """The candidates of a later decision as they are stored, each with the reason why it was not chosen.

    `closed`: the providers that may not be called now, with the reason.
    """
    return [_stored(_not_chosen(c, tries, closed, doubted) if c.provider != chosen else c) for c in candidates]


def _not_chosen(
    candidate: Candidate, tries: Sequence[Try], closed: Mapping[int, str], doubted: Container[int]
) -> Candidate:
    here = [each for each in tries if each.provider == candidate.provider]
    if not candidate.is_eligible:
        return candidate
    if any(each.is_permanent for each in here):
        return replace(candidate, code="refused", reason=N_("It rejected this message, or reported it as not sent."))
    if any(each.may_have_sent for each in here):
        return replace(candidate, code="unconfirmed", reason=N_("It may have sent this message already."))
    if candidate.provider in doubted:
        return replace(candidate, code="in_doubt", reason=N_("Its approval is in doubt."))
    if candidate.provider in closed:
        return replace(candidate, code="closed", reason=closed[candidate.provider])
    if here:
        reason = N_("It was tried before ({count}×).").format(count=len(here))
        return replace(candidate, code="tried", reason=reason)
    return candidate


# How far a provider came, in the order of the interface's table: the code of the furthest answers the caller.
PROGRESS = ("no_route", "sender_not_approved", "template_not_matched", "template_ambiguous", "text_too_long")

Match = Callable[[int], "tuple[Matched[int], ApprovedTemplate] | Ambiguous[int] | None"]


class RouteIndex:
    """The routes by their prefixes: the time to find one does not depend on their number."""

    def __init__(self, routes: Iterable[RouteFacts]) -> None:
        self._by_prefix: dict[str, list[RouteFacts]] = {}
        for route in sorted(routes, key=_precedence, reverse=True):
            self._by_prefix.setdefault(route.prefix, []).append(route)
        self._lengths = sorted({len(prefix) for prefix in self._by_prefix}, reverse=True)

    def pick(self, *, to: str, client: int, is_otp: bool) -> RouteFacts | None:
        """The longest prefix, then the route that names the client, then the one that names the kind."""
        for length in self._lengths:
            for route in self._by_prefix.get(to[:length], ()):
                if route.client in (None, client) and route.is_otp in (None, is_otp):
                    return route
        return None


def _precedence(route: RouteFacts) -> tuple[bool, bool]:
    return route.client is not None, route.is_otp is not None


def decide(
    route: RouteFacts | None,
    providers: Iterable[ProviderFacts],
    *,
    text: str,
    is_otp: bool,
    sender: str,
    sender_names: Mapping[int, str],
    match: Match,
) -> Decision:
    """Judge each provider of the route on its own.

    `sender_names` maps the providers that have approved the sender to their name for it; `match` finds the template
    among those approved at a provider.
    """
    candidates = tuple(
        _judge(provider, text, is_otp, _sender(provider, sender, sender_names.get(provider.id)), match)
        for provider in providers
    )
    code = "" if any(c.is_eligible for c in candidates) else _furthest(candidates)
    return Decision(route.id if route else None, route.prefix if route else "", candidates, code)


def _furthest(candidates: Iterable[Candidate]) -> str:
    return max((c.code for c in candidates), key=PROGRESS.index, default="no_route")


def _sender(provider: ProviderFacts, sender: str, approved: str | None) -> tuple[str, str]:
    """The sender to name in the call, and why this provider can't carry a message of that sender."""
    rule = provider.sender_rule
    if rule.takes_name and approved is not None:
        return approved, rule.problem(approved)
    if rule.is_required:
        return "", N_("The sender name is not approved at this provider.")
    if provider.shown_sender not in ("", sender):
        shown = N_("This account shows {shown_sender} as the sender of every message").format(
            shown_sender=provider.shown_sender
        )
        return "", N_("{shown_text}, and this one is of {sender}.").format(shown_text=shown, sender=sender)
    return "", ""


def _judge(provider: ProviderFacts, text: str, is_otp: bool, sender: tuple[str, str], match: Match) -> Candidate:
    if not provider.enabled:
        return Candidate(provider.id, provider.slug, "no_route", N_("The provider is disabled."))
    vendor_sender, problem = sender
    if problem:
        return Candidate(provider.id, provider.slug, "sender_not_approved", problem)
    if provider.takes_text:
        return _within_length(Candidate(provider.id, provider.slug, vendor_sender=vendor_sender), provider, text)
    return _judge_template(provider, text, is_otp, vendor_sender, match)


def _judge_template(provider: ProviderFacts, text: str, is_otp: bool, vendor_sender: str, match: Match) -> Candidate:
    found = match(provider.id)
    if found is None:
        reason = N_("None of the templates approved at this provider gives exactly this text.")
        return Candidate(provider.id, provider.slug, "template_not_matched", reason)
    if isinstance(found, Ambiguous):
        reason = N_("Two or more templates approved at this provider give this text equally well.")
        return Candidate(provider.id, provider.slug, "template_ambiguous", reason)
    matched, template = found
    parameters = template.parameters(matched.values)
    rendered = template.render(parameters)
    if normalise(rendered)[0] != normalise(text)[0]:
        reason = N_("The vendor's own text of {template} ({vendor_template}) would read differently.").format(
            template=template.name, vendor_template=template.vendor_template
        )
        return Candidate(provider.id, provider.slug, "template_not_matched", reason)
    if is_otp and (problem := template.problem_of_otp(matched.values)):
        return Candidate(provider.id, provider.slug, "template_not_matched", problem, template=template.name)
    candidate = Candidate(
        provider.id,
        provider.slug,
        vendor_sender=vendor_sender,
        template=template.name,
        version=template.version,
        approval=template.approval,
        vendor_template=template.vendor_template,
        values=matched.values,
        parameters=parameters,
        text=rendered,
        smoothing=matched.smoothing,
    )
    too_long = values_problem(template.body, matched.values, max_value_length=provider.max_value_length)
    if too_long:
        return Candidate(provider.id, provider.slug, "text_too_long", too_long, template=template.name)
    return _within_length(candidate, provider, rendered)


def _within_length(candidate: Candidate, provider: ProviderFacts, text: str) -> Candidate:
    reason = _too_long(provider, text)
    if not reason:
        return candidate
    return Candidate(candidate.provider, candidate.slug, "text_too_long", reason, template=candidate.template)


def _too_long(provider: ProviderFacts, text: str) -> str:
    if provider.max_length is not None and len(text) > provider.max_length:
        return N_("The text has {count} characters; this provider accepts at most {max_length}.").format(
            count=len(text), max_length=provider.max_length
        )
    parts = segments(text).count if provider.max_parts is not None else 0
    if provider.max_parts is not None and parts > provider.max_parts:
        return N_("The text has {parts} parts; this provider accepts at most {max_parts}.").format(
            parts=parts, max_parts=provider.max_parts
        )
    return ""
