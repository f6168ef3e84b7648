"""Near misses in words, and what finding them costs."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms.domain.matching.index import Index
from sms.domain.matching.nearest import nearest
from sms.domain.matching.templates import Placeholder, PlaceholderKind, parse_body
from tests.sms.domain.matching.test_matching_cost import calls

OTP = "Sizin təsdiq kodunuz: {code}. Heç kimə verməyin."
SHIPPED = "Hörmətli {name}, {order} nömrəli sifarişiniz yola salındı: {link}"
THANKS = "It's a pleasure, {name}. That's all we can say; don't answer."
KINDS = {
    "code": Placeholder("code", PlaceholderKind.DIGITS, 6),
    "order": PlaceholderKind.DIGITS,
    "link": PlaceholderKind.LINK,
}


def bodies(*sources):
    for source in sources:
        names = parse_body(source).names
        yield source, parse_body(source, {name: KINDS[name] for name in names if name in KINDS})


INDEX = Index(bodies(OTP, SHIPPED, THANKS))

DIFFERENCES = [
    ("Sizin təsdiq kodunuz: 004217. Hec kimə verməyin.", OTP, 33, "the template has ç and the text has c"),
    ("Sizin tasdiq kodunuz: 004217. Heç kimə verməyin.", OTP, 8, "the template has ə and the text has a"),
    (
        "Sizin təsdiq kodunuz: 004217. Heç kimə verməyin",
        OTP,
        48,
        "the text lacks the full stop that the template has here",
    ),
    ("Sizin təsdiq kodunuz: 004217.", OTP, 30, 'the template has "Heç kimə verməyin." here, which the text has not'),
    ("Sizin təsdiq kodunuz:", OTP, 22, 'the text ends where the template goes on with " "'),
    (
        "Sizin təsdiq kodunuz: 004217. Heç kimə verməyin. Kod 12",
        OTP,
        50,
        'the text has "Kod ##", which the template has not',
    ),
    (
        "Sizin təsdiq kodunuz: 00421A. Heç kimə verməyin.",
        OTP,
        28,
        "{code} takes the digits 0 to 9 alone, and the text has A",
    ),
    ("Sizin təsdiq kodunuz: 0042179. Heç kimə verməyin.", OTP, 29, "{code} takes 6 characters at most, here are 7"),
    (
        "Sizin təsdiq kodunuz: 1 2. Heç kimə verməyin.",
        OTP,
        24,
        "{code} takes the digits 0 to 9 alone, and the text has a blank",
    ),
    ("Sizin təsdiq  kodunuz: 12. Heç kimə verməyin.", OTP, 14, "the template has a blank and the text has 2 blanks"),
    (
        "Sizin təsdiq\u00a0kodunuz: 12. Heç kimə verməyin.",
        OTP,
        13,
        "the template has a blank and the text has NO-BREAK SPACE (U+00A0)",
    ),
    (
        "Sizin təsdiq \u200bkodunuz: 12. Heç kimə verməyin.",
        OTP,
        14,
        "the text has ZERO WIDTH SPACE (U+200B) behind a blank, which the template has not",
    ),
    (
        "Sizin t\u0259sdiq k\u043edunuz: 12. Heç kimə verməyin.",
        OTP,
        15,
        "the template has o (LATIN SMALL LETTER O, U+006F) and the text has о (CYRILLIC SMALL LETTER O, U+043E)",
    ),
    ("Sizin təsdiq kodunuz: 12.\nHeç kimə verməyin.", OTP, 26, "the template has a blank and the text has a new line"),
    ("Sizin təsdiq kodunuz: 12! Heç kimə verməyin.", OTP, 25, "the template has . and the text has !"),
    (
        "Hörmətli Aygün, 12 nömrəli sifarişiniz yola salındı: bura",
        SHIPPED,
        54,
        "{link} takes a link alone, and the text has none here",
    ),
    (
        "Hörmətli Aygün, 12 nömrəli sifarişiniz çatdı: https://a.az",
        SHIPPED,
        40,
        "the template has y and the text has ç",
    ),
    (
        "Hörmətli Aygün,  nömrəli sifarişiniz yola salındı: https://a.az",
        SHIPPED,
        17,
        "the text has nothing for {order}",
    ),
    (
        "It\u2019s a pleasure, Ali. That's all we can say; don't answer.",
        THANKS,
        3,
        "the template has ' (APOSTROPHE, U+0027) and the text has \u2019 (RIGHT SINGLE QUOTATION MARK, U+2019)",
    ),
    (
        "It's a pleasure, Ali. That\u2019s all we can say; don't answer.",
        THANKS,
        27,
        "the template has ' (APOSTROPHE, U+0027) and the text has \u2019 (RIGHT SINGLE QUOTATION MARK, U+2019)",
    ),
    (
        "It's a pleasure, Ali. That's all we can say; don\u2019t answer.",
        THANKS,
        49,
        "the template has ' (APOSTROPHE, U+0027) and the text has \u2019 (RIGHT SINGLE QUOTATION MARK, U+2019)",
    ),
    (
        "It's a pleasure, Ali. That's all we can say; don't ",
        THANKS,
        51,
        'the template has "answer." here, which the text has not',
    ),
]


@pytest.mark.parametrize(("text", "template", "position", "words"), DIFFERENCES)
def test_the_nearest_template_and_the_first_difference_are_told_in_words(text, template, position, words):
    assert INDEX.match(text) is None
    near = nearest(INDEX, text)
    assert near is not None
    assert (near.key, near.position) == (template, position), near.difference
    assert near.difference.startswith(f"character {position}: {words}")


@pytest.mark.parametrize("text", ["", "Salam", "12345", "x" * 1600, "Endirim 50% yalnız bu gün!"])
def test_a_text_that_is_like_no_template_has_no_nearest_one(text):
    assert nearest(INDEX, text) is None


def test_a_text_that_a_template_gives_has_no_near_miss():
    assert nearest(INDEX, "Sizin təsdiq kodunuz: 004217. Heç kimə verməyin.") is None


def test_bodies_will_do_instead_of_an_index():
    near = nearest(list(bodies(OTP)), "Sizin təsdiq kodunuz: 12. Heç kimə verməyin!")
    assert near.difference == "character 44: the template has . and the text has !"


@given(st.text("Sizn təsdqkou:.1234567890 \n’'\u202e", max_size=80))
def test_no_digit_of_the_text_is_told(text):
    near = nearest(INDEX, OTP[:20] + text)
    told = re.sub(r"U\+[0-9A-F]{4}|\\\\u[0-9a-f]{4}", "", near.difference) if near else ""
    if "and the text has" in told or "the text goes on with" in told:
        assert not re.search("[1-9]", told.rpartition("the text ")[2])


def test_among_ten_thousand_templates_the_right_one_is_found_at_a_bounded_cost():
    source = "Hörmətli {{name}}, {}-ci filialdan {{order}} nömrəli sifarişiniz yola salındı."
    few = Index((n, parse_body(source.format(n))) for n in range(100))
    many = Index((n, parse_body(source.format(n))) for n in range(10_000))
    text = "Hörmətli Aygün, 57-ci filialdan 12 nömrəli sifarisiniz yola salındı."
    for index in (few, many):
        near = nearest(index, text)
        assert (near.key, near.difference) == (57, "character 50: the template has ş and the text has s")
    hostile = [" ".join(map(str, range(400))), "filialdan " * 160, "Hörmətli " * 170 + "1-ci", ", " * 800]
    for miss in (text, *hostile):
        assert calls(lambda text=miss: nearest(many, text)) <= 40_000
