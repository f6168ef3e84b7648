"""Host names in running text: what a handset makes a link of, and sentences in which a blank is missing."""

import pytest

from sms.domain.host_names import bare_hosts, is_ending
from sms.domain.matching.kinds import NAME, TEXT, accepts_kind, link_or_phone

HOSTS = [
    "evil.com",
    "bit.ly",
    "shop.az",
    "t.me",
    "EVIL.COM",
    "Evil.Com",
    "eViL.cOm",
    "evil。com",
    "evil．com",
    "evil｡com",
    "ｅｖｉｌ．ｃｏｍ",
    "evil\u200b.com",
    "evil.\u200bcom",
    "evil.c\u200bom",
    "evil.c\u00adom",
    "shop.biz",
    "SHOP.BIZ",
    "Shop.Biz/x",
    "Bax: evil.com.",
    "evil.com, sonra",
    "(evil.com)",
    "evil.com.5",
    "evil.com.Sonra",
    "evil.com:8080",
    "evil.com\n",
    "evil-5.com",
    "a.b.evil.com.tr",
    "магазин.рф",
    "mağaza.az",
    "shop.xn--p1ai",
    "@evil.com",
    "5.com",
    "a5.tl",
    "cad.no",
    "evil.no/5",
    "evil.com?x",
]


@pytest.mark.parametrize("value", HOSTS)
def test_a_host_name_is_a_link_for_kinds_without_links(value):
    assert next(bare_hosts(value))[0] == 0
    assert not accepts_kind(TEXT, value.strip())
    assert link_or_phone(value) == "a link"


SENTENCES = [
    # Azerbaijani
    "Sifarişiniz hazırdır.Təşəkkürlər",
    "hazırdır.Təşəkkürlər",
    "Sifarisiniz hazirdir.Biz sizi gozleyirik.",
    "Endirim bitdi.Al, gec olmasın",
    "Ödəniş 12.50 AZN.Sağ olun",
    "Nizami küç.12, m.5",
    "Ə.Məmmədov",
    "Saat 9.30-da gəlin.Az qaldı",
    # Turkish
    "Siparişiniz yolda.Teşekkürler",
    "Gül Sok.No:5 D.3",
    "Atatürk Cad.No 12",
    "Tutar 100.TL ve 1.500.TL",
    "Ürün geldi.Ve hazır",
    "T.C. Ziraat A.Ş.",
    # Romanian
    "Comanda este gata.Va asteptam",
    "Str.Libertatii Nr.12, Bl.A1.Sc.B.Et.2",
    "Multumim.Cu drag, echipa",
    "Plata de 1.250,50 lei.Multumesc",
    "S.C. Magazin S.R.L.",
    # Vietnamese
    "Đơn hàng đã giao.Cảm ơn",
    "Q.1, TP.HCM",
    "12 Lê Lợi, TP.HN",
    "Nguyễn T.Ly",
    "Giá 150.000đ.Xin cảm ơn",
    # Russian
    "Заказ готов.Спасибо",
    "ул.Ленина, д.5, кв.12",
    "Сумма 1.500 руб.Ждём вас",
    "и т.д. и т.п.",
    # English
    "Your order is ready.Thank you",
    "It is done.Now rest",
    "e.g. this, i.e. that",
    "5.kg and 9.30.am",
    "U.S.A",
    "evil.comedy",
    "version 1.2.3",
    "wait...",
]


@pytest.mark.parametrize("value", SENTENCES)
def test_a_missing_blank_behind_a_full_stop_makes_no_link(value):
    assert list(bare_hosts(value)) == []
    assert accepts_kind(TEXT, value)


def test_an_address_of_electronic_mail_is_no_link():
    assert accepts_kind(TEXT, "destek@shop.az yazın")
    assert not accepts_kind(TEXT, "destek@shop.az/x")


@pytest.mark.parametrize(("value", "is_name"), [("Aysel", True), ("Aysel evil.com", False), ("N.T.My", True)])
def test_a_name_holds_no_host_name(value, is_name):
    assert accepts_kind(NAME, value) is is_name


@pytest.mark.parametrize(
    ("value", "held"),
    [
        ("0042", ""),
        ("00421", ""),
        ("004217", ""),
        ("0042171", ""),
        ("01234567", ""),
        ("81234567", ""),
        ("01234567 15 dəq", ""),
        ("83001234 567890", ""),
        ("0501234567", "a phone number"),
        ("050 123 45 67", "a phone number"),
        ("+994 50 123 45 67", "a phone number"),
        ("8 (800) 555-35-35", "a phone number"),
        ("kod 004217, zəng 0501234567", "a phone number"),
        ("https://a.az/x", "a link"),
        ("a.az/x", "a link"),
        ("evil.com", "a link"),
        ("destek@shop.az", ""),
    ],
)
def test_a_code_of_four_to_eight_digits_is_no_phone_number(value, held):
    assert link_or_phone(value) == held


def test_endings_are_top_level_domains_in_any_spelling():
    assert all(map(is_ending, ["az", "AZ", "ａｚ", "рф", "РФ", "xn--p1ai", "com", "c\u200bom"]))
    assert not any(map(is_ending, ["", "example", "co.uk", "təşəkkürlər", "12"]))
