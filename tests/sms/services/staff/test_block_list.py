"""The import of the block list: a number from each row, or a message."""

from __future__ import annotations

import io

import pytest
from openpyxl import Workbook

from sms.models import BlockedNumber
from sms.services.staff.block_list import MAX_BYTES, MAX_ROWS, ImportResult, block_numbers
from sms.services.table_files.rows import lines_of, lines_of_text

pytestmark = pytest.mark.django_db

ONE = "+994501112233"
TWO = "+994502223344"


def imported(text: str, region: str = "") -> ImportResult:
    return block_numbers(lines_of_text(text, most_rows=MAX_ROWS), reason="opt-out", region=region)


def stored() -> set[str]:
    return set(BlockedNumber.objects.values_list("phone", flat=True))


@pytest.mark.parametrize(
    "text",
    [
        f"{ONE}\n{TWO}\n",
        f"{ONE}\r\r\n\r\n{TWO}",
        f"{ONE}\r{TWO}\r",
        f"{ONE},stop\n{TWO},\n",
        f"{ONE};stop, please\n{TWO};x\n",
        f"{ONE}\tstop\n\t\n{TWO}\tx\n",
        f"{ONE}\n{TWO}, stop; now\n",
        f"{ONE}\n{TWO}; stop\n",
        f'"{ONE}","said ""stop""\nloudly"\n"{TWO}",\n',
        f'"{ONE}";"said ""stop""\nloudly"\n"{TWO}";\n',
        f"sep=;\n{ONE};x\n{TWO};y\n",
        f"Phone;Reason\n{ONE};x\n{TWO};y\n",
        f"Reason;TELEFON\nx;{ONE}\ny;{TWO}\n",
        f"Telefon nömrəsi\n{ONE}\n{TWO}\n",
        f"Số điện thoại,Ngày\n{ONE},2026-11-28\n{TWO},28/11/2026\n",
        f",{ONE}\n,{TWO}\n",
        "+994 (50) 111-22-33\n00994 50 222 33 44\n",
        "'+994501112233'\n\"'+994502223344\"\n",
        f'="{ONE}"\n="{TWO}"\n',
        f'Phone;Name\n="{ONE}";x\n"=""{TWO}""";y\n',
        f"Phone,Name\n{ONE.replace('+', '＋')},x\n(+994) 50 222 33 44,y\n",
        "\u202a+994\u00a050\u00a0111\u00a022\u00a033\u202c\n＋９９４５０２２２３３４４\n",
        f"{ONE}\n{ONE}\n{TWO}\n{TWO},again\n",
        f"{ONE},20261128\n{TWO},28.11.2026 10:30\n",
    ],
)
def test_numbers_are_taken_however_the_list_is_written(text):
    done = imported(text)
    assert (done.mistakes, done.left_out, done.added) == ((), (), 2)
    assert stored() == {ONE, TWO}


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("hello", "line 2: “hello”: Character h (U+0068) can't stand in a phone number."),
        ("0501234567", "line 2: “0501234567”: Which country?"),
        ("901234567", "line 2: “901234567”: Which country?"),  # no Turkish number without a word
        ("994501234567", "line 2: “994501234567”: Which country?"),
        ("+99450", "line 2: “+99450”: A phone number is + and 7 to 15 digits"),
        ("+9940501234567", "line 2: “+9940501234567”: This is not the number's E.164 form"),
        ("9.94501E+11", "line 2: “9.94501E+11”: A spreadsheet has shortened this number"),
        ('"9,94501E+11"', "line 2: “9,94501E+11”: A spreadsheet has shortened this number"),
        ('"+9,94501e11"', "line 2: “+9,94501e11”: A spreadsheet has shortened this number"),
        ("+994501112233,+994502223355", "line 2: “+994501112233”: This row holds several numbers"),
        ("+994501112233;+994502223355", "line 2: “+994501112233;+994502223355”: This row holds several numbers"),
        ('"+994501112233 +994502223355"', "line 2: “+994501112233 +994502223355”: A plus sign stands inside"),
        ("\u202ehello", "line 2: “\\u202ehello”: Character h"),
        ("x" * 90, f"line 2: “{'x' * 40}…”: Character x"),
    ],
)
def test_a_row_without_a_number_is_told_with_its_value_and_given_back(row, told):
    done = imported(f"{TWO},x\n{row}\n")
    assert [str(mistake)[: len(told)] for mistake in done.mistakes] == [told]
    assert len(done.left_out) == 1
    assert stored() == {TWO}


