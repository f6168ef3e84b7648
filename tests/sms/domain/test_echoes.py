"""What a vendor repeats of a message is found in every spelling, and nothing else of its words is hidden."""

from __future__ import annotations

import html
import json
import re
from urllib.parse import quote, quote_plus

import pytest

from sms.domain import echoes
from sms.domain.echoes import ERASED, HIDDEN, Echo

NUMBER = "+994501234567"
NATIONAL = "501234567"
CODE = "482913"
TEXT = f"Kodunuz: {CODE}. Heç kimə deməyin"


def otp(text: str = TEXT, *values: str) -> Echo:
    return Echo.of(number=NUMBER, text=text, parameters=values)


def code_units(value: str) -> str:
    return "".join(f"\\u{ord(each):04x}" for each in value)


def other_digits(value: str, zero: int) -> str:
    return "".join(chr(zero + int(each)) if each.isdecimal() else each for each in value)


def each_escaped(value: str) -> str:
    return "".join(f"%{each:02X}" for each in value.encode())


SPELLINGS = {
    "plain": str,
    "with blanks": " ".join,
    "with dashes": lambda value: "-".join([value[:3], value[3:]]),
    "in brackets": lambda value: f"({value[:2]}) {value[2:]}",
    "with no-break spaces": "\u00a0".join,
    "with zero-width characters": "\u200b".join,
    "URL": lambda value: quote(value, safe=""),
    "form": quote_plus,
    "every character URL-encoded": each_escaped,
    "URL-encoded in small letters": lambda value: each_escaped(value).lower(),
    "URL-encoded twice": lambda value: quote(each_escaped(value)),
    "JSON escapes": code_units,
    "JSON escapes in large letters": lambda value: code_units(value).upper().replace("\\U", "\\u"),
    "JSON inside JSON": lambda value: json.dumps(code_units(value))[1:-1],
    "HTML": html.escape,
    "HTML in decimal": lambda value: "".join(f"&#{ord(each)};" for each in value),
    "HTML in hexadecimal": lambda value: "".join(f"&#x{ord(each):X};" for each in value),
    "HTML without semicolons": lambda value: " ".join(f"&#{ord(each)}" for each in value),
    "HTML in a URL": lambda value: quote("".join(f"&#{ord(each)};" for each in value)),
    "escapes as our pages show bytes": lambda value: each_escaped(value).replace("%", "\\x"),
    "escapes with braces": lambda value: "".join(f"\\u{{{ord(each):x}}}" for each in value),
    "escapes of old JavaScript": lambda value: "".join(f"%u{ord(each):04x}" for each in value),
    "quoted-printable": lambda value: each_escaped(value).replace("%", "="),
    "quoted-printable, broken": lambda value: f"{value[:3]}=\n{value[3:]}",
    "with tags": lambda value: f"{value[:3]}</b><br class='x'>{value[3:]}",
    "hexadecimal": lambda value: value.encode().hex(),
    "UCS-2 in hexadecimal": lambda value: value.encode("utf-16-be").hex().upper(),
    "Arabic digits": lambda value: other_digits(value, 0x660),
    "full-width digits": lambda value: other_digits(value, 0xFF10),
    "digits beyond the basic plane": lambda value: other_digits(value, 0x1D7CE),
    "those as surrogates": lambda value: json.dumps(other_digits(value, 0x1D7CE))[1:-1],
    "Arabic digits as URL": lambda value: quote(other_digits(value, 0x660)),
    "one character escaped": lambda value: value[:2] + code_units(value[2]) + value[3:],
    "two kinds of escapes": lambda value: each_escaped(value[:2]) + code_units(value[2:4]) + value[4:],
    "between letters": lambda value: f"x{value}y",
    "in a longer number": lambda value: f"77{value}88",
}
NUMBERS = (NUMBER[1:], f"00{NUMBER[1:]}", f"0{NATIONAL}", NATIONAL, f"994 (0) {NATIONAL}")


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("value", [CODE, "WOLFRAM", "Gül-Şən", "x7Kq", *NUMBERS])
def test_a_value_is_hidden_in_each_spelling(value: str, spelling: str) -> None:
    spelled = SPELLINGS[spelling](value)
    hidden = otp(TEXT, CODE, "WOLFRAM", "Gül-Şən", "x7Kq").hide(f"before [{spelled}] after")
    assert HIDDEN in hidden
    assert hidden.startswith("before [")
    assert hidden.endswith("] after")
    left = hidden.removeprefix("before [").removesuffix("] after").replace(HIDDEN, "")
    assert not any(each.isalnum() for each in left.strip("xy78"))
    assert otp(TEXT, CODE, "WOLFRAM", "Gül-Şən", "x7Kq").hide(hidden) == hidden


