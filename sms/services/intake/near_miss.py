"""Explains why no template matched a text: the nearest template and the first difference from it."""

from __future__ import annotations

from sms.domain.codes import Fault, Refusal
from sms.domain.masking import masked_quotes, masked_words
from sms.domain.matching.nearest import literal_words, nearest
from sms.domain.routing import Decision
from sms.domain.text import masked_digits
from sms.services.configuration.snapshot import NO_TEMPLATES, Snapshot


class TemplateNotMatched(Refusal):
    """A refusal with the arguments of `nearest_template`, which takes milliseconds and is called only to record it."""

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

    Digits are masked. In an OTP's text, words are masked, too, unless a template's literals contain them: a word may be
    the code.
    """
    nearest = nearest_template(refusal.configuration, refusal.decision, refusal.text)
    if not is_otp:
        return masked_digits(refusal.text), nearest
    literals = _LiteralWords(refusal.configuration)
    return masked_words(refusal.text, literals), masked_quotes(nearest, literals)


def nearest_template(now: Snapshot, decision: Decision, text: str) -> str:
    """The nearest template's name and the first difference, for people; "" where no template is like the text.

    The first provider with a near template decides. If a template gives the text but may not be used, the reason is
    returned. The result contains no digit of the text.
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
