"""What each kind of placeholder takes, in the spellings of the countries that shops send to."""

import unicodedata

import pytest
from django.utils.dates import MONTHS, MONTHS_3, MONTHS_ALT
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from sms.domain.matching.index import Index
from sms.domain.matching.kinds import LONGEST, SHAPES, SHORTEST, accepts_kind, beginnings, ends_of_values
from sms.domain.matching.placeholders import Placeholder, parse_kinds, same_kinds
from sms.domain.matching.templates import PlaceholderKind, TemplateError, limits_problem, parse_body, values_problem

TAKEN = {
    "code": ["0", "004217", "A7K2Q9", "xos10", "7a", "A" * 63 + "1"],
    "number": [
        "0",
        "7",
        "-3",
        "+5",
        "−12,5",
        "12.50",
        "1 250",
        "1\u00a0250\u00a0000",
        "1.250.000",
        "1,250.50",
        "1'250",
        "1\u202f250,5",
        *["250", "12 345 678", "12 345 678,25", "12.345.678,25", "12,345,678.25", "1’234’567.89", "1'234'567,89"],
        *["1\u2009250", "1234567890", "0,5", "3.14159"],
    ],
    "amount": [
        *["1 250,50 ₼", "150.000đ", "12.50 AZN", "12.50AZN", "5 man.", "99,90 TL", "₺99,90", "₺ 1.250,00", "TL 50"],
        *["49,99 lei", "1 leu", "25 RON", "1.500.000 VND", "250.000 ₫", "350 000 VNĐ", "1.200.000 đồng", "12 manat"],
        *["1 990 ₽", "1990 руб.", "1990 руб", "500 р.", "21 рубль", "5 рублей", "50 коп.", "$5", "€ 9.99", "12,50 EUR"],
        *["12.50", "0,99", "1\u00a0250,50\u00a0₼", "-15,00 TL", "20 qəpik", "10 euro", "5 GBP", "£5", "7 USD", "$ 7"],
        *["100 TRY", "100 lira", "50 kuruş", "50 bani", "5 RUB", "2 рубля", "5\u202f₼", "man. 5", "manat 5"],
    ],
    "date": [
        *[
            "25.11.2026",
            "25.11.26",
            "25.11",
            "5.1.2026",
            "25/11/2026",
            "25/11",
            "25-11-2026",
            "2026-11-25",
            "2026/11/25",
        ],
        *["25 noyabr 2026", "1 Yanvar", "25 noyabr 2026-cı il", "25 Kasım 2026", "3 Şubat", "25 KASIM 2026"],
        *["25 noiembrie 2026", "1 mai 2026", "25 ноября 2026", "25 ноября 2026 г.", "25.11.2026 г.", "25.11.2026г."],
        *["ngày 25/11/2026", "ngày 25 tháng 11 năm 2026", "25 tháng 11", "25 tháng 11, 2026", "Ngày 5 tháng 1"],
        *["25 November 2026", "November 25, 2026", "Nov 25", "25th Nov 2026", "99.99.9999"],
        *["1st May", "2nd May, 2026", "3rd Jan. 2026", "May 2nd 2026", "May 1st, 2026", "Sept. 3", "Oct. 3rd"],
        *["5/1", "5/1/26", "5-1-26", "2026.11.25", "2026-1-5", "5 may 2026-cü il", "5 may 2026-ci il", "5 may 2026г"],
        *["5.1.2026\u00a0г.", "5 tháng 1 2026", "25 tháng 11 năm 2026"],
    ],
    "time": [
        "14:30",
        "9:05",
        "14.30",
        "14:30:05",
        "2:30 PM",
        "2:30pm",
        "2:30 p.m.",
        "14h30",
        "14h",
        "9g15",
        "9g",
        *["14 giờ 5", "14 giờ 30 phút", "9 giờ", "9:05:59 am", "9.05 A.M.", "2:30\u00a0PM"],
        "14 giờ 30",
        "14 giờ",
    ],
    "name": [
        *[
            "Aygün",
            "Əli Məmmədov",
            "O'Neil",
            "O’g‘uz",
            "Anne-Marie",
            "Nguyễn Thị Ánh",
            "Đặng Văn Ưu",
            "Ștefan Ion-Țîru",
        ],
        *["Şebnem Çağlayan", "İlqar", "Ольга Иванова-Петрова", "Ё", "A. Məmmədov", "Jr.", "q\u0327\u0323", "Əli oğlu"],
    ],
    "phone": [
        *[
            "+994501112233",
            "+994 50 111 22 33",
            "+994 (50) 111-22-33",
            "0501112233",
            "(050) 111-22-33",
            "050.111.22.33",
        ],
        *["+40 712 345 678", "0850 222 0 444", "444 1 444", "8 (800) 555-35-35", "1900 1234", "195", "*1234", "1414"],
    ],
    "email": ["a@b.co", "aysel.m+1@shop.example", "x_y@mail.shop.com.tr", "o'neil@a.az"],
    "link": ["https://shop.az/1", "WWW.x", "shop.az/"],
    "text": [
        "yoldadır",
        "2 ədəd, 12.50 AZN",
        "№ 123456789012",
        "25.11.2026 14:30",
        "10.11.2026 14.30-16.30",
        "a.b",
        "1 000 000 000",
        # a code, and digits of something else
        *["012345 6789", "01234567 89", "№ 10501112233", "a.abcdefg/x", "a.b/x"],
    ],
    "any": ["a", " ", "www.x 1"],
    "digits": ["0", "004217"],
}
REFUSED = {
    "code": ["", "salam", "12 34", "12-34", "a.1", "é1", "٣", "1\n", "https://a1", "a.az/1", "www.1", "A" * 64 + "1"],
    "number": [
        "",
        "a",
        "1 25",
        "1.250,50.3",
        "1 2500",
        "12.",
        ".5",
        "1 250 ",
        "12%",
        "1.25.300",
        "--1",
        "١٢",
        "1" * 25,
    ],
    "amount": [
        "",
        "AZN",
        "12.50 AZN AZN",
        "12.50 manata",
        "₺",
        "12  AZN",
        "AZN 12 AZN",
        "12.50 XYZ",
        "12.50 AZN.",
        " 5",
    ],
    "date": [
        "",
        "25",
        "25.",
        "25.11.",
        "2026",
        "25 foo 2026",
        "25 noyabr,",
        "noyabr",
        "a25.11.2026",
        "25.11/2026",
        "25 tháng",
    ],
    "time": ["", "14", "1430", "14:3", "14:30:", "14:30 XM", "giờ", "saat 14:30", "14h3"],
    "name": ["", " Əli", "Əli ", "Əli 2", "Əli٣", "a\nb", "www.evil", "Əli https://x", "evil.az/", "a\u2028b"],
    "phone": ["", "12", "+12", "abc", "+994501112233x", "1234567890123456", "050--- 1112233", "()", "+"],
    "email": ["", "a@b", "@b.co", "a b@c.co", "a@b.co.", "a@@b.co", "əli@b.co", "a@-.c"],
    "link": ["https://", "shop.az", "a b"],
    "text": [
        *[
            "",
            "a\nb",
            "bax https://x",
            *["a.abcdef/x", "a.zz/", "A-.zz/", "hTTp://x", "wWw.x"],
            "WWW.x",
            "kod evil.az/1",
            "zəng +994501112233",
            "zəng 0501112233 olun",
            "050 111 22 33",
        ],
        *["(050) 111-22-33", "+40 712 345 678", "8 800 555-35-35", "0850 222 04 44"],
    ],
    "any": ["", "a\nb"],
    "digits": ["", "1a", "٣"],
}


