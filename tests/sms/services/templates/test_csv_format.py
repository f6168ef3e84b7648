"""Templates as a table: what is written is read back as it was, and a file is taken whole or not at all."""

from __future__ import annotations

import csv
import io

import pytest
from django.test import override_settings
from hypothesis import example, given
from hypothesis import strategies as st

from sms.domain.csv_escaping import exact, original, safe
from sms.models import ConfigurationStamp, MessageTemplate, Provider, TemplateApproval, TemplateVersion
from sms.services.configuration import snapshot
from sms.services.provisioning.apply import provision
from sms.services.queue.errors import ActionRefused
from sms.services.templates import csv_format
from sms.services.templates.csv_format import COLUMNS
from sms.services.templates.csv_import import apply, plan
from tests.sms.admin.conftest import Cast, TemplateVendor, boss, cast, fresh_copies, vendors
from tests.support.staff import form_in

__all__ = ["boss", "cast", "fresh_copies", "vendors"]

HOSTILE = (
    "=1+1",
    "'=1+1",
    "''=1",
    "@SUM(1)",
    "\\u202e",
    "a\u202eb",
    "\\u005cu202e",
    "- a; b, c",
    'say "x"\nand',
    "'",
    " =2",
)
NEW = {"name": "kod", "body": "Kod: {code}", "placeholders": '{"code": "digits"}'}
AT_VENDOR = {"provider": "templated-az", "vendor_template": "77", "parameters": '["code"]', "status": "approved"}


def file_of(*rows: dict[str, str], delimiter: str = ",", head: tuple[str, ...] = COLUMNS) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, head, delimiter=delimiter, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def exported() -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([COLUMNS, *([safe(cell) for cell in row] for row in csv_format.rows())])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def mistakes(data: bytes) -> list[str]:
    return [str(mistake) for mistake in plan(data).mistakes]


def take(data: bytes):
    return apply(data, seal=plan(data).seal, author=None)


def stored() -> list[object]:
    return [
        list(model.objects.order_by("pk").values()) for model in (MessageTemplate, TemplateVersion, TemplateApproval)
    ]


@given(st.text())
@example("'=1+1")
@example("\\u202e\u202e\\u005c\\u005cu202e")
@example("'+994501234567")
@example("\r\n")
def test_a_cell_is_read_back_as_what_it_was(text):
    cell = safe(exact(text))
    assert original(cell) == text
    assert not cell.lstrip().startswith(("=", "@", "-"))


def test_its_own_export_changes_nothing(cast: Cast):
    for number, body in enumerate(HOSTILE):
        template = MessageTemplate.objects.create(
            name=f"t-{number}", body=f"{body} {{code}}", placeholders={"code": "digits"}
        )
        template.approvals.create(provider=cast.templated, parameters=["code"], note=body[:9], status="pending")
        template.approvals.create(provider=cast.plain, parameters=[{"code": "ö=x"}])
    told = plan(exported())
    assert (told.new, told.changed, told.mistakes) == ((), (), ())
    assert told.unchanged == len(HOSTILE) + 1
    assert not told.is_ready


WORDY = {"code": {"kind": "digits"}, "x": "any", "y": {"kind": "link", "hosts": ["Shop.Example"]}}
"""Declared in more words than needed, as a provisioning file may."""


def test_kinds_in_other_words_are_no_change_in_a_file_and_in_a_form(cast: Cast, boss):
    MessageTemplate.objects.create(name="wordy", body="Kod {code} {x} {y}", placeholders=WORDY)
    told = plan(exported())
    assert (told.new, told.changed, told.mistakes) == ((), (), ())
    template = MessageTemplate.objects.get(name="wordy")
    address = f"/admin/sms/messagetemplate/{template.pk}/change/"
    columns = {"name": ["code", "x", "y"], "kind": ["digits", "any", "link"], "hosts": ["", "", "shop.example"]}
    blank = {column: ["", "", ""] for column in ("shortest", "longest", "example")}
    form = form_in(boss.get(address).content.decode())
    form |= {f"placeholders-{column}": cells for column, cells in (columns | blank).items()}
    assert boss.post(address, form).status_code == 302
    assert TemplateVersion.objects.filter(template=template).count() == 1
    file = {"name": template.name, "body": template.body, "placeholders": WORDY}
    assert provision({"templates": [file]}).changes == []
    assert [str(change) for change in provision({"templates": [file | {"placeholders": {}}]}).changes] == [
        "changed template wordy: placeholders"
    ]
    assert TemplateVersion.objects.filter(template=template).count() == 2


