"""English texts of the domain, the adapters and the database are translated where the admin shows them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.utils.translation import override
from django.utils.translation.trans_real import translation

from sms.translation import _remembered, _templates, translated

TEXTS = {
    "sent": "gesendet",
    "The text is longer than this vendor accepts.": "Der Text ist dem Anbieter zu lang.",
    "{slug} is paused already.": "{slug} pausiert schon.",
    "This attempt was already reported {reported_text}": "Dieser Versuch ist schon als {reported_text} gemeldet",
    "The text has {count:,} characters; this vendor accepts at most {most}.": "{most} Zeichen, hier {count}.",
    "{{{name}}} takes a link alone to {host}, not this.": "{{{name}}} nimmt nur einen Link zu {host}.",
    "waiting for {slug}, which may not be called now": "wartet auf {slug}",
    "{number} waiting": "es warten {number}",
    "The vendor said {words} to us.": "Der Anbieter sagte uns {words}.",
    "It waits; one now and then is sent as a probe.": "Sie warten, manche werden versucht.",
    "{template} is sent as a probe.": "{template} wird versucht.",
    "Look at the vendor.": "Beim Anbieter nachsehen.",
    "{slug} is failing: {problem_text}": "{slug} versagt: {problem_text}",
    "{bad} of the last {total} calls failed.": "{bad} von {total} Aufrufen schlugen fehl.",
    "{one} {two}": "never used: it has no letters of its own",
}


@pytest.fixture(autouse=True)
def in_german() -> Iterator[None]:
    """Texts of a language that has no catalogue here."""
    catalogue = translation("de")._catalog
    catalogue._catalogs.insert(0, dict(TEXTS))
    _templates.cache_clear()
    _remembered.cache_clear()
    with override("de"):
        yield
    catalogue._catalogs.pop(0)
    _templates.cache_clear()
    _remembered.cache_clear()


@pytest.mark.parametrize(
    ("english", "shown"),
    [
        ("", ""),
        ("sent", "gesendet"),
        ("An unknown text.", "An unknown text."),
        ("main-az is paused already.", "main-az pausiert schon."),
        ("This attempt was already reported sent", "Dieser Versuch ist schon als gesendet gemeldet"),
        ("This attempt was already reported lost", "Dieser Versuch ist schon als lost gemeldet"),
        (
            "The text has 1,700 characters; this vendor accepts at most 1,600.",
            "1,600 Zeichen, hier 1,700.",
        ),
        ("{code} takes a link alone to a.example, not this.", "{code} nimmt nur einen Link zu a.example."),
        ("sent is paused already.", "sent pausiert schon."),
        (
            "The text is longer than this vendor accepts. It waits; one now and then is sent as a probe. Look at the "
            "vendor.",
            "Der Text ist dem Anbieter zu lang. Sie warten, manche werden versucht. Beim Anbieter nachsehen.",
        ),
        (
            "Own words of a vendor. It waits; one now and then is sent as a probe. Look at the vendor.",
            "Own words of a vendor. Sie warten, manche werden versucht. Beim Anbieter nachsehen.",
        ),
        (
            "main-az is failing: 5 of the last 6 calls failed; 7 waiting",
            "main-az versagt: 5 von 6 Aufrufen schlugen fehl; es warten 7",
        ),
        ("main-az is failing: 5 of the last 6 calls failed.", "main-az versagt: 5 von 6 Aufrufen schlugen fehl."),
        ("main-az is failing: own words", "main-az versagt: own words"),
        ("first: main is paused already.; second: other", "first: main pausiert schon.; second: other"),
        (
            "The vendor said no. The text is longer than this vendor accepts. It is so.",
            "The vendor said no. Der Text ist dem Anbieter zu lang. It is so.",
        ),
        ("main is paused already.; 5 waiting", "main pausiert schon.; es warten 5"),
        ("The vendor said no; never to us.", "Der Anbieter sagte uns no; never."),
        ("sent: main-az is paused already.", "sent: main-az pausiert schon."),
        ("sent: sent; sent: sent", "sent: gesendet; sent: gesendet"),
        ("main-az is paused already.: sent", "main-az pausiert schon.: gesendet"),
        ("head: main-az is paused already.", "head: main-az pausiert schon."),
        ("This attempt was already reported sent; sent", "Dieser Versuch ist schon als gesendet; gesendet gemeldet"),
        ("a b", "a b"),
        ("{name} %s { } {0}", "{name} %s { } {0}"),
        ("x" * 2001, "x" * 2001),
    ],
)
def test_texts_are_found_again(english: str, shown: str) -> None:
    assert translated(english) == shown


def test_english_stays_as_it_is() -> None:
    with override("en"):
        assert translated("main-az is paused already.") == "main-az is paused already."


HOSTILE = [
    "; " * 900,
    ": " * 900,
    "a; b: " * 300,
    "a. " * 600,
    "waiting for " * 160,
    "This attempt was already reported " * 50,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_of_many_pieces_takes_bounded_work(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []
    monkeypatch.setattr("sms.translation.gettext", lambda words: tried.append(words) or words)
    assert translated(text) == text
    assert len(tried) <= 200


def test_the_reasons_of_many_providers_are_translated() -> None:
    text = "; ".join(f"p{number}: sent" for number in range(20))
    assert translated(text).count(": gesendet") == 20


def test_a_text_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "; ".join(f"p{number}: main-az is paused already." for number in range(20))
    shown = translated(text)
    monkeypatch.setattr("sms.translation.gettext", lambda words: pytest.fail(f"looked up again: {words}"))
    assert translated(text) == shown
    assert _remembered.cache_info().maxsize is not None