def cases(table):
    return [(kind, value) for kind, values in table.items() for value in values]


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind, values in TAKEN.items() for value in values])
@pytest.mark.parametrize("text", ["Salam, {} gözləyir.", "{} gözləyir", "Salam {}", "Salam {} | {{y}}", "{{y}} | {} |"])
def test_what_a_kind_takes_is_found_in_a_text(kind, value, text):
    """The matcher asks other patterns and bounds first, which may give up no value that the kind takes."""
    body = text.format("{x}")
    kinds = parse_kinds({"x": kind} | ({"y": "any"} if "{y}" in body else {}))
    found = Index([("t", parse_body(body, kinds))]).match(text.format(value).replace("{y}", "3"))
    assert found is not None or not value.strip()
    assert found is None or found.values["x"] == unicodedata.normalize("NFC", value)


@pytest.mark.parametrize(("kind", "value"), cases(TAKEN))
def test_a_value_that_its_kind_takes(kind, value):
    assert Placeholder("p", PlaceholderKind(kind)).accepts(unicodedata.normalize("NFC", value))


@pytest.mark.parametrize(("kind", "value"), cases(REFUSED))
def test_a_value_that_its_kind_does_not_take(kind, value):
    assert not Placeholder("p", PlaceholderKind(kind)).accepts(value)


