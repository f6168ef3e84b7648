"""Ids and names that a spreadsheet has changed are refused: they would be a second approval or a second template."""

from __future__ import annotations

import pytest

from sms.models import MessageTemplate, TemplateApproval
from tests.sms.admin.conftest import Cast, boss, cast, fresh_copies, vendors
from tests.sms.admin.templates.test_vendor_import import PAGE, fields_of, words_of
from tests.sms.services.templates.test_csv_format import AT_VENDOR, NEW, exported, file_of, mistakes, plan

__all__ = ["boss", "cast", "fresh_copies", "vendors"]

MADE_OF = (
    "A spreadsheet may have made this of {0}. Write {0}; if both exist, enter this one in the form of the template."
)
IS_NO_ID = "A spreadsheet has made this of another value: format the column as text, enter it again."


def stored_template(cast: Cast, name: str, vendor_template: str, status: str = "approved") -> TemplateApproval:
    template = MessageTemplate.objects.create(name=name, body="Kod: {code}")
    return template.approvals.create(
        provider=cast.templated, vendor_template=vendor_template, parameters=["code"], status=status
    )


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        ("0042", "42"),
        ("0042", "42.0"),
        ("00001432", "1,432"),
        ("1.10", "1.1"),
        ("1.10", "1,1"),
        ("1E5", "100000"),
        ("12E3", "12000"),
        ("1432", "1432.0"),
        ("1432", "1.432"),
        ("1432", "1 432"),
    ],
)
@pytest.mark.parametrize("status", ["approved", "ended", "pending"])
def test_an_id_that_a_spreadsheet_made_of_a_stored_one_is_no_second_approval(stored, told, status, cast: Cast):
    stored_template(cast, "kod", stored)
    row = NEW | AT_VENDOR | {"vendor_template": told, "status": status, "placeholders": ""}
    assert mistakes(file_of(row)) == [f"line 2, vendor_template: “{told}”: {MADE_OF.format(stored)}"]
    assert mistakes(file_of(row | {"name": "new", "body": "New: {code}"})) != []


@pytest.mark.parametrize("ids", [("0042", "42"), ("42", "0042")])
def test_two_ids_of_a_file_that_a_spreadsheet_would_make_equal_are_refused(ids, cast: Cast):
    rows = [NEW | AT_VENDOR | {"vendor_template": each} for each in ids]
    assert len(mistakes(file_of(*rows))) == 2


def test_two_such_ids_that_are_stored_may_stay(cast: Cast):
    approval = stored_template(cast, "kod", "0042")
    approval.template.approvals.create(
        provider=cast.templated, vendor_template="42", parameters=["code"], status="approved"
    )
    told = plan(exported())
    assert (told.new, told.changed, told.mistakes) == ((), (), ())
    ended = exported().replace(b"42,code,,approved", b"42,code,,ended")
    assert [change.words for change in plan(ended).changed] == [
        "changed at templated-az: status, changed at templated-az: status"
    ]


@pytest.mark.parametrize("found", ["ended", "elsewhere", "letters"])
def test_an_id_that_no_other_is_like_is_taken(found, cast: Cast):
    approval = stored_template(cast, "kod", "00x42" if found == "letters" else "0042")
    values = {"ended": {"status": "ended"}, "elsewhere": {"provider": cast.plain}, "letters": {}}[found]
    TemplateApproval.objects.filter(pk=approval.pk).update(**values)
    told = "x42" if found == "letters" else "42"
    assert mistakes(file_of(NEW | AT_VENDOR | {"vendor_template": told, "placeholders": ""})) == []


@pytest.mark.parametrize(
    "value",
    ["2026-02-01", "2026-02-01 00:00:00", "01.02.2026", "1/2/2026", "2-Jan", "02.Oca", "02.янв", "Jan-26", "May.26",
     "01:02:00", "1:02", "#REF!", "#N/A", "#BAŞV!", "#YOK", "#DIV/0!", "########"],
)  # fmt: skip
def test_a_value_that_is_no_id_any_more_is_refused(value, cast: Cast):
    assert mistakes(file_of(NEW | AT_VENDOR | {"vendor_template": value})) == [
        f"line 2, vendor_template: “{value}”: {IS_NO_ID}"
    ]


@pytest.mark.parametrize("value", ["MAY-26", "12-abc", "1.2.10", "2026-02-0", "A1-2", "#12", "01022026", "3.14"])
def test_an_id_that_only_looks_like_one_is_taken(value, cast: Cast):
    assert mistakes(file_of(NEW | AT_VENDOR | {"vendor_template": value})) == []


def test_an_apostrophe_that_keeps_an_id_a_text_is_no_part_of_it(cast: Cast):
    (found,) = mistakes(file_of(NEW | AT_VENDOR | {"vendor_template": "'0042"}))
    assert found == "line 2, vendor_template: “'0042”: ' is not allowed here. Remove it."


@pytest.mark.parametrize(("stored", "told"), [("0042", "42"), ("1E5", "100000"), ("007", "7")])
def test_a_name_that_a_spreadsheet_made_of_a_stored_one_is_no_second_template(stored, told, cast: Cast):
    stored_template(cast, stored, "x")
    assert mistakes(file_of({"name": told, "body": "Other"})) == [f"line 2, name: “{told}”: {MADE_OF.format(stored)}"]


def test_a_vendors_list_whose_ids_lost_their_zeros_is_refused(boss, cast: Cast):
    stored_template(cast, "kod", "0042")
    page = boss.post(PAGE, {"provider": cast.templated.pk, "pasted": "id\ttext\n42\tKod: %1\n02.Oca\tSalam %1"})
    words = words_of(page)
    assert MADE_OF.format("0042") in words
    assert IS_NO_ID in words
    answer = boss.post(PAGE, fields_of(page, action="save"))
    assert "2 texts have a problem. Nothing was saved." in words_of(answer)
    fields = fields_of(page, action="save", **{"text-0-id": "0042", "text-1-id": "1-2"})
    assert boss.post(PAGE, fields).status_code in (200, 302)
    assert sorted(TemplateApproval.objects.values_list("vendor_template", flat=True)) == ["0042", "1-2", "1432"]
