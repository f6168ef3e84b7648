"""Masked texts of one-time passwords: no part of a value is left, and its form still tells what takes it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms.domain.masking import example_of, masked_quotes, masked_text, masked_value, masked_words
from sms.domain.matching.templates import parse_body
from sms.domain.matching.vendor_text import of_body


@pytest.mark.parametrize(
    ("value", "masked", "example"),
    [
        ("482913", "######", "######"),
        ("A7k-Q9", "X#x-X#", "A#a-A#"),
        ("Aysel Əliyeva", "Xxxxx Xxxxxxx", "Aaaaa Aaaaaaa"),
        ("12.50 AZN", "##.## XXX", "##.## AAA"),
        ("https://shop.example/Code7?x={1}", "https://shop.example/Xxxx#xxxx#x", "https://shop.example/Aaaa#aaaa#a"),
        ("www.shop.example", "www.shop.example", "www.shop.example"),
        ("a{b}c", "xxxxx", "aaaaa"),
        ("٤٨", "##", "##"),
        ("код", "xxx", "aaa"),
    ],
)
def test_a_value_keeps_its_form_alone(value, masked, example):
    assert masked_value(value) == masked
    assert example_of(f"{{{masked}}}") == example


def test_literals_stay_as_they_are_braces_and_x_included():
    body = parse_body("x{{y}} {code}, xX# {name}")
    order = [("name", "n"), ("code", "c")]
    shape = masked_text(of_body(body, order), order, {"code": "17", "name": "Xi"})
    assert shape == "x{{y}} {##}, xX# {Xx}"
    assert example_of(shape) == "x{y} ##, xX# Aa"


@given(st.text(st.characters(categories=("L", "N")), min_size=1))
def test_no_letter_and_no_digit_of_a_code_is_left(value):
    assert set(masked_value(value)) <= set("#xX")
    assert len(masked_value(value)) == len(value)


def test_words_are_masked_but_the_known_ones() -> None:
    assert masked_words("Your code: WOLF-x7, ٤٨ Şən", {"your", "code"}) == "Your code: XXXX-x#, ## Xxx"
    assert masked_words("Your code") == "Xxxx xxxx"


def test_only_what_a_sentence_quotes_is_masked() -> None:
    sentence = 'the template ends where the text goes on with "code WOLFR…" here'
    assert masked_quotes(sentence, {"code"}) == 'the template ends where the text goes on with "code XXXXX…" here'