def test_the_tables_hold_every_kind():
    assert {kind.value for kind in PlaceholderKind} == set(TAKEN) == set(REFUSED)


HOSTS = ("shop.az", "trk.example", "boss.az")


@pytest.mark.parametrize(
    ("link", "taken"),
    [
        *[
            (link, True)
            for link in ("https://shop.az", "HTTPS://Shop.AZ/a", "www.shop.az/1", "shop.az/", "m.shop.az/x")
        ],
        *[(link, True) for link in ("http://trk.example:8080/a?b#c", "https://shop.az?x=1", "https://shop.az#a")],
        *[(link, False) for link in ("https://evil.example", "https://shop.az.evil.example/", "https://evilshop.az/")],
        *[(link, False) for link in ("https://shop.az@evil.example/", "https://shop.az:x@evil.example/", "https://a")],
        *[
            (link, False)
            for link in ("https://evil.example\\.shop.az/", "https://evil.example/.shop.az", "evil.az/shop.az")
        ],
        *[
            (link, False)
            for link in ("https://evil.example#.shop.az", "https://shop.az:/", "https://evil.example%2f.shop.az/")
        ],
        *[(link, False) for link in ("https:///shop.az/", "https://shop.az\u200b.evil.example/", "https://shop.az,x")],
        *[(link, False) for link in ("https://bo\u00df.az/", "https://\u017fhop.az/", "https://shop.az\u0307/")],
    ],
)
def test_a_link_leads_to_a_listed_host_or_one_below_it(link, taken):
    assert Placeholder("p", PlaceholderKind.LINK, hosts=HOSTS).accepts(link) is taken


@pytest.mark.parametrize("kind", LONGEST)
def test_no_value_is_shorter_or_longer_than_the_bounds_of_its_kind(kind):
    values = TAKEN[kind.value]
    assert min(map(len, values)) >= SHORTEST.get(kind, 1)
    assert max(map(len, values)) <= LONGEST[kind]


characters = st.sampled_from([*"0123 .,:/-+()@aəhgзnoyabrчPMч₼đ'", "\u00a0", "tháng ", "giờ ", "www.", "noyabr", "AZN"])


@given(st.sampled_from([*SHAPES, PlaceholderKind.LINK]), st.lists(characters, max_size=12).map("".join))
def test_every_value_in_a_text_is_found_where_it_begins_and_ends(kind, text):
    for start in range(len(text)):
        taken = [end for end in range(start + 1, len(text) + 1) if accepts_kind(kind, text[start:end])]
        found = [end for first, last in ends_of_values(kind, (), text, start) for end in range(first, last + 1)]
        assert found == taken
        if taken:
            assert start in beginnings(kind, text)


@pytest.mark.parametrize(
    "text", ["https://shop.az:80/a b", "m.shop.az?x", "shop.az.evil.example/x", "www.trk.example#a", "http://shop.az:8"]
)
def test_every_link_to_a_listed_host_is_found_where_it_begins_and_ends(text):
    for start in range(len(text)):
        taken = {
            end for end in range(start + 1, len(text) + 1) if accepts_kind(PlaceholderKind.LINK, text[start:end], HOSTS)
        }
        found = ends_of_values(PlaceholderKind.LINK, HOSTS, text, start)
        assert {end for first, last in found for end in range(first, last + 1)} == taken


