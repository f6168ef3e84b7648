"""The twelve ways to miss a template, each explained by its own cause."""

import random
import unicodedata
from itertools import chain

import pytest

from sms.domain.matching.causes import Cause
from sms.domain.matching.folding import LOOK_ALIKES, fold, looks, plain
from sms.domain.matching.index import Index, Matched
from sms.domain.matching.nearest import nearest
from sms.domain.matching.placeholders import parse_kinds
from sms.domain.matching.templates import parse_body
from tests.sms.domain.matching.adversarial import CAUSES, KINDS, LANGUAGES, made_templates, misses, values_for, verdict
from tests.sms.domain.matching.phrases import CLOSINGS, CORES
from tests.sms.domain.matching.test_matching_cost import calls

SAMPLE = 12
"""Texts of each cause in each language; `python3 dev.py bench misses` takes a thousand."""


@pytest.fixture(scope="module")
def templates():
    return made_templates()


@pytest.fixture(scope="module")
def index(templates):
    return Index(templates)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("cause", CAUSES)
def test_among_ten_thousand_templates_no_text_is_taken_wrongly_and_each_is_explained(templates, index, language, cause):
    found = misses(templates, language, cause, SAMPLE)
    assert len(found) == SAMPLE
    assert [(miss.text, said) for miss in found if (said := verdict(index, miss))] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_decomposed_letters_that_compose_are_taken(templates, index, language):

    rng = random.Random(language)
    own = [each for each in templates if LANGUAGES[each[0] % len(LANGUAGES)] == language]
    for key, body in rng.sample(own, 40):
        values = values_for(rng, body, language)
        text = unicodedata.normalize("NFD", body.render(values))
        found = index.match(text)
        assert isinstance(found, Matched), text
        composed = {name: unicodedata.normalize("NFC", value) for name, value in values.items()}
        assert (found.key, found.values) == (key, composed)


