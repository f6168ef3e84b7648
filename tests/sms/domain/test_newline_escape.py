"""Where `/n` is a new line, and where it is part of a link, a date, a unit or perhaps a word."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms.domain import newline_escape
from sms.domain.host_names import is_ending
from sms.domain.newline_escape import normalise, read

LINKS = [
    ("Salut/nVezi https://shop.example/new/n11", "Salut\nVezi https://shop.example/new/n11"),
    ("Hi/nhttps://x.example/new", "Hi\nhttps://x.example/new"),
    ("HTTPS://X.EXAMPLE/new bax/nora", "HTTPS://X.EXAMPLE/new bax\nora"),
    ("ftp://a.b/new", "ftp://a.b/new"),
    ("Bax/nshopapp://new/n1 /nSon", "Bax\nshopapp://new/n1 \nSon"),
    ("market://details/new", "market://details/new"),
    ("wa.me/n", "wa.me/n"),
    ("bit.ly/n3", "bit.ly/n3"),
    ("http://a/new/n\thttp://b/n/n x/n", "http://a/new/n\thttp://b/n/n x\n"),
    ("WwW.shop.az/new", "WwW.shop.az/new"),
    ("bax:www.shop.az/new", "bax:www.shop.az/new"),
    ("shop.az/new", "shop.az/new"),
    ("Shop-1.co.uk/new", "Shop-1.co.uk/new"),
    ("mağaza.az/new", "mağaza.az/new"),
    ("Salut/nshop.az/new", "Salut\nshop.az/new"),
    ("SHOP.AZ/new", "SHOP.AZ/new"),
    ("Endirim:SHOP.AZ/new", "Endirim:SHOP.AZ/new"),
    ("Shop.Az/new", "Shop.Az/new"),
    ("shop.az:8080/new", "shop.az:8080/new"),
    ("SHOP.AZ:443/n/a", "SHOP.AZ:443/n/a"),
    ("m.shop.az/n/a", "m.shop.az/n/a"),
    ("shop.digital/new", "shop.digital/new"),
    ("məhsulə.az/new", "məhsulə.az/new"),
    ("магазин.рф/new", "магазин.рф/new"),
    ("shop.xn--p1ai/new", "shop.xn--p1ai/new"),
    ("Salut/nSHOP.AZ/new/nBye", "Salut\nSHOP.AZ/new/nBye"),
]
NEW_LINES = [
    ("Qiymət 12.50/nSağ olun", "Qiymət 12.50\nSağ olun"),
    ("Bye.Thanks/nBest", "Bye.Thanks\nBest"),
    ("BYE.THANKS/nBEST", "BYE.THANKS\nBEST"),
    ("Bitdi.Az/nYeni", "Bitdi.Az\nYeni"),
    ("hazırdı.Sağolun/nSHOP", "hazırdı.Sağolun\nSHOP"),
    ("a.toolong/n", "a.toolong\n"),
    ("a.b/n", "a.b\n"),
    (".az/n", ".az\n"),
    ("x/n.az/n", "x\n.az\n"),
    ("shop.az /n", "shop.az \n"),
    ("info@shop.az/nSHOP", "info@shop.az\nSHOP"),
    ("Saat 12.30:15/nSHOP", "Saat 12.30:15\nSHOP"),
    ("httpſ://new", "httpſ:/\new"),
    ("bir\\niki", "bir\niki"),
    ("bir\\Niki/Nuc", "bir\\Niki/Nuc"),
    ("https://x.example/a\\nb", "https://x.example/a\\nb"),
    ("a/n/n/nb", "a\n\n\nb"),
    ("a//nb", "a/\nb"),
    ("bir\r\niki\rüç\n", "bir\niki\nüç\n"),
    ("", ""),
]
DATES = [
    ("12/nov/2026", "12/nov/2026"),
    ("12/noyabr/2026 saat 10", "12/noyabr/2026 saat 10"),
    ("3/nisan/2027", "3/nisan/2027"),
    ("3/noiembrie", "3/noiembrie"),
    ("12/noi/2026", "12/noi/2026"),
    ("2026/nov/12", "2026/nov/12"),
    ("12/nov/nSHOP", "12/nov\nSHOP"),
    ("Kod: 12/noi livram", "Kod: 12\noi livram"),
    ("Kod: 12/novella", "Kod: 12\novella"),
    ("Kod: 12/n", "Kod: 12\n"),
]
UNITS = [
    ("150.000đ/người", "150.000đ/người"),
    ("100k/người", "100k/người"),
    ("10 TL/nefer", "10 TL/nefer"),
    ("2 GB/ngày", "2 GB/ngày"),
    ("50 m/năm", "50 m/năm"),
    ("150.000đ/ngươ\u0300i", "150.000đ/ngươ\u0300i"),
    ("5 AZN/nəfər", "5 AZN/nəfər"),
    ("5 AZN/nəfərə", "5 AZN\nəfərə"),
    ("120 km/ngày", "120 km/ngày"),
    ("200 lei/noapte", "200 lei/noapte"),
    ("$80/night", "$80/night"),
    ("Mətn/nəfər", "Mətn\nəfər"),
    ("5 AZN/nSağ olun", "5 AZN\nSağ olun"),
]


@pytest.mark.parametrize(("raw", "expected"), LINKS + NEW_LINES + DATES + UNITS)
def test_what_the_text_tells_is_told_apart(raw, expected):
    assert normalise(raw, "outside_urls") == expected


def test_always_replaces_inside_urls_too_and_off_replaces_nothing():
    raw = "Salut/nVezi\\nhttps://shop.example/new and/not\r\n"
    always, off = read(raw, "always"), read(raw, "off")
    assert always.text == "Salut\nVezi\nhttps://shop.example\new and\not\n"
    assert off.text == "Salut/nVezi\\nhttps://shop.example/new and/not\n"
    assert not always.doubtful
    assert not off.doubtful
    assert list(off.other_readings()) == []


DOUBTFUL = ["and/not", "w/no", "c/n", "y/n?", "(s/n)", "blok a/n 5", "bax/nora", "yes/no", "a/b/new", "10:30/nəğd"]
SURE = [
    "Salam/nSağ olun",
    "Salam/n5 manat",
    "Salam /nsağ olun",
    "Salam\n/nbax",
    "5/n",
    "bitdi/n",
    "https://a.b/new",
    "",
]


@pytest.mark.parametrize("raw", DOUBTFUL)
def test_what_may_be_a_word_is_a_new_line_and_doubtful(raw):
    found = read(raw, "outside_urls")
    assert len(found.doubtful) == 1
    assert found.text == raw.replace("/n", "\n")
    assert list(found.other_readings()) == [raw]


@pytest.mark.parametrize("raw", SURE)
def test_what_is_no_word_is_not_doubtful(raw):
    assert read(raw, "outside_urls").doubtful == ()


def test_the_readings_of_a_mixed_text_keep_few_escapes_before_many():
    found = read("a/nb C/nD e/nf", "outside_urls")
    assert [found.text, *found.other_readings()] == [
        "a\nb C\nD e\nf",
        "a/nb C/nD e/nf",
        "a/nb C\nD e\nf",
        "a\nb C\nD e/nf",
        "a/nb C\nD e/nf",
    ]


@given(st.lists(st.sampled_from(["/n", "\\n", "a", "b ", "X", "/"]), max_size=40).map("".join))
def test_the_readings_are_few_distinct_and_begin_with_the_first(raw):
    found = read(raw, "outside_urls")
    readings = [found.text, *found.other_readings()]
    assert len(readings) == len(set(readings)) <= 9
    assert raw in readings


HOST_BEFORE = re.compile(r"([^\W_]|-)\.((?:xn--)?[^\W_]{2,24})(?::[0-9]{1,5})?$")


def slow_is_link(text, slash):
    """Whether the text up to this slash ends in a host name."""
    found = HOST_BEFORE.search(text[:slash])
    if not found or not text[slash - 1].isalnum() or re.search(r"[\w.%+-]@[\w.-]+(?::[0-9]+)?$", text[:slash]):
        return False
    label, ending = found.groups()
    is_path = re.match("[^\\W_]", text[slash + 2 : slash + 3]) and not text[slash + 2].isupper()
    return bool(
        (label.isascii() and re.fullmatch("[a-z]{2,6}", ending))
        or (is_ending(ending) and (ending.islower() or ending.isupper() or is_path))
    )


def slow_normalise(raw):
    """The rule read out loud, one position at a time; quadratic."""
    rest, out, at = re.sub("\r\n?", "\n", raw), "", 0
    line = 0
    while at < len(rest):
        if re.match("(?ai:[a-z]{2,12}://|www\\.)", rest[at:]) or (
            rest[at] == "/" and slow_is_link(rest[line:], at - line)
        ):
            end = next((i for i in range(at, len(rest)) if rest[i].isspace()), len(rest))
            out, at = out + rest[at:end], end
        elif rest[at : at + 2] in ("/n", "\\n"):
            out, at = out + "\n", at + 2
            line = at
        else:
            out, at = out + rest[at], at + 1
    return out


PIECES = ["/n", "\\n", "/", "n", "a", "Z", "7", ".", ".az", ".Com", ".AZ", ":80", "@", "-", " ", "\n", "\r", "http://"]


@given(st.lists(st.sampled_from([*PIECES, "HTTPS://", "www.", "w", "ə"]), max_size=14).map("".join))
def test_normalise_agrees_with_the_rule_read_slowly(raw):
    assert normalise(raw, "outside_urls") == slow_normalise(raw)


@pytest.mark.parametrize(
    "piece", ["/", "/n", "a.az", "aaaa", "http://", "www.", "\\n/", "a.az/ ", "x.aaaaaaa", "\r", "@a.a/", "5/nə"]
)
def test_normalise_looks_at_each_character_a_bounded_number_of_times(piece, monkeypatch):
    looks = []

    class Counting:
        def __init__(self, pattern):
            self.pattern = pattern

        def search(self, *arguments):
            found = self.pattern.search(*arguments)
            end = found.end() if found else len(arguments[0])
            looks.append((arguments[2] if len(arguments) > 2 else end) - arguments[1] + 1)
            return found

    for name in ("_TOKEN", "_HOST_END", "_PORT", "_MAIL", "_AMOUNT", "_WHITE"):
        monkeypatch.setattr(newline_escape, name, Counting(getattr(newline_escape, name)))
    raw = "/n" + piece * (65536 // len(piece))
    normalise(raw, "outside_urls")
    assert sum(looks) <= 60 * len(raw)
