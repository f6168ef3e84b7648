"""A vendor's list as it came: its rows, and which column holds what."""

from __future__ import annotations

import io

import pytest
from openpyxl import Workbook

from sms.services.table_files.text import TableFileError
from sms.services.templates.vendor_rows import MOST_ROWS, of_file, of_pasted, role_of

TWO = [("1432", "Kodunuz %1. Paylaşmayın."), ("1433", "Hörmətli %1, %2 yoldadır.")]


@pytest.mark.parametrize(
    "pasted",
    [
        "1432\tKodunuz %1. Paylaşmayın.\n1433\tHörmətli %1, %2 yoldadır.",
        "ID\tMətn\n1432\tKodunuz %1. Paylaşmayın.\n1433\tHörmətli %1, %2 yoldadır.",
        "№\tŞablon mətni\tŞablon kodu\n1\tKodunuz %1. Paylaşmayın.\t1432\n2\tHörmətli %1, %2 yoldadır.\t1433",
        "Nội dung\tMã mẫu\nKodunuz %1. Paylaşmayın.\t1432\nHörmətli %1, %2 yoldadır.\t1433",
        "Текст сообщения;Код\nKodunuz %1. Paylaşmayın.;1432\nHörmətli %1, %2 yoldadır.;1433",
        'id,text\n1432,Kodunuz %1. Paylaşmayın.\n1433,"Hörmətli %1, %2 yoldadır."',
        '1432;"Kodunuz %1. Paylaşmayın."\n1433;"Hörmətli %1, %2 yoldadır."',
        "1432 - Kodunuz %1. Paylaşmayın.\n1433 - Hörmətli %1, %2 yoldadır.",
        "1432: Kodunuz %1. Paylaşmayın.\r\n\r\n1433: Hörmətli %1, %2 yoldadır.\r\n",
        "1432 “Kodunuz %1. Paylaşmayın.”\n1433 “Hörmətli %1, %2 yoldadır.”",
        "1432 Kodunuz %1. Paylaşmayın.\n1433 Hörmətli %1, %2 yoldadır.",
    ],
)
def test_a_pasted_list_is_read_with_its_ids(pasted):
    assert [(row.vendor_template, row.text) for row in of_pasted(pasted).rows()] == TWO


@pytest.mark.parametrize(
    "pasted",
    [
        "Kodunuz %1. Paylaşmayın.\nHörmətli %1, %2 yoldadır.",
        "1. Kodunuz %1. Paylaşmayın.\n2. Hörmətli %1, %2 yoldadır.",
        "1) Kodunuz %1. Paylaşmayın.\n2) Hörmətli %1, %2 yoldadır.",
    ],
)
def test_a_text_a_line_has_no_id(pasted):
    assert [(row.vendor_template, row.text) for row in of_pasted(pasted).rows()] == [("", text) for _, text in TWO]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('"Bravo" mağazası: kod %1', '"Bravo" mağazası: kod %1'),
        ('"Bravo mağazası: kod %1', '"Bravo mağazası: kod %1'),
        ('"Bravo" və "Ulduz": %1', '"Bravo" və "Ulduz": %1'),
        ('Kod %1, "Bravo"', 'Kod %1, "Bravo"'),
        ('"Kod %1"', "Kod %1"),
        ('"Kod %1.\n\nBravo"', "Kod %1.\n\nBravo"),
        ('"""Bravo"":\tkod %1\nSon"', '"Bravo":\tkod %1\nSon'),
    ],
)
def test_a_pasted_cell_is_quoted_only_from_end_to_end(cell, text):
    """Spreadsheets quote a copied cell if it has a line break or a tab, and leave the quotes of others as they are."""
    for pasted in (f"1432\t{cell}\n1433\tSalam %1, necəsən", f"id\ttext\n1433\tSalam %1, necəsən\n1432\t{cell}"):
        rows = of_pasted(pasted).rows()
        assert {row.vendor_template: row.text for row in rows} == {"1432": text, "1433": "Salam %1, necəsən"}