SENTENCES = [
    (
        "Sizin təsdiq kodunuz: {code}. Heç kimə verməyin.",
        {"code": "digits"},
        [
            (
                "Sizin Təsdiq kodunuz: 1. Heç kimə verməyin.",
                Cause.LETTER_CASE,
                7,
                "the template has t and the text has T",
            ),
            (
                "Sizin t\u01ddsdiq kodunuz: 1. Heç kimə verməyin.",
                Cause.LOOK_ALIKE,
                8,
                "the template has ə (LATIN SMALL LETTER SCHWA, U+0259) and the text has "
                "ǝ (LATIN SMALL LETTER TURNED E, U+01DD)",
            ),
            (
                "Sizin t\u04d9sdiq kodunuz: 1. Heç kimə verməyin.",
                Cause.LOOK_ALIKE,
                8,
                "the template has ə (LATIN SMALL LETTER SCHWA, U+0259) and the text has "
                "ә (CYRILLIC SMALL LETTER SCHWA, U+04D9)",
            ),
            (
                "Sizin təsdi\u0307q kodunuz: 1. Heç kimə verməyin.",
                Cause.DECOMPOSED,
                12,
                "the text has COMBINING DOT ABOVE (U+0307) behind i, which the template has not",
            ),
            (
                "Sizin təsdiq yeni kodunuz: 1. Heç kimə verməyin.",
                Cause.WORD,
                14,
                'the text has "yeni", which the template has not',
            ),
            (
                "Sizin kodunuz: 1. Heç kimə verməyin.",
                Cause.WORD,
                7,
                'the template has "təsdiq" here, which the text has not',
            ),
            (
                "Sizin təsdiq kodunuz: 1 Heç kimə verməyin.",
                Cause.FULL_STOP,
                24,
                "the text lacks the full stop that the template has here",
            ),
            (
                "Sizin təsdiq kodunuz: 1. Heç kimə verməyin..",
                Cause.FULL_STOP,
                44,
                "the text has a full stop, the template has none here",
            ),
            (
                "Sizin təsdiq kodunuz: 1.\nHeç kimə verməyin.",
                Cause.LINE_BREAK,
                25,
                "the template has a blank and the text has a new line",
            ),
            (
                "Sizin təsdiq\u00a0kodunuz: 1. Heç kimə verməyin.",
                Cause.NO_BREAK_BLANK,
                13,
                "the template has a blank and the text has NO-BREAK SPACE (U+00A0)",
            ),
            (
                "Sizin təsdiq  kodunuz: 1. Heç kimə verməyin.",
                Cause.BLANKS,
                14,
                "the template has a blank and the text has 2 blanks",
            ),
            (
                "Sizin təsdiq kodunuz: 1\u041a2. Heç kimə verməyin.",
                Cause.KIND,
                24,
                "{code} takes the digits 0 to 9 alone, and the text has К (CYRILLIC CAPITAL LETTER KA, U+041A)",
            ),
            (
                "Sizin, təsdiq kodunuz: 1. Heç kimə verməyin.",
                Cause.OTHER,
                6,
                "the template has a blank and the text has ,",
            ),
            (
                "Sizin təsdiq kodunuz:  1. Heç kimə verməyin.",
                Cause.BLANKS,
                23,
                "the template has a blank and the text has 2 blanks",
            ),
        ],
    ),
    (
        "Kodunuz {code}. AKINON'dan İyi günler ılık",
        {"code": {"kind": "code", "max_length": 4}},
        [
            (
                "Kodunuz A12. AKINON\u2019dan İyi günler ılık",
                Cause.APOSTROPHE,
                20,
                "the template has ' (APOSTROPHE, U+0027) and the text has ’ (RIGHT SINGLE QUOTATION MARK, U+2019)",
            ),
            ("Kodunuz A12. AKINON'dan iyi günler ılık", Cause.LETTER_CASE, 25, "the template has İ and the text has i"),
            (
                "Kodunuz A12. AKINON'dan i\u0307yi günler ılık",
                Cause.LETTER_CASE,
                25,
                "the template has İ and the text has i",
            ),
            ("Kodunuz A12. AKINON'dan İyi günler Ilık", Cause.LETTER_CASE, 36, "the template has ı and the text has I"),
            ("Kodunuz A12. AKINON'dan İyi günler ilık", Cause.OTHER, 36, "the template has ı and the text has i"),
            (
                "Kodunuz A1234. AKINON'dan İyi günler ılık",
                Cause.LENGTH,
                13,
                "{code} takes 4 characters at most, here are 5",
            ),
            (
                "Kodunuz A-1. AKINON'dan İyi günler ılık",
                Cause.KIND,
                10,
                "{code} takes a code of letters A to Z and digits alone, and the text has -",
            ),
        ],
    ),
    (
        "Bună {name}, ești așteptată în București la {time}. Casa Mea",
        {"name": "name", "time": "time"},
        [
            (
                "Bună Ana, ești a\u015fteptată în București la 14:30. Casa Mea",
                Cause.LOOK_ALIKE,
                17,
                "the template has ș (LATIN SMALL LETTER S WITH COMMA BELOW, U+0219) and the text has "
                "ş (LATIN SMALL LETTER S WITH CEDILLA, U+015F)",
            ),
            (
                "Bună Ana, ești așteptat\u01ce în București la 14:30. Casa Mea",
                Cause.LOOK_ALIKE,
                24,
                "the template has ă (LATIN SMALL LETTER A WITH BREVE, U+0103) and the text has "
                "ǎ (LATIN SMALL LETTER A WITH CARON, U+01CE)",
            ),
            (
                "Casa Mea: Bună Ana, ești așteptată în București la 14:30.",
                Cause.MOVED_WORD,
                1,
                'the text has "Casa Mea:" here; the template has it behind',
            ),
            (
                "Bună Ana 2, ești așteptată în București la 14:30. Casa Mea",
                Cause.KIND,
                10,
                "{name} takes a name without digits and links, and the text has a digit",
            ),
            (
                "Bună Ana, ești așteptată în București la prânz. Casa Mea",
                Cause.KIND,
                42,
                "{time} takes a time alone, and the text has none here",
            ),
        ],
    ),
    (
        "Mã của bạn: {code}. Đừng chia sẻ!",
        {"code": "digits"},
        [
            (
                "Mã của bạn: 12. \u00d0ừng chia sẻ!",
                Cause.LOOK_ALIKE,
                17,
                "the template has Đ (LATIN CAPITAL LETTER D WITH STROKE, U+0110) and the text has "
                "Ð (LATIN CAPITAL LETTER ETH, U+00D0)",
            ),
            (
                "Mã của bạn: 12. Đừng chia\u3000sẻ!",
                Cause.NO_BREAK_BLANK,
                26,
                "the template has a blank and the text has IDEOGRAPHIC SPACE (U+3000)",
            ),
            ("Mã của ban: 12. Đừng chia sẻ!", Cause.OTHER, 9, "the template has ạ and the text has a"),
        ],
    ),
    (
        "Ваш код {code}. Никому его не сообщайте, даже «AKINON»",
        {"code": "digits"},
        [
            (
                "Ваш к\u006fд 12. Никому его не сообщайте, даже «AKINON»",
                Cause.LOOK_ALIKE,
                6,
                "the template has о (CYRILLIC SMALL LETTER O, U+043E) and the text has "
                "o (LATIN SMALL LETTER O, U+006F)",
            ),
            (
                "Ваш Код 12. Никому его не сообщайте, даже «AKINON»",
                Cause.LETTER_CASE,
                5,
                "the template has к and the text has К",
            ),
            (
                "Ваш код 12. Никому его не сообщаи\u0306\u0306те, даже «AKINON»",
                Cause.DECOMPOSED,
                34,
                "the text has COMBINING BREVE (U+0306) behind й, which the template has not",
            ),
            (
                "Ваш код 12. Никому не сообщайте, даже «AKINON»",
                Cause.WORD,
                20,
                'the template has "его" here, which the text has not',
            ),
        ],
    ),
    (
        "Don't share your code {code}\nSee {link}",
        {"code": "digits", "link": {"kind": "link", "hosts": ["shop.az"]}},
        [
            (
                "Don`t share your code 12\nSee https://shop.az",
                Cause.APOSTROPHE,
                4,
                "the template has ' (APOSTROPHE, U+0027) and the text has ` (GRAVE ACCENT, U+0060)",
            ),
            (
                "Don't share your code 12 See https://shop.az",
                Cause.LINE_BREAK,
                25,
                "the template has a new line and the text has a blank",
            ),
            (
                "Don't share your code 12\n\nSee https://shop.az",
                Cause.LINE_BREAK,
                26,
                "the template has a new line and the text has 2 new lines",
            ),
            (
                "Don't share your code 12\nSee https://evil.example",
                Cause.KIND,
                30,
                "{link} takes a link alone to shop.az, and the text has none here",
            ),
            (
                "Don't share your code 12\nSee  https://shop.az",
                Cause.BLANKS,
                30,
                "the template has a blank and the text has 2 blanks",
            ),
            (
                "Don't share\u200b your code 12\nSee https://shop.az",
                Cause.OTHER,
                12,
                "the text has ZERO WIDTH SPACE (U+200B) behind e, which the template has not",
            ),
            ("Don't share your code 12\nSee https://shop.az", None, 0, ""),
        ],
    ),
]
ROWS = [(source, kinds, *row) for source, kinds, rows in SENTENCES for row in rows]