def test_lengths_and_hosts_are_declared_and_written_back():
    declared = {
        "a": {"kind": "code", "min_length": 4, "max_length": 8},
        "b": {"kind": "link", "hosts": ["shop.az"]},
        "c": {"kind": "any", "min_length": 2},
        "d": "amount",
        "f": {"kind": "any", "allow_links": True},
    }
    body = parse_body("{a} {b} {c} {d} {e} {f}", parse_kinds(declared))
    assert body.kinds == declared
    assert body.min_length == 5 + 4 + 5 + 2 + 1 + 1 + 1
    assert parse_kinds({"b": {"kind": "link", "hosts": ["Shop.AZ", "shop.az"]}})["b"].hosts == ("shop.az",)


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"kind": "code", "min_length": 0}, "p: min_length is 0, but a placeholder takes one character or more"),
        ({"kind": "code", "min_length": 9, "max_length": 8}, "min_length is 9, but the longest value has 8 characters"),
        ({"kind": "time", "min_length": 17}, "min_length is 17, but the longest value has 16 characters"),
        ({"kind": "date", "max_length": 2}, "max_length is 2, but a placeholder of kind date takes 3 or more"),
        ({"kind": "any", "allow_links": "yes"}, "allow_links must be true or false, not 'yes'"),
        ({"kind": "text", "allow_links": True}, "allow_links is for kind any; this placeholder is of kind text"),
        ({"kind": "code", "hosts": ["shop.az"]}, "hosts are for links; this placeholder is of kind code"),
        ({"kind": "link", "hosts": "shop.az"}, "hosts must be a list"),
        ({"kind": "link", "hosts": [3]}, "hosts must be a list"),
        ({"kind": "link", "hosts": ["https://shop.az"]}, "'https://shop.az' is no host name"),
        ({"kind": "link", "hosts": ["shop"]}, "'shop' is no host name"),
        ({"kind": "code", "min_length": "4"}, "min_length must be a whole number, not '4'"),
        (
            {"kind": "money"},
            "the kinds are any, digits, code, number, amount, date, time, name, phone, email, link and text",
        ),
        ({"least": 3}, "unknown key least; known are kind, min_length, max_length, hosts and allow_links"),
    ],
)
def test_a_declaration_that_no_value_fits_is_refused_in_words(declared, words):
    with pytest.raises(TemplateError) as refused:
        parse_kinds({"p": declared})
    assert words in str(refused.value)


BODY = parse_body("Kod: {code}, {name}", parse_kinds({"code": "digits"}))
VALUES = {"code": "004217", "name": "Aygün"}


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({}, None),
        ({"max_length": 18, "max_value_length": 6, "max_value_lengths": {"name": 5}}, None),
        ({"max_value_length": 5}, "The value of {code} has 6 characters; this vendor accepts at most 5."),
        ({"max_value_lengths": {"name": 4, "code": 6}}, "The value of {name} has 5 characters; this vendor accepts"),
        ({"max_value_length": 10, "max_value_lengths": {"code": 4}}, "The value of {code} has 6 characters"),
        ({"max_length": 17}, "The text has 18 characters; this vendor accepts at most 17."),
    ],
)
def test_what_is_too_long_for_a_vendor_is_named_without_the_value(limits, words):
    problem = values_problem(BODY, VALUES, **limits)
    assert (problem is None) if words is None else problem.startswith(words)


def test_a_placeholder_that_never_fits_a_vendors_length_is_named_when_it_is_approved():
    body = parse_body("{a}", parse_kinds({"a": {"min_length": 9}}))
    words = "The shortest value of {a} has 9 characters; this vendor accepts at most 8 for each value."
    assert limits_problem(body, max_value_length=8) == words
    assert limits_problem(body, max_value_length=9) is None


@pytest.mark.parametrize("language", ["az", "tr", "ro", "ru", "en"])
def test_a_date_may_have_the_months_name(language):
    with override(language):
        names = [str(name) for name in MONTHS_ALT.values()]
    for name in names:
        for spelling in (name, name.upper()):
            assert accepts_kind(PlaceholderKind.DATE, f"25 {spelling} 2026"), spelling
            assert accepts_kind(PlaceholderKind.DATE, f"{spelling} 25"), spelling


@pytest.mark.parametrize("language", ["ro", "ru", "en"])
def test_a_date_may_have_the_months_abbreviation(language):
    with override(language):
        whole = {str(name).lower() for name in MONTHS.values()}
        names = {str(name).rstrip(".").lower() for name in MONTHS_3.values()} - whole
    assert len(names) > 8
    for name in [*names, "sept", "сент"]:
        assert accepts_kind(PlaceholderKind.DATE, f"25 {name} 2026"), name
        assert accepts_kind(PlaceholderKind.DATE, f"25 {name}. 2026"), name


def test_two_declarations_may_say_the_same():
    assert same_kinds({"a": "digits"}, {"a": {"kind": "digits"}})
    assert same_kinds({"a": "any"}, {})
    assert not same_kinds({"a": "digits"}, {"a": "code"})
    assert same_kinds({"a": "no kind"}, {"a": "no kind"})
    assert not same_kinds({"a": "no kind"}, {})