def test_one_text_keeps_its_line_breaks():
    [row] = of_pasted("Kod %1.\n\nPaylaşmayın.\n", is_one=True).rows()
    assert row.text == "Kod %1.\n\nPaylaşmayın."


@pytest.mark.parametrize(
    "text", ['"Bravo" market: kod "%1"', "“Bravo” market: kod “%1”", "«Bravo» market: kod «%1»", "'Bravo'dan kod '%1'"]
)
def test_quoted_words_at_both_ends_are_not_quotes_around_the_text(text):
    assert [row.text for row in of_pasted(text).rows()] == [text]
    assert [row.text for row in of_pasted(text, is_one=True).rows()] == [text]


@pytest.mark.parametrize("text", ["Bravo: kod %1", "Ulduz'un kodu: %1"])
@pytest.mark.parametrize("quotes", ['""', "“”", "«»", "„“", "''"])
def test_quotes_around_a_text_are_left_out(quotes, text):
    assert [row.text for row in of_pasted(text.join(quotes)).rows()] == [text]


@pytest.mark.parametrize("pasted", ["", " \n\t\n", "\n"])
def test_nothing_pasted_is_no_row(pasted):
    assert of_pasted(pasted).rows() == []
    assert of_pasted(pasted, is_one=True).rows() == []


def test_a_workbook_with_names_and_states_is_read():
    book = Workbook()
    for cells in (
        ["Template ID", "Template name", "Content", "Status"],
        [1432, "Giriş kodu", "Kodunuz {code}.\nPaylaşmayın.", "Approved"],
        [1433, "Yeni", "Salam {ad}", "Rejected"],
    ):
        book.active.append(cells)
    data = io.BytesIO()
    book.save(data)
    rows = of_file(data.getvalue()).rows()
    assert [(row.vendor_template, row.name, row.text, row.is_approved) for row in rows] == [
        ("1432", "Giriş kodu", "Kodunuz {code}.\nPaylaşmayın.", True),
        ("1433", "Yeni", "Salam {ad}", False),
    ]


@pytest.mark.parametrize(
    ("head", "role"),
    [
        ("Mətn", "text"), ("Текст шаблона", "text"), ("SMS metni", "text"), ("Nội dung tin nhắn", "text"),
        ("Conținut", "text"), ("Message", "text"), ("Template", "text"),
        ("Template ID", "id"), ("Şablon kodu", "id"), ("Mã", "id"), ("Код", "id"), ("№", "id"), ("ИД шаблона", "id"),
        ("Başlıq", "name"), ("Название", "name"), ("Tên mẫu", "name"), ("Denumire", "name"), ("Template name", "name"),
        ("Vəziyyət", "status"), ("Статус", "status"), ("Trạng thái", "status"),
        ("Tarix", ""), ("", ""), ("Sizin təsdiq kodunuz budur: heç kimə verməyin", ""),
    ],
)  # fmt: skip
def test_a_columns_head_is_understood_in_six_languages(head, role):
    assert role_of(head) == role


@pytest.mark.parametrize(
    ("status", "is_approved"),
    [("", True), ("approved", True), ("Təsdiqlənib", True), ("Onaylandı", True), ("Одобрен", True),
     ("Đã duyệt", True), ("Aprobat", True), ("Aktiv", True), ("pending", False), ("Rədd edilib", False)],
)  # fmt: skip
def test_a_state_is_understood_in_six_languages(status, is_approved):
    [row] = of_pasted(f"text\tid\tstatus\nKod %1\t7\t{status}").rows()
    assert row.is_approved is is_approved