@pytest.mark.parametrize(
    ("mark", "delimiter"), [(b"", ","), (b"\xef\xbb\xbf", ","), (b"", ";"), (b"\xef\xbb\xbf", ";")]
)
def test_a_new_template_comes_with_its_approval_whatever_the_spreadsheet_wrote(mark, delimiter, cast: Cast):
    before = ConfigurationStamp.current()
    done = take(mark + file_of(NEW | AT_VENDOR, delimiter=delimiter))
    assert [change.name for change in done.new] == ["kod"]
    template = MessageTemplate.objects.get(name="kod")
    assert (template.body, template.placeholders, template.current_version.number) == (
        NEW["body"],
        {"code": "digits"},
        1,
    )
    approval = template.approvals.get()
    assert (approval.provider, approval.vendor_template, approval.status) == (cast.templated, "77", "approved")
    assert ConfigurationStamp.current() > before  # every process takes it over


def test_a_changed_text_is_a_new_version_and_what_the_file_does_not_name_stays(cast: Cast):
    MessageTemplate.objects.create(name="other", body="Other")
    done = take(file_of({"name": "order-shipped", "body": "Hi {name}"}))
    assert [(change.name, change.words) for change in done.changed] == [("order-shipped", "body")]
    cast.template.refresh_from_db()
    assert (cast.template.body, cast.template.current_version.number) == ("Hi {name}", 2)
    assert cast.template.approvals.get().vendor_template == "1432"
    assert MessageTemplate.objects.filter(name="other").exists()


def test_a_changed_approval_alone_makes_no_version(cast: Cast):
    row = {"name": "order-shipped", "body": cast.template.body, "provider": "templated-az", "vendor_template": "1432"}
    assert [change.words for change in take(file_of(row | {"status": "ended"})).changed] == [
        "changed at templated-az: status"
    ]
    assert cast.template.approvals.get().status == "ended"
    assert TemplateVersion.objects.count() == 1


def test_another_id_is_another_approval_beside_the_one_that_stands(cast: Cast):
    row = {"name": "order-shipped", "body": cast.template.body} | AT_VENDOR | {"parameters": "", "vendor_template": "9"}
    assert [change.words for change in take(file_of(row)).changed] == ["new at templated-az"]
    assert sorted(cast.template.approvals.values_list("vendor_template", "status")) == [
        ("1432", "approved"),
        ("9", "approved"),
    ]


def test_a_changed_text_stays_approved_as_it_was_and_is_exported_so(cast: Cast):
    old = cast.template.body
    rows = {"name": "order-shipped", "body": "Hi {name}"}
    take(file_of(rows))
    (row,) = csv_format.rows()
    assert row[COLUMNS.index("body")] == "Hi {name}"
    assert row[COLUMNS.index("text")] == old.replace("{name}", "%1")
    approval = cast.template.approvals.get()
    assert approval.version.body == old
    told = plan(exported())
    assert (told.new, told.changed, told.mistakes) == ((), (), ())


def test_an_export_taken_into_an_empty_database_joins_no_id_to_another_text(cast: Cast):
    old = cast.template.body
    take(file_of({"name": "order-shipped", "body": "Hi {name}"}))
    data = exported()
    cast.template.approvals.all().delete()
    cast.template.delete()
    take(data)
    approval = TemplateApproval.objects.get()
    assert (approval.vendor_template, approval.version.body) == ("1432", old)
    assert (approval.template.body, approval.template.current_version.body) == ("Hi {name}", "Hi {name}")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"name": "a b"}, "line 2, name: "),
        ({"name": ""}, "line 2, name: "),
        ({"body": ""}, "line 2, body: The body is blank."),
        ({"body": "Kod: {code"}, "line 2, body: Character 6"),
        ({"placeholders": "digits"}, "line 2, placeholders: “"),
        ({"placeholders": '{"code": "money"}'}, "line 2, placeholders: code: there is no kind 'money'"),
        ({"placeholders": "[" * 50_000}, "line 2, placeholders: “"),
        ({"provider": "nobody"}, "line 2, provider: there is no provider “nobody”."),
        ({"provider": ""}, "line 2, provider: is missing"),
        (
            {"status": "yes"},
            "line 2, status: “yes” is not a status. Use one of: draft, pending, approved, rejected, ended.",
        ),
        ({"vendor_template": ""}, "line 2, vendor_template: The vendor's template is missing."),
        ({"vendor_template": "x" * 129}, "line 2, vendor_template: "),
        ({"note": "a\\u0000b"}, "line 2, note: \\u0000 is not allowed here"),
        ({"note": "a\\ud800b"}, "line 2, note: \\ud800 is not allowed here"),
        ({"parameters": '["order"]'}, "line 2, parameters: The parameters name order"),
        ({"parameters": "[1]"}, "line 2, parameters: The parameter in place 1 is wrong"),
        (
            {"parameters": '[{"code": "CODE"}]'},
            "line 2, parameters: Template Vendor identifies parameters by order only",
        ),
        ({"body": "{a} {b} {c} {d}", "placeholders": "", "parameters": ""}, "line 2, parameters: The template has 4"),
    ],
)
def test_a_mistake_is_said_with_its_line_and_column_and_nothing_is_saved(changes, told, cast: Cast):
    data = file_of(NEW | AT_VENDOR | changes, {"name": "fine", "body": "Fine"})
    before = stored()
    found = mistakes(data)
    assert len(found) == 1
    assert found[0].startswith(told)
    with pytest.raises(ActionRefused):
        take(data)
    assert stored() == before


