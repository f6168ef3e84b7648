"""Decides each case with the product and with the oracle, and says where they differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from unittest import mock

from sms.domain.matching import index
from sms.domain.matching.placeholders import TemplateError, parse_kinds
from sms.domain.matching.templates import parse_body
from sms.domain.routing import Candidate, ProviderFacts, decide
from sms.services.configuration.snapshot import NO_TEMPLATES, TemplateSet, _template_set
from tests.sms.domain.matching.oracle import compared

from . import oracle
from .cases import Group, Maker

TEXTS = 30
PROVIDER = ProviderFacts(1, "vendor", enabled=True, takes_text=False)


@dataclass
class Counts:
    """What some groups came to."""

    cases: int = 0
    templates: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    disagreements: int = 0


def compare(seed: int, group: int, counts: Counts) -> Iterator[str]:
    """Each disagreement of one group in words. The same seed and number make the same group."""
    random = Random(f"{seed} {group}")
    maker = Maker(random)
    made = maker.group()
    counts.templates += len(made.approvals) + len(made.refused)
    counts.answers["refused templates"] += len(made.refused)
    yield from (f"saved though it is no template: {body!r}" for body, kinds in made.refused if _is_saved(body, kinds))
    # Of few candidates each is compared by itself, many are compared together: both must answer alike.
    with mock.patch.object(index, "MANY", random.choice((0, index.MANY))):
        templates = _template_set(made.rows, NO_TEMPLATES)
        if lost := {each.id for each in made.approvals} - templates.templates.keys():
            yield f"not read: {[row for row in made.rows if row.id in lost]}"
            return
        for _ in range(TEXTS):
            counts.cases += 1
            yield from _compare_text(made, templates, maker.text(made), counts)


def index_of(made: Group) -> index.Index[int]:
    return _template_set(made.rows, NO_TEMPLATES).index


def _is_saved(body: str, kinds: dict[str, object]) -> bool:
    try:
        parse_body(body, parse_kinds(kinds))
    except TemplateError:
        return False
    return True


def _compare_text(made: Group, templates: TemplateSet, text: str, counts: Counts) -> Iterator[str]:
    candidate = decided(templates, text)
    expected = oracle.answer(made.approvals, text)
    counts.answers[candidate.code or "sent"] += 1
    if answer_of(candidate) != expected:
        yield f"{text!r}: expected {expected}, got {answer_of(candidate)} of {made.rows}"
    if not candidate.code and not _renders_back(templates, candidate, text):
        yield f"{text!r}: what is sent reads {candidate.text!r}, by {made.rows}"


def decided(templates: TemplateSet, text: str) -> Candidate:
    """The product's decision at one provider that takes templates alone."""
    decision = decide(
        None, [PROVIDER], text=text, is_otp=False, sender="", sender_names={}, match=lambda _: templates.match(text)
    )
    return decision.candidates[0]


def answer_of(candidate: Candidate) -> oracle.Answer:
    if candidate.code or candidate.approval is None:
        return candidate.code
    return oracle.Sent(candidate.approval, candidate.parameters)


def _renders_back(templates: TemplateSet, candidate: Candidate, text: str) -> bool:
    """The registered text with the parameters is the text; letter by letter too, unless the decision says why not."""
    assert candidate.approval is not None
    body = templates.templates[candidate.approval].body
    is_exact = body.render(candidate.values or {}) == text
    return compared(candidate.text) == compared(text) and is_exact == (not candidate.smoothing)