def test_a_row_without_a_cell_in_the_column_of_numbers_is_a_mistake():
    done = imported(f"reason,phone\nx,{ONE}\ny\nz,\n")
    assert [mistake.line for mistake in done.mistakes] == [3, 4]
    assert stored() == {ONE}


@pytest.mark.parametrize(
    ("text", "region", "numbers"),
    [
        ("050 111 22 33\n994502223344\n502223344", "AZ", {ONE, TWO}),
        (f"0532 123 45 67\n{ONE}", "TR", {"+905321234567", ONE}),
    ],
)
def test_a_country_that_somebody_chose_is_that_of_numbers_that_name_none(text, region, numbers):
    assert imported(text, region).mistakes == ()
    assert stored() == numbers


def test_numbers_that_a_workbook_holds_as_numbers_are_read():
    made, file = Workbook(), io.BytesIO()
    for row in (("Phone", "Since"), (994501112233, None), ("+994 50 222 33 44", 2026)):
        made.active.append(row)
    made.save(file)
    lines = lines_of(file.getvalue(), most_bytes=MAX_BYTES, most_rows=MAX_ROWS)
    assert block_numbers(lines, reason="x", region="AZ").mistakes == ()
    assert stored() == {ONE, TWO}


def test_what_is_known_stays_and_is_counted():
    BlockedNumber.objects.create(phone=ONE, reason="first")
    done = imported(f"{ONE}\n{TWO}")
    assert (done.added, done.known) == (1, 1)
    assert BlockedNumber.objects.get(phone=ONE).reason == "first"


def test_thousands_of_numbers_take_few_statements(django_assert_max_num_queries):
    with django_assert_max_num_queries(20):
        done = imported("\n".join(f"+99450{number:07}" for number in range(3000)))
    assert (done.added, done.mistakes) == (3000, ())


@pytest.mark.parametrize(
    ("text", "region", "lines"),
    [
        (f"phone,mobile\n{ONE},{TWO}\n", "", [2]),
        (f"phone,phone\n{ONE},{TWO}\n", "", [2]),
        ("Telefon;Cib telefonu\n0501112233;502223344\n", "AZ", [2]),
        ("501112233;0502223344\n", "AZ", [1]),
        ("501112233;Aysel;0502223344\n", "AZ", [1]),
    ],
)
def test_of_several_numbers_in_a_row_none_is_chosen(text, region, lines):
    done = imported(text, region)
    assert [mistake.line for mistake in done.mistakes] == lines
    assert all("This row holds several numbers" in mistake.message for mistake in done.mistakes)
    assert stored() == set()


@pytest.mark.parametrize(
    "text",
    [
        f"phone,mobile\n{ONE},\n,{TWO}\n",
        f"phone,number\n{ONE},1001\n{TWO},1002\n",
        f"phone,mobile\n{ONE},{ONE}\n{TWO},994502223344\n",
    ],
)
def test_the_one_number_of_a_row_is_taken_whichever_column_has_it(text):
    assert imported(text, "AZ").mistakes == ()
    assert stored() == {ONE, TWO}


@pytest.mark.parametrize("digits", ["050111223", "012345678"])
def test_a_number_whose_trunk_zero_can_not_go_is_none(digits):
    """A digit is missing: +994 050 111 223 is nobody's number, and would stop no message."""
    assert len(imported(f"{digits}\n", "AZ").mistakes) == 1
    assert stored() == set()


def test_a_zero_that_belongs_to_the_number_stays():
    assert imported("06 1234 5678\n", "IT").mistakes == ()
    assert stored() == {"+390612345678"}
