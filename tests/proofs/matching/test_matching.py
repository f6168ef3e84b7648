"""Some thousand cases of `dev.py prove matching`, and bugs put in on purpose that they find."""

from __future__ import annotations

from unittest import mock

import pytest

from sms.domain import routing
from sms.domain.matching import candidates, index, splitting
from sms.services.configuration.snapshot import TemplateSet

from .comparison import Counts, compare
from .growth import compare_calls

SEED = 23
GROUPS = range(150)


def test_matcher_and_oracle_agree_on_template_and_parameters_or_on_the_refusal():
    counts = Counts()
    assert [words for group in GROUPS for words in compare(SEED, group, counts)] == []
    assert counts.cases == 30 * len(GROUPS)
    assert min(counts.answers[name] for name in ("sent", "template_not_matched", "template_ambiguous")) > 300
    assert counts.answers["refused templates"] > 50


def test_no_text_costs_more_than_in_proportion_to_its_length():
    assert [words for group in GROUPS for words in compare_calls(SEED, group)] == []


def newest_of_a_tie(templates, tied, text):
    key = max(tied.keys)
    return index.Index([(key, dict(templates.bodies)[key])]).match(text)


BUGS = {
    "a tie is taken": (TemplateSet, "_newest", newest_of_a_tie),
    "the first literal that fits is final": (splitting, "_is_another_way", lambda *_: False),
    "the vendor's own text is not compared": (routing, "normalise", lambda text: ("", ())),
    "line ends are compared as they came": (index, "_with_lf", lambda text: text),
    "marks are compared as they came": (index, "_composed", lambda text: text),
    "words are looked up though a value may go on": (candidates, "_whole_words", lambda literal, **_: literal.split()),
}


@pytest.mark.parametrize(("owner", "name", "bug"), BUGS.values(), ids=BUGS)
def test_a_bug_put_in_on_purpose_is_found(owner, name, bug):
    with mock.patch.object(owner, name, bug):
        assert any(words for group in GROUPS for words in compare(SEED, group, Counts()))
