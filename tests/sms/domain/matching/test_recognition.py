"""A vendor's text of which nothing else is known: its notation, its placeholders, their names and kinds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms.domain.matching.recognition import readings
from sms.domain.matching.vendor_text import read_vendor_text

CASES = [
    # the vendor's text, the notation, the body, the kinds
    ("Kodunuz %1. Paylaşmayın.", "%1", "Kodunuz {code}. Paylaşmayın.", "code"),
    ("%1$s, order %2$s", "%1", "{value}, order {order}", "any any"),
    ("Hörmətli {1}, {2} nömrəli sifarişiniz yoldadır.", "{1}", "Hörmətli {name}, {order} nömrəli sifarişiniz yoldadır.",
     "name any"),
    ("Hi {0} and {1}", "{0}", "Hi {value} and {value_2}", "any any"),
    ("Ваш код {{1}}", "{{1}}", "Ваш код {code}", "code"),
    ("Hi {{ customer_name }}", "{{name}}", "Hi {customer_name}", "name"),
    ("Salam {Müştəri adı}, {Sifariş nömrəsi}", "{name}", "Salam {musteri_adi}, {sifaris_nomresi}", "name any"),
    ("Mã xác minh của bạn là ${code}!", "${name}", "Mã xác minh của bạn là {code}!", "code"),
    ("{#var#} is your OTP for {#var#}", "{#var#}", "{code} is your OTP for {value}", "code any"),
    ("##code## este codul tau", "##name##", "{code} este codul tau", "code"),
    ("Sayın %s, siparişiniz %s", "%s", "Sayın {name}, siparişiniz {order}", "name any"),
    ("Kod: %code%", "%name%", "Kod: {code}", "code"),
    ("Kod: <code>", "<name>", "Kod: {code}", "code"),
    ("[имя], ваш заказ [номер заказа]", "[name]", "{imya}, ваш заказ {nomer_zakaza}", "name any"),
    ("[Shop] Kod %1", "%1", "[Shop] Kod {code}", "code"),
    ("Balansınız %1 AZN", "%1", "Balansınız {amount} AZN", "amount"),
    ("Saat %1, tarix %2. Telefon %3", "%1", "Saat {time}, tarix {date}. Telefon {phone}", "time date phone"),
    ("Email %1. Link %2. Mağaza %3", "%1", "Email {email}. Link {link}. Mağaza {store}", "email link any"),
    ("%2 nömrəli sifariş, %1", "%1", "{order} nömrəli sifariş, {value}", "any any"),
    ("Hazırdır. 100% {{endirim}} yox", "{{name}}", "Hazırdır. 100% {endirim} yox", "any"),
    ("Sifarişiniz hazırdır. 100%", "", "Sifarişiniz hazırdır. 100%", ""),
    ("[Akinon] Sifarişiniz hazırdır.", "", "[Akinon] Sifarişiniz hazırdır.", ""),
    ("Set {a, b} is ready", "", "Set {{a, b}} is ready", ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "notation", "body", "kinds"), CASES)
def test_a_text_is_read_in_the_notation_that_it_is_written_in(text, notation, body, kinds):
    first = readings(text)[0]
    assert (first.notation, first.problem, first.body()) == (notation, "", body)
    by_name = {each.name: each.kind.value for each in first.placeholders}
    in_body = sorted(by_name, key=body.index)
    assert " ".join(by_name[name] for name in in_body) == " ".join(kinds.split())


@pytest.mark.parametrize(
    ("text", "notations"),
    [
        ("Cost ${price}", ["${name}", "{name}"]),
        ("Kod <code>", ["<name>", ""]),
        ("[Shop] Kod <code>", ["<name>", "[name]", ""]),
    ],
)
def test_where_several_notations_fit_each_is_offered(text, notations):
    assert sorted(each.notation for each in readings(text)) == sorted(notations)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Kod %1, again %1", "%1 stands there more than once"),
        ("Kod %1, %3", "The places are %1, %3; they must be counted from 1 without a gap"),
        ("Kod %1, ${name}", "seems to hold a placeholder in another notation"),
        ("Kod %1%2", "stands right beside"),
        ("", "The body is blank"),
    ],
)
def test_a_text_that_can_be_no_template_says_why(text, words):
    found = readings(text)
    assert found
    assert all(words in each.problem for each in found)


def test_a_parameters_own_name_is_kept_and_a_number_is_none():
    assert [each.theirs for each in readings("Salam {Müştəri adı}, {kod}")[0].placeholders] == ["Müştəri adı", "kod"]
    assert [each.theirs for each in readings("Kod %1, %2")[0].placeholders] == ["", ""]
    assert [each.theirs for each in readings("Kod {{1}}")[0].placeholders] == [""]
    assert [each.theirs for each in readings("Kod %s")[0].placeholders] == [""]


@given(st.lists(st.text(st.sampled_from("a %1s{}$#<>[]x2\n"), max_size=8), max_size=4).map(" %1 ".join))
def test_what_is_recognised_is_what_is_read_once_the_parameters_are_known(text):
    for each in readings(text):
        if not each.problem:
            order = [(p.name, p.theirs or p.name) for p in each.placeholders]
            assert read_vendor_text(text, order, known=[each.body()]).body(each.names) == each.body()