@pytest.mark.parametrize(
    "said",
    [
        "The vendor answered HTTP 400.",
        "Channel 3",
        "0192a3b4-7c11-7e55-b111-aaaaaaaaaaaa",
        "error 34 of 2026-11-28T13:04:05Z, try 0501 again",
        "100% of &amp; = ok %zz \\u00 &# &#; =",
        "",
    ],
)
def test_other_words_stay(said: str) -> None:
    assert otp(TEXT, CODE).hide(said) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("G-482913 is your code", "bad 482913"),
        ("Your code is 482 913", "bad 482913"),
        ("Your code is 482-913.", "482913?"),
        ("Kod:4821", "pin4821"),
        ("Kod ABC9", "abc9"),
        ("Your password: WOLF", "wolf"),
        ("Kodunuz ٤٨٢٩", "4829"),
    ],
)
def test_words_like_a_code_are_hidden_without_parameters(text: str, said: str) -> None:
    hidden = otp(text).hide(said)
    assert HIDDEN in hidden
    assert not any(each.isdigit() for each in hidden)


def test_a_part_of_the_text_is_hidden_where_it_is_no_code() -> None:
    echo = Echo.of(number=NUMBER, text="Dear Aysel, your parcel waits for you", parameters=["Aysel"])
    assert echo.hide("rejected: 'your parcel waits for…'") == "rejected: '[hidden]…'"
    assert echo.hide("rejected: aysel") == "rejected: [hidden]"
    assert echo.hide("your message waits") == "your message waits"


@pytest.mark.parametrize("size", [3, 4, 5])
@pytest.mark.parametrize("value", [CODE, NUMBER[1:], NATIONAL])
def test_the_beginning_of_a_value_is_hidden_where_words_are_cut(value: str, size: int) -> None:
    said = f"The vendor's words go on and on until they are cut: {value[:size]}"
    assert otp(TEXT, CODE).hide(said).endswith(f"cut: {HIDDEN}")


def test_a_value_of_three_characters_is_hidden_where_it_stands_alone() -> None:
    assert otp("Kod 481", "481").hide("code 481, id 14812") == "code [hidden], id 14812"


def test_values_of_one_or_two_characters_stay() -> None:
    assert otp("Kod 7", "7", "42").hide("error 7 of 42") == "error 7 of 42"


def test_the_sign_before_a_number_stays() -> None:
    assert otp().hide(f"to {NUMBER}, %2B{NUMBER[1:]}.") == "to +[hidden], %2B[hidden]."


def test_a_short_number_is_hidden_with_its_country_code_only() -> None:
    echo = Echo.of(number="+29012345", text="", parameters=())
    assert echo.hide("12345 29012345 0029012345") == "12345 [hidden] [hidden]"


def test_a_number_of_no_known_country_is_hidden() -> None:
    echo = Echo.of(number="+99912345678", text="", parameters=())
    assert echo.hide("to 999 12345678") == "to [hidden]"


def test_all_is_hidden_once_the_text_is_erased() -> None:
    assert Echo.of(number=NUMBER, text=None, parameters=()).hide("wolf") == ERASED.hide("7") == HIDDEN
    assert ERASED.hide("") == ""


def test_nothing_is_hidden_where_there_is_nothing_to_hide() -> None:
    assert Echo().hide("482913") == "482913"
    assert Echo.of(number="", text="", parameters=[""]).hide("482913") == "482913"


@pytest.mark.parametrize("said", [r"\060\064\070\062\071\061\063", "\\" * 40 + "u0034" + "82913", "4️⃣8️⃣2️⃣9️⃣1️⃣3️⃣", "④⑧②⑨①③"])
def test_unusual_spellings_are_hidden(said: str) -> None:
    assert HIDDEN in otp(TEXT, CODE).hide(said)


def test_no_run_of_characters_is_repeated_without_bound() -> None:
    """A vendor's answer of backslashes alone would be searched once for each of them."""
    for pattern in (echoes._ESCAPES, echoes._QUOTED_PRINTABLE, echoes._TAG, echoes._HEX_BYTES, echoes._HEX_UCS2):
        assert not re.search(r"\\\\[+*]|\][+*]|\.[+*]", pattern.pattern)
