"""Sender names that look like another one, and names of two scripts."""

from __future__ import annotations

import pytest

from sms.domain.look_alikes import problem_of, scripts, skeleton
from sms.domain.text import visible


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("AK1NON", "AKINON"),
        ("AKlNON", "AKINON"),
        ("AKIN0N", "AKINON"),
        ("AK|NON", "AKINON"),
        ("AKI\u200bNON", "AKINON"),
        ("AKINON\u00a0", "AKINON"),
        ("AKI NON", "AKINON"),
        ("AKINON\u2800", "AKINON"),  # a Braille blank
        ("AKI\u00adNON", "AKINON"),
        ("AKINON\ufe0f", "AKINON"),
        ("ＡＫＩＮＯＮ", "AKINON"),
        ("𝐀𝐊𝐈𝐍𝐎𝐍", "AKINON"),
        ("ⅯⅤ", "MV"),
        ("\u0410\u0421\u041a\u041e", "ACKO"),  # Cyrillic
        ("\u0420\u0410\u0423", "PAY"),
        ("\u0395\u039a\u039f", "EKO"),  # Greek
        ("\u0441\u0430\u0440", "cap"),
        ("\u04d8\u041a", "ƏK"),
        ("baki", "bakı"),
        ("S\u0327OK", "ŞOK"),  # decomposed
    ],
)
def test_it_is_refused_with_the_name_that_it_looks_like(name, other):
    assert skeleton(name) == skeleton(other)
    for new, present in ((name, other), (other, name)):
        assert problem_of(new, ["SHOP", present]).startswith(f"{visible(new)} looks like {present}, which exists: ")


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("AKINON", "Akinon"),
        ("ŞOK", "SOK"),
        ("AKİNON", "AKINON"),
        ("SHOP1", "SHOP2"),
        ("SHOP", "SHOPS"),
        ("МАГАЗИН", "MAGAZIN"),
        ("+994501112233", "+994501112234"),
        ("AKINON", "AKINON"),
    ],
)
def test_what_a_reader_tells_apart_is_taken(name, other):
    assert problem_of(name, [other]) == problem_of(other, [name]) == ""


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("\u0410KINON", "Cyrillic (\u0410), Latin (KINON)"),
        ("AKIN\u039fN", "Latin (AKINN), Greek (\u039f)"),
        ("SHO\u0580", "Latin (SHO), Armenian (\u0580)"),
        ("\u13aaKINON", "Cherokee (\u13aa), Latin (KINON)"),
    ],
)
def test_letters_of_two_scripts_are_refused_and_named(name, found):
    assert problem_of(name, []) == f"{name} mixes letters of {found}. Write it in one script."


@pytest.mark.parametrize("name", ["AKINON", "Şəhər", "Đồng", "МАГАЗИН", "店", "", "123", "A-1 & Co.", "ＡＫ47"])
def test_one_script_is_enough(name):
    assert len(scripts(name)) <= 1
    assert problem_of(name, ["SHOP"]) == ""


def test_the_letters_that_deceive_are_named():
    letters = "\u0410 is CYRILLIC CAPITAL LETTER A, \u0421 is CYRILLIC CAPITAL LETTER ES"
    assert problem_of("\u0410\u0421", ["AC"]) == f"\u0410\u0421 looks like AC, which exists: {letters}."
    assert "1 is DIGIT ONE" in problem_of("AK1NON", ["AKINON"])
    assert "is ZERO WIDTH SPACE" in problem_of("AKI\u200bNON", ["AKINON"])
