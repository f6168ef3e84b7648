"""Shapes, groups and guessed templates."""

import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sms.domain.matching.fingerprints import fingerprint, group, guess_template
from sms.domain.matching.index import Index, Matched
from sms.domain.matching.templates import parse_body, parse_kinds
from sms.domain.text import masked_digits
from tests.sms.domain.matching.test_matching_cost import calls


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sizin təsdiq kodunuz: 004217. Heç kimə verməyin.", "Sizin təsdiq kodunuz: #. Heç kimə verməyin."),
        ("Məbləğ 12.50 AZN", "Məbləğ #.# AZN"),
        ("Sifariş #123 hazırdır", "Sifariş # hazırdır"),
        ("Bax https://shop.example/a1?b=2. Sağ olun", "Bax <link>. Sağ olun"),
        ("Bax shop.az/12 və WWW.x.az", "Bax <link> və <link>"),
        (" S\u0327ifrə:\r\n١٢ ", "Şifrə:\n#"),
    ],
)
def test_a_shape_has_neither_digits_nor_links(text, expected):
    assert fingerprint(text) == expected


@given(st.text("aş1#2 .\n", max_size=30))
def test_masking_digits_before_changes_no_shape_and_neither_does_a_second_time(text):
    assert fingerprint(masked_digits(text)) == fingerprint(text) == fingerprint(fingerprint(text))


NAMES = ["Aygün", "Əli Məmmədov", "Rəşad", "Nigar", "Orxan Vəliyev", "Günay"]


def test_texts_that_differ_by_names_numbers_and_links_are_one_group():
    shipped = [
        f"Hörmətli {name}, {n}00{n} nömrəli sifarişiniz yola salındı: https://a.az/{n}" for n, name in enumerate(NAMES)
    ]
    codes = [f"Sizin təsdiq kodunuz: {n * 7919}. Heç kimə verməyin." for n in range(10)]
    mixed = [*shipped, *codes, "Endirim başladı!"]
    random.Random(7).shuffle(mixed)
    found = group(mixed)
    assert [(g.count, set(g.texts)) for g in found] == [(10, set(codes)), (6, set(shipped)), (1, {"Endirim başladı!"})]
    assert found[0].skeleton == "Sizin təsdiq kodunuz: #. Heç kimə verməyin."
    assert found[1].skeleton == "Hörmətli …, # nömrəli sifarişiniz yola salındı: <link>"


def test_groups_count_how_often_each_text_came():
    found = group({"Kodunuz hazır: 1": 5, "Salam, necəsiniz?": 7, "Kodunuz hazır: 22": 3})
    assert [(g.skeleton, g.count) for g in found] == [("Kodunuz hazır: #", 8), ("Salam, necəsiniz?", 7)]
    assert found[0].texts == ("Kodunuz hazır: 1", "Kodunuz hazır: 22")


def test_grouping_looks_at_a_bounded_number_of_groups_for_each_text():
    def texts(size):
        return [f"Salam dostlar {'x' * (n % 50)}{chr(0x4E00 + n)} {chr(0x4E00 + n) * 9}" for n in range(size)]

    assert calls(lambda: group(texts(800))) <= 6 * calls(lambda: group(texts(200)))