@pytest.mark.parametrize(
    "status",
    ["Təsdiqlənməyib", "Təsdiq gözləyir", "Təsdiq olunmayıb", "Aktiv deyil", "Onaylanmadı", "Onay bekliyor",
     "Aktif değil", "Approval pending", "Not approved", "Approved: no", "Одобрение ожидается", "Утверждается",
     "Не одобрен", "Неактивен", "Aprobare în așteptare", "Inactiv", "Chưa duyệt", "Chờ duyệt", "Đang duyệt",
     "Không được duyệt", "?"],
)  # fmt: skip
def test_a_state_that_only_begins_like_approved_is_not_approved(status):
    [row] = of_pasted(f"text\tid\tstatus\nKod %1\t7\t{status}").rows()
    assert not row.is_approved


@pytest.mark.parametrize(
    "status",
    ["APPROVED", "Approved by the carrier", "Active", "OK", "Təsdiq edilib", "Təsdiq olunub", "Təsdiqləndi", "Aktivdir",
     "Onaylı", "Onaylanmıştır", "Aktif", "Одобрено", "Утверждён", "Утвержден", "Активен", "Активный", "Aprobată",
     "Activ", "Đã phê duyệt", "Duyệt"],
)  # fmt: skip
def test_other_words_for_approved_are_understood(status):
    [row] = of_pasted(f"text\tid\tstatus\nKod %1\t7\t{status}").rows()
    assert row.is_approved


@pytest.mark.parametrize(
    ("head", "yes", "no"),
    [("Approved", "TRUE", "FALSE"), ("Active", "yes", "no"), ("Təsdiqlənib", "Bəli", "Xeyr"),
     ("Onaylı", "Evet", "Hayır"), ("Одобрен", "Да", "Нет"), ("Aprobat", "da", "nu"),
     ("Đã duyệt", "Có", "Không"), ("Aktiv", "1", "0"), ("Onaylı", "DOĞRU", "YANLIŞ"), ("Одобрен", "ИСТИНА", "ЛОЖЬ"),
     ("Aprobat", "ADEVĂRAT", "FALS"), ("Approved", "WAHR", "FALSCH"), ("Approved", "VRAI", "FAUX")],
)  # fmt: skip
def test_a_column_may_say_only_whether_a_text_is_approved(head, yes, no):
    rows = of_pasted(f"text\tid\t{head}\nKod %1\t7\t{yes}\nSalam %1\t8\t{no}\nYeni %1\t9\t").rows()
    assert [row.is_approved for row in rows] == [True, False, False]


@pytest.mark.parametrize("head", ["Approved date", "Approved by", "Təsdiq tarixi", "Onay tarihi"])
def test_when_a_text_was_approved_is_no_state(head):
    [row] = of_pasted(f"text\tid\t{head}\nKod %1\t7\t2026-11-02").rows()
    assert row.is_approved


def test_a_row_without_a_state_is_not_approved_where_others_have_one():
    """Of merged cells a workbook has the first one's value alone."""
    book = Workbook()
    texts = ([1, "Kod %1", "Rejected"], [2, "Salam %1", None], [3, "Yeni %1", "Approved"])
    for cells in (["ID", "Text", "Status"], *texts):
        book.active.append(cells)
    book.active.merge_cells("C2:C3")
    data = io.BytesIO()
    book.save(data)
    rows = of_file(data.getvalue()).rows()
    assert [(row.vendor_template, row.is_approved) for row in rows] == [("1", False), ("2", False), ("3", True)]
    assert rows[1].status


def test_a_list_that_is_too_long_is_refused():
    with pytest.raises(TableFileError, match="the most is 2,000 rows"):
        of_pasted("\n".join(f"Kod %1 {number}" for number in range(MOST_ROWS + 2)))
    with pytest.raises(TableFileError, match="paste it in several steps"):
        of_pasted("x" * (1024 * 1024 + 1))


def test_columns_can_be_chosen():
    rows = of_pasted("Salam %1 dunya, bu uzundur\tKod %1\t9\nSalam %1 alem, bu da uzundur\tKod %1.\t8")
    assert rows.columns == {"text": 0, "id": 2}
    rows.columns = {"text": 1, "id": 2}
    assert [(row.text, row.vendor_template) for row in rows.rows()] == [("Kod %1", "9"), ("Kod %1.", "8")]