@pytest.mark.parametrize("value", ["1.5E+03", "1500.0", "'1500", "15 00", "x\u202ey"])
def test_an_id_that_the_vendor_can_not_have_is_named(value, cast: Cast, monkeypatch):
    """The cell of a spreadsheet may show another value than its file has."""
    words = "Template Vendor's ids are whole numbers."
    monkeypatch.setattr(TemplateVendor, "vendor_template_problem", lambda vendor_template: words)
    shown = value.replace("\u202e", "\\u202e")
    assert mistakes(file_of(NEW | AT_VENDOR | {"vendor_template": value})) == [
        f"line 2, vendor_template: “{shown}”: {words}"
    ]


@pytest.mark.parametrize("value", ["1.10716123456789E+18", "1,10716E+18", "1E+15"])
def test_an_id_that_a_spreadsheet_has_shortened_is_refused(value, cast: Cast):
    (found,) = mistakes(file_of(NEW | AT_VENDOR | {"vendor_template": value}))
    assert found.startswith(f"line 2, vendor_template: “{value}”: A spreadsheet has shortened this number")


@pytest.mark.parametrize("hidden", ["\u200b", "\ufeff", "\u200e", "\u2060"])
def test_an_id_with_a_character_that_nobody_sees_is_refused(hidden, cast: Cast):
    """Cells that are copied from a web page have them, and vendors don't know such an id."""
    shown = f"\\u{ord(hidden):04x}"
    assert mistakes(file_of(NEW | AT_VENDOR | {"vendor_template": f"ORDER01{hidden}"})) == [
        f"line 2, vendor_template: “ORDER01{shown}”: {shown} is not allowed here. Remove it."
    ]


@pytest.mark.parametrize("value", ["7E10", "ORDER01", "1E+5", "E+15", "11E+15"])
def test_an_id_that_only_looks_like_a_number_is_taken(value, cast: Cast):
    assert mistakes(file_of(NEW | AT_VENDOR | {"vendor_template": value})) == []


OF_OTHER_TEXT = "vendor_template: The id {} is approved for another text, of template {}. End that approval first."


def test_an_id_of_two_texts_is_refused(cast: Cast):
    """A vendor sends one text for an id: the recipients of the other template would get wrong words."""
    other = {"name": "salam", "body": "Salam {code}"}
    assert mistakes(file_of(NEW | AT_VENDOR, other | AT_VENDOR)) == [
        f"line 2, {OF_OTHER_TEXT.format(77, 'salam')}",
        f"line 3, {OF_OTHER_TEXT.format(77, 'kod')}",
    ]
    taken = AT_VENDOR | {"vendor_template": "1432"}
    assert mistakes(file_of(NEW | taken)) == [f"line 2, {OF_OTHER_TEXT.format(1432, 'order-shipped')}"]


def test_an_invalid_text_of_an_older_version_keeps_no_id(cast: Cast):
    template = MessageTemplate.objects.create(name="old", body="Kod {a}{b}")
    template.approvals.create(provider=cast.templated, vendor_template="77", status="approved")
    assert mistakes(file_of(NEW | AT_VENDOR)) == []
    approval = AT_VENDOR | {"parameters": ["code"]}
    told = provision({"templates": [{"name": "kod", "body": "Kod: {code}", "approvals": [approval]}]})
    assert told.notes == []


def test_an_id_may_move_to_another_template_and_stand_at_another_provider(cast: Cast):
    second = Provider.objects.create(slug="templated-2", vendor=cast.templated.vendor)
    ended = {"name": "order-shipped", "body": cast.template.body} | AT_VENDOR | {"parameters": "", "status": "ended"}
    taken = AT_VENDOR | {"vendor_template": "1432"}
    assert mistakes(file_of(ended | {"vendor_template": "1432"}, NEW | taken)) == []
    assert mistakes(file_of(NEW | taken | {"provider": second.slug})) == []
    assert mistakes(file_of(NEW | taken | {"status": "pending"})) == []
    assert mistakes(file_of(NEW | AT_VENDOR, NEW | AT_VENDOR | {"name": "same"})) == []