GUESSES = [
    (["Sizin kodunuz: 004217. Sağ olun."], "Sizin kodunuz: {number}. Sağ olun.", {"number": "digits"}),
    (["Sizin kodunuz: ######. Sağ olun."], "Sizin kodunuz: {number}. Sağ olun.", {"number": "digits"}),
    (["Sifariş #12, bax https://a.az/1."], "Sifariş #{number}, bax {link}.", {"number": "digits", "link": "link"}),
    (["Yalnız bu gün!"], "Yalnız bu gün!", {}),
    (["{ad}, kod 1"], "{{ad}}, kod {number}", {"number": "digits"}),
    (["Salam Əli!", "Salam Aygün!"], "Salam {name}!", {"name": "name"}),
    (["Salam Əli!", "Salam Əli Vəliyev!"], "Salam {name}!", {"name": "name"}),
    (["Salam Əli Məmmədov!", "Salam Nigar Vəliyeva!"], "Salam {name}!", {"name": "name"}),
    (
        ["Hörmətli Əli, 24 saat ərzində 12 AZN ödəyin", "Hörmətli Nigar, 24 saat ərzində 7 AZN ödəyin"],
        "Hörmətli {name}, 24 saat ərzində {number} AZN ödəyin",
        {"name": "name", "number": "digits"},
    ),
    (["Kod 24", "Kod 27"], "Kod {number}", {"number": "digits"}),
    (["Kod: 12", "Kod: A7"], "Kod: {code}", {"code": "code"}),
    (["Kod: A7K2Q9."], "Kod: {code}.", {"code": "code"}),
    (["Məbləğ: 12.50 AZN"], "Məbləğ: {amount} AZN", {"amount": "amount"}),
    (["Məbləğ: ##.## AZN"], "Məbləğ: {amount} AZN", {"amount": "amount"}),
    (["Cəmi 5 AZN", "Cəmi 1 250,50 AZN"], "Cəmi {amount} AZN", {"amount": "amount"}),
    (["Сумма 1 990,00 ₽ до 25.11.2026."], "Сумма {amount} ₽ до {date}.", {"amount": "amount", "date": "date"}),
    (["Giao ngày 25/11/2026 lúc 14h30"], "Giao {date} lúc {time}", {"date": "date", "time": "time"}),
    (["Teslimat 25 Kasım 2026 14:30"], "Teslimat {date} {time}", {"date": "date", "time": "time"}),
    (["Livrare ##.##.#### la ##:##"], "Livrare {date} la {time}", {"date": "date", "time": "time"}),
    (["Zəng: +994 50 111 22 33, a@b.co"], "Zəng: {phone}, {email}", {"phone": "phone", "email": "email"}),
    (["Salam https://a.az/1!", "Salam Əli!"], "Salam {text}!", {}),
    (["Sifariş yoldadır.", "Sifariş artıq çatdı."], "Sifariş {text}.", {"text": "text"}),
    (["Bax: https://a.az/1", "Bax: www.b.az"], "Bax: {link}", {"link": "link"}),
    (["1-ci 2-ci", "3-ci 4-ci"], "{number}-ci {number_2}-ci", {"number": "digits", "number_2": "digits"}),
    (["a", "b"], "{text}", {"text": "text"}),
    (["Sizin kodunuz", "Sizin yeni kodunuz"], "Sizin {text}", {"text": "text"}),
    (["Kod", "Kod: hazırdır"], "{text}", {"text": "text"}),
]


@pytest.mark.parametrize(("texts", "source", "kinds"), GUESSES)
def test_a_template_is_guessed_from_texts(texts, source, kinds):
    body = guess_template(texts)
    assert (body.source, body.kinds) == (source, kinds)


def test_no_text_gives_no_template():
    with pytest.raises(ValueError, match="no text"):
        guess_template(["", " \n"])


words = st.sampled_from(["Salam", "kod", "12", "7", "#12", "{x}", "https://a.az/b", "Əli", "ş\u0327", ",", ".", "  "])


@given(st.lists(st.lists(words, min_size=1, max_size=7).map(" ".join), min_size=1, max_size=4))
def test_a_guessed_template_is_valid_and_gives_the_texts_it_was_made_of(texts):
    assume(any(text.strip() for text in texts))
    body = guess_template(texts)
    index = Index([("guessed", parse_body(body.source, parse_kinds(body.kinds)))])
    for text in filter(str.strip, texts):
        assert isinstance(index.match(text), Matched), (body, text)


@given(st.lists(st.text("ab1# \n./", max_size=12), min_size=1, max_size=4))
def test_a_guessed_template_is_valid_whatever_the_texts(texts):
    assume(any(text.strip() for text in texts))
    body = guess_template(texts)
    assert parse_body(body.source, parse_kinds(body.kinds)) == body


def test_guessing_from_long_texts_stays_within_bounds():
    long = ["a1 " * 533, "b2 " * 533, "a1 b2 " * 266, "1a. " * 400]
    assert calls(lambda: guess_template(long)) <= 300_000
