"""Explains why no template matched a text: the nearest template and the first difference from it."""

from __future__ import annotations

from sms.domain.codes import Fault, Refusal
from sms.domain.masking import masked_quotes, masked_words
from sms.domain.matching.nearest import literal_words, nearest
from sms.domain.routing import Decision
from sms.domain.text import masked_digits
from sms.services.configuration.snapshot import NO_TEMPLATES, Snapshot


class TemplateNotMatched(Refusal):
    """A refusal that keeps what `nearest_template` needs: it takes milliseconds, so only a recorded one pays for it."""

    def __init__(self, configuration: Snapshot, decision: Decision, text: str) -> None:
        super().__init__(Fault("template_not_matched", "text"))
        self.configuration = configuration
        self.decision = decision
        self.text = text


class _LiteralWords:
    """The words of the literals of all templates."""

    def __init__(self, configuration: Snapshot) -> None:
        self._of_sets = [literal_words(approved.index) for approved in configuration.template_sets.values()]

    def __contains__(self, word: object) -> bool:
        return any(word in words for words in self._of_sets)


def near_miss(refusal: TemplateNotMatched, *, is_otp: bool) -> tuple[str, str]:
    """The masked text and the nearest template, for staff.

    Each digit is masked, and in a one-time password's text each word that is no literal of a template: it may be the
    code.
    """
    nearest = nearest_template(refusal.configuration, refusal.decision, refusal.text)
    if not is_otp:
        return masked_digits(refusal.text), nearest
    literals = _LiteralWords(refusal.configuration)
    return masked_words(refusal.text, literals), masked_quotes(nearest, literals)


def nearest_template(now: Snapshot, decision: Decision, text: str) -> str:
    """The nearest template's name and the first difference, for people; "" where no template is like the text.

    The first provider with a near template decides; where a template gives the text but may not be used, its reason
    is given. The answer holds no digit of the text.
    """
    for candidate in decision.candidates:
        if candidate.code == "template_not_matched" and candidate.template:
            return f"{candidate.template}: {candidate.reason}"
        if candidate.code == "template_not_matched":
            approved = now.template_sets.get(candidate.provider, NO_TEMPLATES)
            found = nearest(approved.index, text)
            if found is not None:
                return f"{approved.templates[found.key].name}: {found.difference}"
    return ""
