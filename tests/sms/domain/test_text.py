"""Segments, forbidden and hidden characters."""

import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms.domain import text
from sms.domain.text import Encoding, Segments


def slow_segments(value):
    """Whole characters put into segments one by one, by the encoders themselves."""
    basic = set("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¡ÄÖÑÜ§¿äöñüà" + string.digits + string.ascii_letters)
    basic |= set(" !\"#¤%&'()*+,-./:;<=>?")
    width = dict.fromkeys(basic, 1) | dict.fromkeys("\x0c^{}\\[~]|€", 2)
    encoding, one, several = "GSM-7", 160, 153
    if not set(value) <= set(width):
        encoding, one, several = "UCS-2", 70, 67
        width = {c: len(c.encode("utf-16-le", "surrogatepass")) // 2 for c in value}
    units = sum(width[c] for c in value)
    if units <= one:
        return Segments(Encoding(encoding), 1, units, one - units)
    filled = [0]
    for c in value:
        if filled[-1] + width[c] > several:
            filled.append(0)
        filled[-1] += width[c]
    return Segments(Encoding(encoding), len(filled), units, several - filled[-1])


SEGMENTS = [
    ("", Segments(Encoding.GSM7, 1, 0, 160)),
    ("a" * 160, Segments(Encoding.GSM7, 1, 160, 0)),
    ("a" * 161, Segments(Encoding.GSM7, 2, 161, 145)),
    ("a" * 306, Segments(Encoding.GSM7, 2, 306, 0)),
    ("a" * 307, Segments(Encoding.GSM7, 3, 307, 152)),
    ("a" * 158 + "€", Segments(Encoding.GSM7, 1, 160, 0)),
    ("a" * 152 + "€" + "a" * 7, Segments(Encoding.GSM7, 2, 161, 144)),
    ("€" * 80, Segments(Encoding.GSM7, 1, 160, 0)),
    ("€" * 81, Segments(Encoding.GSM7, 2, 162, 143)),
    ("ə" * 70, Segments(Encoding.UCS2, 1, 70, 0)),
    ("ə" * 71, Segments(Encoding.UCS2, 2, 71, 63)),
    ("ə" * 66 + "😀" + "ə" * 3, Segments(Encoding.UCS2, 2, 71, 62)),
    ("😀" * 35, Segments(Encoding.UCS2, 1, 70, 0)),
    ("😀" * 36, Segments(Encoding.UCS2, 2, 72, 61)),
    ("a\tb", Segments(Encoding.UCS2, 1, 3, 67)),
    ("`", Segments(Encoding.UCS2, 1, 1, 69)),
    ("ç", Segments(Encoding.UCS2, 1, 1, 69)),
    ("Ç\n", Segments(Encoding.GSM7, 1, 2, 158)),
]


@pytest.mark.parametrize(("value", "expected"), SEGMENTS)
def test_segments_are_counted_as_they_go_over_the_air(value, expected):
    assert text.segments(value) == expected
    assert slow_segments(value) == expected


@given(st.text("ab€{ \n", max_size=500) | st.text("aə😀\t\ud83d", max_size=250))
def test_segments_agree_with_packing_one_by_one(value):
    assert text.segments(value) == slow_segments(value)


def test_the_gsm_tables_have_127_and_10_characters():
    """3GPP TS 23.038: 128 places, one of them the escape; ten more behind the escape."""
    every = {chr(code) for code in range(0x3000)}
    plain = [c for c in every if text.segments(c).encoding == "GSM-7"]
    assert sum(text.segments(c).units == 1 for c in plain) == 127
    assert sum(text.segments(c).units == 2 for c in plain) == 10


def test_the_letters_that_force_ucs2_are_named_once_in_order():
    assert text.forcing_ucs2("Sifarişiniz təsdiqləndi: 12 €, ş") == ("ş", "ə")
    assert text.forcing_ucs2("Hello [you] €") == ()


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("Salam\n\tdünya 😀", "Salam\n\tdünya 😀"),
        ("a\u202eb", "a\\u202eb"),
        ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
        ("\x00\x1b\x7f\x85\r", "\\u0000\\u001b\\u007f\\u0085\\u000d"),
        ("\ud800", "\\ud800"),
        ("a\u2028b\u2029", "a\\u2028b\\u2029"),
        ("\U000e0041", "\\U000e0041"),
        ("\u3164\u034f", "\\u3164\\u034f"),
        ("a\u00a0b", "a\u00a0b"),
    ],
)
def test_what_hides_or_turns_text_around_is_shown_as_an_escape(raw, shown):
    assert text.visible(raw) == shown


@given(st.text())
def test_nothing_hidden_is_left_after_visible(raw):
    left = {unicodedata.category(c) for c in text.visible(raw) if c not in "\n\t"}
    assert left.isdisjoint({"Cc", "Cf", "Cs", "Zl", "Zp"})


@given(st.text())
def test_forbidden_in_text_is_the_first_control_but_new_line_and_tab(raw):
    controls = [c for c in raw if unicodedata.category(c) == "Cc" and c not in "\n\t"]
    assert text.forbidden_in_text(raw) == (controls[0] if controls else None)


@pytest.mark.parametrize("bad", ["\n", "\t", "\x00", "\x7f", "\x9f", "\u202e", "\u2066", "\u200f", "\u061c"])
def test_a_sender_name_has_no_control_and_no_bidi_control(bad):
    assert text.forbidden_in_sender(f"AK{bad}INON") == bad


def test_a_plain_sender_name_and_text_have_nothing_forbidden():
    assert text.forbidden_in_sender("AKINON Mağaza") is None
    assert text.forbidden_in_text("Salam\n\t\u202e") is None


def test_digits_of_every_script_are_masked():
    assert text.masked_digits("Kod: 004217, ٣٤, x²") == "Kod: ######, ##, x²"