def test_rows_of_one_template_agree_and_name_a_provider_once(cast: Cast):
    data = file_of(NEW | AT_VENDOR, NEW | AT_VENDOR | {"body": "Code: {code}"})
    assert mistakes(data) == [
        "line 3, body: differs from line 2, which has the same template. Use the same value in both lines.",
        "line 3, provider: line 2 has this provider and vendor_template for this template already.",
    ]


def test_a_new_text_need_not_fit_the_approvals_that_the_file_does_not_name(cast: Cast):
    """They go on with the text that the vendor has."""
    assert mistakes(file_of({"name": "order-shipped", "body": "{a} {b} {c} {d}"})) == []


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "line 1: name, body"),
        (file_of(head=(*COLUMNS, "extra")), "line 1: extra is not known."),
        (file_of() + b"a,b,,,,,,,,x\r\n", "line 2: “x” stands in column 10, which has no name"),
        (file_of(head=(*COLUMNS, "note")), "line 1: note occurs twice."),
        (file_of() + b'"open', "line 2: this is no CSV"),
        (file_of(NEW) + b"\xff,,,,,,,,\r\n", "line 3: byte "),
        (b"x" * (csv_format.MOST_BYTES + 1), "line 1: the file has 1,048,577 bytes"),
        (file_of() + b"a,b,,,,,,,\r\n" * (csv_format.MOST_ROWS + 1), "line 10002: the most is 10,000 rows"),
    ],
)
def test_a_file_that_is_none_is_refused_in_words(data, told, cast: Cast):
    assert any(found.startswith(told) for found in mistakes(data))
    assert not plan(data).is_ready


def test_what_was_shown_is_what_is_saved(cast: Cast):
    data = file_of({"name": "order-shipped", "body": "Hi {name}"})
    seal = plan(data).seal
    cast.template.body = "Dear {name}"
    cast.template.save()
    with pytest.raises(ActionRefused):
        apply(data, seal=seal, author=None)
    cast.template.refresh_from_db()
    assert cast.template.body == "Dear {name}"


def test_texts_that_would_be_lost_are_counted(cast: Cast):
    cast.message(text="Hello Aysel, it is on its way.")
    row = {"name": "order-shipped", "body": "Hi {name}", "provider": "templated-az", "vendor_template": "1432"}
    assert plan(file_of({"name": "order-shipped", "body": "Hi {name}"})).effect.examples == ()
    assert plan(file_of(row | {"status": "ended"})).effect.examples == ("Hello Aysel, it is on its way.",)
    assert plan(file_of(row | {"status": "approved", "text": "Hi %1"})).effect.examples == (
        "Hello Aysel, it is on its way.",
    )


@pytest.mark.parametrize("count", [1, 200])
def test_a_plan_asks_the_same_few_questions_for_any_number_of_rows(count, cast: Cast, django_assert_max_num_queries):
    rows = ({"name": f"kod-{n}", "body": f"{n}: {{code}}", "vendor_template": f"77-{n}"} for n in range(count))
    data = file_of(*(NEW | AT_VENDOR | row for row in rows))
    snapshot.latest()
    with (
        override_settings(CONFIGURATION_MAX_AGE=60),
        django_assert_max_num_queries(9),
    ):  # one reads masked one-time passwords, one PostgreSQL's clock
        assert len(plan(data).new) == count


@pytest.mark.parametrize("count", [1, 200])
def test_a_save_takes_the_same_few_statements_for_any_number_of_rows(count, cast: Cast, django_assert_max_num_queries):
    MessageTemplate.objects.bulk_create([MessageTemplate(name=f"old-{n}", body=f"Old {n}") for n in range(count)])
    rows = [
        NEW | AT_VENDOR | {"name": f"kod-{n}", "body": f"{n}: {{code}}", "vendor_template": f"77-{n}"}
        for n in range(count)
    ]
    data = file_of(*rows, *({"name": f"old-{n}", "body": f"Changed {n}"} for n in range(count)))
    seal = plan(data).seal
    with django_assert_max_num_queries(30):
        apply(data, seal=seal, author=None)
    assert MessageTemplate.objects.filter(body__startswith="Changed", current_version__number=1).count() == count
    assert TemplateApproval.objects.filter(vendor_template__startswith="77-", version__number=1).count() == count


def test_no_json_is_written_and_letters_stay_letters(cast: Cast):
    cast.template.placeholders = {"name": {"kind": "name", "max_length": 30}}
    cast.template.save()
    cast.template.approvals.update(parameters=[{"name": "müştəri"}])
    (row,) = csv_format.rows()
    written = dict(zip(COLUMNS, row, strict=True))
    assert (written["placeholders"], written["parameters"]) == ("name: name -30", "name=müştəri")
