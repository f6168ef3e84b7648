"""Names for placeholders and templates, made of words in any language."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms.domain.matching.identifiers import ascii_words, placeholder_name, template_name, with_identifiers
from sms.domain.matching.placeholders import NAME


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("Müştəri adı", "musteri_adi"),
        ("SİFARİŞ NÖMRƏSİ", "sifaris_nomresi"),
        ("Sipariş numarası (ığüşöç)", "siparis_numarasi_igusoc"),
        ("Имя клиента", "imya_klienta"),
        ("Số điện thoại", "so_dien_thoai"),
        ("MÃ ĐƠN HÀNG", "ma_don_hang"),
        ("Cod de confirmare țș ţş", "cod_de_confirmare_ts_ts"),
        ("customer's name", "customers_name"),
        ("order_code", "order_code"),
        ("orderCode", "order_code"),
        ("2nd line", "n2nd_line"),
        ("user.first-name", "user_first_name"),
        ("e\u0301tat", "etat"),
        ("…", "value"),
        ("", "value"),
    ],
)
def test_words_in_any_language_become_an_identifier(words, name):
    assert placeholder_name(words) == name


@pytest.mark.parametrize(
    ("words", "placeholder", "template"),
    [
        ("a" * 41, "a" * 40, "a" * 41),
        ("a" * 39 + " b", "a" * 39, "a" * 39 + "-b"),
        ("a" * 61, "a" * 40, "a" * 60),
        ("a" * 59 + " b", "a" * 40, "a" * 59),
        ("xerox box", "xerox_box", "xerox-box"),
        ("!!!", "value", "template"),
    ],
)
def test_a_long_name_is_cut_and_never_ends_with_a_joint(words, placeholder, template):
    assert (placeholder_name(words), template_name(words)) == (placeholder, template)


def test_words_are_joined_by_underscores():
    assert ascii_words("Đơn hàng Ə") == "don_hang_e"


def test_a_name_that_is_taken_gets_a_number():
    assert placeholder_name("Kod", ["kod"]) == "kod_2"
    assert placeholder_name("Kod", ["KOD", "kod_2"]) == "kod_3"
    assert template_name("Sifariş yoldadır", ["sifaris-yoldadir"]) == "sifaris-yoldadir-2"


@pytest.mark.parametrize(
    ("body", "becomes"),
    [
        ("Salam {Müştəri adı}, {kod}", "Salam {musteri_adi}, {kod}"),
        ("{Код} {kod} {код}", "{kod_2} {kod} {kod_3}"),
        ("{{Müştəri adı}} {order-no}", "{{Müştəri adı}} {order_no}"),
        ("{1} {} { {name}", "{1} {} { {name}"),
        ("{имя} {имя}", "{imya} {imya}"),
        ("{ş} {1 ədəd}", "{s} {n1_eded}"),
        (f"{{{'ş' * 80}}} {{{'ə' * 81}}}", f"{{{'s' * 40}}} {{{'ə' * 81}}}"),
    ],
)
def test_words_in_a_bodys_braces_become_names(body, becomes):
    assert with_identifiers(body)[0] == becomes


@given(st.text(), st.lists(st.text(max_size=3)))
def test_whatever_the_words_the_name_can_stand_in_a_body(words, taken):
    name = placeholder_name(words, taken)
    assert NAME.fullmatch(name)
    assert name not in taken
    assert re.fullmatch("[a-z0-9-]{1,64}", template_name(words))