@pytest.mark.parametrize(("source", "kinds", "text", "cause", "position", "words"), ROWS)
def test_each_cause_is_named_in_one_sentence_with_its_place(source, kinds, text, cause, position, words):
    index = Index([("template", parse_body(source, parse_kinds(kinds)))])
    near = nearest(index, text)
    if cause is None:
        assert near is None
        return
    assert index.match(text) is None
    assert (near.cause, near.position) == (cause, position), near.difference
    assert near.difference.startswith(f"character {position}: {words}")


def letters():
    sentences = "".join(chain(*CORES.values(), *CLOSINGS.values()))
    return sorted({letter for letter in sentences if letter.isalpha()})


@pytest.mark.parametrize("letter", letters())
def test_a_letter_and_its_capital_are_made_the_same(letter):
    other = letter.swapcase()
    assert plain(letter) == (plain(other) if len(other) == 1 else "i")


@pytest.mark.parametrize("letter", "".join(LOOK_ALIKES.split()))
def test_letters_that_look_alike_are_made_the_same(letter):
    assert plain(letter) == plain(looks(letter))
    assert looks(looks(letter)) == looks(letter)


def test_folding_keeps_every_character_of_the_text():
    text = "Kod:\u00a0 \u200b12.50. Ə\u0307, «Ş\u2019»..\n\nson."
    folded = fold(text)
    assert "".join(folded.chunks) + folded.tail == text
    assert len(folded.chunks) == len(folded.text)


def test_kinds_of_the_corpus_are_those_that_its_templates_use():
    used = {name for sentences in CORES.values() for sentence in sentences for name in parse_body(sentence).names}
    assert used == set(KINDS)


def test_explaining_costs_no_more_for_a_text_made_of_many_templates_words(templates, index):
    nearest(index, "Salam")  # builds what is asked for words
    rng = random.Random(1)
    words = " ".join(body.source for _, body in templates[1000:1200]).split()
    hostile = [" ".join(rng.choices(words, k=75)) for _ in range(5)]
    hostile.append("Your confirmation code is x. Don't share " * 9)
    for text in hostile:
        assert calls(lambda text=text: nearest(index, text)) <= 40_000
