"""Numbers as people type and paste them: one reading or a question, never a guess."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms.domain import typed_phone
from sms.domain.phone import PhoneError, parse

NUMBER = "+994501234567"


@pytest.mark.parametrize(
    "written",
    [
        NUMBER,
        "+994 50 123 45 67",
        " +994 50 123 45 67\r\n",
        "+994\u00a050\u00a0123\u00a045\u00a067",
        "+994\u202f50\u2009123\u200a45\u300067",
        "+994-50-123-45-67",
        "+994\u201050\u2011123\u201345\u201467",
        "+994\u221250\u2043123\uff0d45\u30fc67",
        "+994 (50) 123-45-67",
        "(+994) 50 123 45 67",
        "+994 [50] 123/45/67",
        "+994（50）123・45・67",
        "+994.50.123.45.67",
        "+994/50/123\\45|67",
        "+994 (0)50 123 45 67",
        "+994 ( 0 ) 50 123 45 67",
        "00994501234567",
        "00 994 50 123 45 67",
        "(00994) 50-123-45-67",
        "\u202a+994501234567\u202c",
        "\u2066+994\u206950\u200e123\u200f45\u061c67",
        "\\u202a+994501234567\\u202c",
        "\ufeff+994\u200b50\u200c123\u200d45\u206067\u00ad",
        "＋９９４５０１２３４５６７",
        "＋９９４ ５０ １２３ ４５ ６７",
        "+٩٩٤٥٠١٢٣٤٥٦٧",
        "+۹۹۴۵۰۱۲۳۴۵۶۷",
        "+९९४५०१२३४५६७",
        "٠٠٩٩٤٥٠١٢٣٤٥٦٧",
        "+９９٤50१२३4567",
        "\u2795994501234567",
        "tel:+994501234567",
        "TEL:+994-50-123-45-67",
        "tel:%2B994501234567",
        "sms://+994501234567",
        "'+994501234567",
        '"+994501234567"',
        '="+994501234567"',
        "=+994501234567",
        "«+994501234567»",
        "\u201c+994501234567\u201d",
        "+994\t50\t1234567",
        "+994 50 123\n45 67",
        "+9\ufe0f\u20e394501234567",
    ],
)
def test_a_number_is_read_however_it_is_written(written):
    assert typed_phone.read(written) == NUMBER


@pytest.mark.parametrize(
    "written",
    [
        "0501234567",
        "050 123 45 67",
        "(050) 123-45-67",
        "(0)50 123 45 67",
        "501234567",
        "901234567",  # +90 1234567 is possible in Turkey, and 090 123 45 67 in Azerbaijan
        "5321234567",  # +53 21234567 is valid in Cuba, and 0532 123 45 67 in Turkey
        "994501234567",
        "８００１２３４５６７",
        "٠٥٠١٢٣٤٥٦٧",
        "tel:0501234567",
        "tel:863-1234",
        "8400",
        "0",
        "501234567.0",
    ],
)
def test_a_number_that_names_no_country_is_a_question(written):
    with pytest.raises(typed_phone.NationalNumber, match=r"Which country\?"):
        typed_phone.read(written)
    with pytest.raises(typed_phone.NationalNumber):
        typed_phone.read_start(written)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("", "no digit"),
        ("   ", "no digit"),
        ("+", "no digit"),
        ("00", "no digit"),
        ("hello", "Character h (U+0068)"),
        ("+99450123456O", "Character O (U+004F)"),
        ("+99450123456З", "Character З (U+0417)"),
        ("+994501234567 x12", "Character x (U+0078)"),
        ("tel:+994501234567;ext=12", "Character ; (U+003B)"),
        ("tel:0501234567;phone-context=+994", "Character ; (U+003B)"),
        ("+994501234567,+994501234568", "Character , (U+002C)"),
        ("+994501234567\x00", "Character (U+0000)"),
        ("+99450123456²", "Character ² (U+00B2)"),
        ("+99450123456\ud800", "Character (U+D800)"),
        ("+994501234567 +994501234568", "A plus sign stands inside"),
        ("++994501234567", "A plus sign stands inside"),
        ("00+994501234567", "A plus sign stands inside"),
        ("+994501234567\n994501234568", "7 to 15 digits"),
        ("+00994501234567", "No country"),
        ("+9940501234567", "leave out the zero"),
        ("+99450123456", "No country"),
        ("+994501234567.0", "No country"),
        ("9.94501E+11", "A spreadsheet has shortened"),
        ("9,94501234567E+11", "A spreadsheet has shortened"),
        ("+9.9e11", "A spreadsheet has shortened"),
        ("#REF!", "Character # (U+0023)"),
    ],
)
def test_what_is_no_number_is_said_without_naming_it(written, told):
    with pytest.raises(PhoneError) as refused:
        typed_phone.read(written)
    assert told in str(refused.value)
    assert "501234567 " not in str(refused.value)


@pytest.mark.parametrize(
    ("written", "region", "number"),
    [
        ("0501234567", "AZ", NUMBER),
        ("50 123 45 67", "AZ", NUMBER),
        ("994501234567", "AZ", NUMBER),
        ("501234567.0", "AZ", NUMBER),
        ("0532 123 45 67", "TR", "+905321234567"),
        ("0721 234 567", "RO", "+40721234567"),
        ("8 908 808-10-50", "RU", "+79088081050"),
        ("+905321234567", "AZ", "+905321234567"),  # what is written counts
        ("00905321234567", "AZ", "+905321234567"),
    ],
)
def test_a_country_that_somebody_chose_is_no_guess(written, region, number):
    assert typed_phone.read(written, region) == number


@pytest.mark.parametrize(
    ("written", "region"), [("8400", "AZ"), ("5012345670", "AZ"), ("1", "TR"), ("123456789", "XX")]
)
def test_what_the_chosen_country_does_not_have_is_refused(written, region):
    with pytest.raises(PhoneError):
        typed_phone.read(written, region)


@pytest.mark.parametrize(
    ("written", "start"),
    [
        ("+", "+"),
        ("", None),
        (" ", None),
        ("+9", "+9"),
        ("+994 50", "+99450"),
        ("00 994", "+994"),
        ("＋٩٩٤", "+994"),
        ("+1234567890123456", None),
    ],
)
def test_the_start_of_a_number_is_read_alike(written, start):
    if start is None:
        with pytest.raises(PhoneError):
            typed_phone.read_start(written)
    else:
        assert typed_phone.read_start(written) == start


def test_every_dash_blank_and_invisible_character_of_unicode_may_stand_between_digits():
    between = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) in {"Pd", "Zs", "Cf"}]
    assert len(between) > 100
    assert {typed_phone.read(f"+994{sign}501234567") for sign in between} == {NUMBER}


def test_every_decimal_digit_of_unicode_is_one():
    fives = [chr(code) for code in range(0x110000) if unicodedata.decimal(chr(code), None) == 5]
    assert len(fives) > 50
    assert {typed_phone.read(f"+994{five}01234567") for five in fives} == {NUMBER}


@given(st.text())
def test_whatever_is_typed_gives_a_number_of_the_strict_form_or_an_error(text):
    try:
        number = typed_phone.read(text)
    except PhoneError:
        return
    assert parse(number) == number
