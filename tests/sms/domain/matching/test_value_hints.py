"""What the words that name a placeholder, or stand beside it, say of its value."""

from __future__ import annotations

import pytest

from sms.domain.matching.value_hints import hint_of, hints_around

NAMES = {
    "order": ["Sifariş nömrəsi", "sipariş no", "order_id", "номер заказа", "Comandă", "Comenzii", "Mã đơn hàng"],
    "code": ["Kod", "verification code", "Пароль", "Şifrə", "Mã xác nhận", "Xác minh", "cod", "Codul", "OTP", "pin"],
    "link": ["Link", "Ссылка", "Keçid", "Liên kết", "URL"],
    "email": ["email", "E-mail", "e-posta", "eposta", "Mail"],
    "phone": ["Telefon", "Phone", "Điện thoại", "Звонить", "Tel", "zəng", "call"],
    "amount": [
        *["Məbləğ", "amount", "Сумма", "Tutar", "Total", "Số tiền", "Balans", "Bakiye", "Qiymət", "Suma", "price"],
    ],
    "time": ["Время", "Saat", "time", "ora", "Giờ"],
    "date": ["Tarix", "Tarih", "Date", "data", "Ngày"],
    "name": [
        *["Müştəri", "Hörmətli", "Уважаемый", "Stimate", "Name", "Имя", "Client", "customer", "Клиент"],
        *["ad", "adı", "Nume", "Tên", "Dear", "Sayın", "Salam", "Hello", "firstname"],
    ],
    "store": ["Mağaza", "Магазин", "Cửa hàng", "Store", "shop"],
}


@pytest.mark.parametrize(("name", "words"), [(name, each) for name, words in NAMES.items() for each in words])
def test_a_vendors_own_name_says_what_the_value_is(name, words):
    hint = hint_of(words)
    assert hint is not None
    assert hint.name == name


@pytest.mark.parametrize("words", ["address", "dataset", "oraş", "xyz", "…"])
def test_a_longer_word_that_only_begins_like_a_whole_one_says_nothing(words):
    assert hint_of(words) is None


AROUND = [
    # the literals before and behind a value, and the hints' names, the nearest first
    ("Ödəniş ", " AZN. Sağ olun", ["amount"]),
    ("", " manat", ["amount"]),
    ("", " lei și", ["amount"]),
    *[("", f" {currency}", ["amount"]) for currency in ("man", "TRY", "TL", "RON", "VND", "RUB", "USD", "EUR")],
    ("AZN ", "", []),
    ("", " cəmi AZN", []),
    ("Kodunuz ", " tarixində", ["code", "date"]),
    ("Sifariş kodu ", "", ["code", "order"]),
    # a word behind the value counts half a word more
    ("tarix yeni ", " kod", ["code", "date"]),
    ("tarix ", " kod", ["date", "code"]),
    # the word before it belongs to what stands before
    *[(f"kod{mark}", " tarix", ["date", "code"]) for mark in (", ", ",", "; ", ". ", "! ", "? ", "\n")],
    *[(f"code {word} ", " date", ["date", "code"]) for word in ("for", "at", "from", "For")],
    *[(f"kod {word} ", " tarix", ["date", "code"]) for word in ("üçün", "için", "для", "от", "cho", "pentru")],
    ("kod before", " tarix", ["date", "code"]),
    ("Mã đơn hàng ", "", ["order"]),
    ("đơn ", " hàng", []),
    # six words before and three behind are looked at
    ("kod b c d e f ", "", ["code"]),
    ("kod b c d e f g ", "", []),
    ("", " b c kod", ["code"]),
    ("", " b c d kod", []),
    ("müştəri's ", "", ["name"]),
]


@pytest.mark.parametrize(("before", "behind", "names"), AROUND)
def test_the_words_around_a_value_say_what_it_is(before, behind, names):
    found = [hint.name for _, hint in sorted(hints_around(before, behind), key=lambda each: each[0])]
    assert list(dict.fromkeys(found)) == names
