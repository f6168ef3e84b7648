"""A vendor's list, pasted or as a file, becomes templates with approvals that keep the vendor's own texts."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from sms.domain.text import masked_digits
from sms.models import MessageTemplate, TemplateApproval
from sms.services.configuration import snapshot

PAGE = "/admin/tools/vendor-texts/"
LIST = "1500\tKodunuz %1. Paylaşmayın.\n1501\tHörmətli %1, %2 nömrəli sifarişiniz yoldadır."


@pytest.fixture
def pasted(boss, cast):
    def paste(text: str, **more: object):
        return boss.post(PAGE, {"provider": cast.templated.pk, "pasted": text, **more})

    return paste


def words_of(page) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode())))


def fields_of(page, **changes: object) -> dict[str, object]:
    """The form of the page as a browser would send it, with these fields changed; None takes one away."""
    html = page.content.decode()
    form = html[html.index('name="provider"') - 200 :]
    fields: dict[str, object] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        given = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        name = given.get("name")
        if name and name != "csrfmiddlewaretoken" and ('type="checkbox"' not in tag or " checked" in tag):
            fields.setdefault(name, []).append(unescape(given.get("value", "on")))
    for name, options in re.findall(r'(?s)<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form):
        chosen = re.search(r'value="([^"]*)" selected', options) or re.search(r'value="([^"]*)"', options)
        fields.setdefault(name, []).append(unescape(chosen[1]))
    fields |= changes
    return {name: value for name, value in fields.items() if value is not None}


def save(boss, page, **changes: object):
    return boss.post(PAGE, fields_of(page, action="save", **changes))


def wire(text: str, cast) -> tuple[str, tuple[str, ...]]:
    found, template = snapshot.latest().template_sets[cast.templated.pk].match(text)
    return template.vendor_template, tuple(found.values[ours] for ours, _ in template.order)


def test_a_list_is_shown_first_and_becomes_approved_templates(pasted, boss, cast):
    page = pasted(LIST)
    words = words_of(page)
    assert "Kodunuz {code}. Paylaşmayın." in words
    assert "Hörmətli {name}, {order} nömrəli sifarişiniz yoldadır." in words
    assert MessageTemplate.objects.count() == 1
    answer = save(boss, page)
    assert answer.status_code == 302, words_of(answer)
    template = MessageTemplate.objects.get(name="kodunuz-paylasmayin")
    assert (template.body, template.placeholders) == ("Kodunuz {code}. Paylaşmayın.", {"code": "code"})
    approval = TemplateApproval.objects.get(vendor_template="1501")
    assert (approval.text, approval.parameters) == (LIST.split("\t")[-1], ["name", "order"])
    assert (approval.status, approval.confirmed_by, approval.confirmed_how) == ("approved", "boss", "import")
    assert approval.approved_at
    assert wire("Hörmətli Aysel, 7 nömrəli sifarişiniz yoldadır.", cast) == ("1501", ("Aysel", "7"))


def test_one_text_under_two_ids_is_one_template_with_two_approvals(pasted, boss, cast):
    """Two templates with the same text would tie, and each message with it would be rejected."""
    assert save(boss, pasted("1500\tKodunuz %1, %2\n1501\tSalam %1\n1502\tKodunuz %2, %1")).status_code == 302
    assert MessageTemplate.objects.exclude(pk=cast.template.pk).count() == 2
    template = MessageTemplate.objects.get(name="kodunuz")
    assert [row.vendor_template for row in template.approvals.order_by("pk")] == ["1500", "1502"]
    assert wire("Kodunuz 17, 18", cast) == ("1502", ("18", "17"))


NOTATIONS = ["%1", "{1}", "{{1}}", "{kod}", "${code}", "{#var#}", "##code##", "%s", "<code>", "{{ code }}", "[code]",
             "%code%", "{0}", "%1$s", "{Təsdiq kodu}"]  # fmt: skip


@pytest.mark.parametrize("written", NOTATIONS)
def test_every_notation_is_recognised_and_sent_as_the_vendor_has_it(written, pasted, boss, cast):
    page = pasted(f"1500\tKodunuz: {written}!")
    assert save(boss, page).status_code == 302
    approval = TemplateApproval.objects.get(vendor_template="1500")
    assert approval.text == f"Kodunuz: {written}!"
    assert wire("Kodunuz: 4821!", cast) == ("1500", ("4821",))


def test_where_two_notations_fit_the_choice_counts(pasted, boss, cast):
    page = pasted("1500\tCost ${price}")
    assert "The text can be read in more than one notation" in words_of(page)
    page = boss.post(PAGE, fields_of(page, action="check", **{"text-0-notation": "{name}"}))
    assert "Cost ${price}" in words_of(page).split("The template", 1)[1]
    assert save(boss, page).status_code == 302
    assert wire("Cost $7", cast) == ("1500", ("7",))


def test_names_kinds_and_ids_can_be_corrected(pasted, boss, cast):
    page = pasted("Salam %1, %2")
    changes = {"text-0-id": "77", "text-0-name": "salam-az", "text-0-placeholder": ["ad", "link"]}
    assert save(boss, page, **changes, **{"text-0-kind": ["name", "link"]}).status_code == 302
    template = MessageTemplate.objects.get(name="salam-az")
    assert (template.body, template.placeholders) == ("Salam {ad}, {link}", {"ad": "name", "link": "link"})
    assert template.approvals.get().vendor_template == "77"


def test_a_text_that_a_template_has_already_becomes_its_approval(pasted, boss, cast):
    page = pasted("1600\tHello {Müştəri}, it is on its way.")
    assert "approval for order-shipped" in words_of(page)
    assert save(boss, page).status_code == 302
    assert MessageTemplate.objects.count() == 1
    assert sorted(cast.template.approvals.values_list("vendor_template", flat=True)) == ["1432", "1600"]
    assert cast.template.versions.count() == 1


def test_a_list_imported_twice_changes_nothing(pasted, boss, cast):
    assert save(boss, pasted(LIST)).status_code == 302
    page = pasted(LIST)
    assert words_of(page).count("approval already recorded") == 2
    again = save(boss, page)
    assert "No text is selected" in words_of(again)
    assert TemplateApproval.objects.count() == 3


@pytest.mark.parametrize(("before", "now"), [("Kod: %1", "Kod:%1"), ("Kod %1.", "Kod %1 ."), ("%1 %2", "%1\n%2")])
def test_a_text_that_differs_by_white_space_beside_a_parameter_is_no_recorded_one(before, now, pasted, boss, cast):
    assert save(boss, pasted(f"1500\t{before}")).status_code == 302
    page = pasted(f'1500\t"{now}"')
    assert "approval already recorded" not in words_of(page)
    assert "The id 1500 is approved for another text" in words_of(save(boss, page))


def test_a_text_whose_parameters_changed_places_is_no_recorded_one(pasted, boss, cast):
    assert save(boss, pasted("1500\tSalam %1, %2")).status_code == 302
    page = pasted("1500\tSalam %2, %1")
    assert save(boss, page).status_code == 302
    assert wire("Salam Aysel, 7", cast) == ("1500", ("7", "Aysel"))
    assert "approval already recorded" in words_of(pasted("1500\tSalam %2, %1"))


@pytest.mark.parametrize(
    ("text", "changes", "words"),
    [
        ("1500\tKod %1 %1", {"text-0-take": "on"}, "%1 stands there more than once"),
        ("Kod %1", {"text-0-id": ""}, "id"),
        ("1500\tKod %1", {"text-0-name": "order-shipped"}, "A template named “order-shipped” already"),
        ("1500\tKod %1", {"text-0-name": "no name"}, "name:"),
        ("1500\tSalam %1, %2", {"text-0-placeholder": ["a", "a"]}, "Two placeholders have the same name"),
        ("1500\tSalam %1", {"text-0-placeholder": ["ad soyad"]}, "is no name"),
        ("1500\tSalam %1", {"text-0-kind": ["nonsense"]}, "there is no kind 'nonsense'"),
        ("1500\t%1, %2, %3, %4", {}, "accepts at most 3"),
        ("1432\tAnother %1", {}, "The id 1432 is approved for another text, of template order-shipped"),
        ("1500\tKod %1\n1501\tSalam %1", {"text-1-id": "1500"}, "more than once"),
    ],
)
def test_a_problem_is_said_and_nothing_at_all_is_saved(text, changes, words, pasted, boss, cast, monkeypatch):
    monkeypatch.setattr(
        cast.templated.adapter_class,
        "vendor_template_problem",
        classmethod(lambda cls, key: None if key else "The id is missing."),
    )
    page = save(boss, pasted(f"{text}\n1999\tSound %1"), **changes)
    assert page.status_code == 200
    assert words in words_of(page)
    assert MessageTemplate.objects.count() == 1


def test_rows_that_the_vendor_calls_not_approved_are_not_ticked(pasted, boss, cast):
    page = pasted("id\ttext\tstatus\n1\tKod %1\tapproved\n2\tSalam %1\trejected")
    assert save(boss, page).status_code == 302
    assert set(TemplateApproval.objects.values_list("vendor_template", flat=True)) == {"1432", "1"}


def test_a_file_is_read_and_its_columns_can_be_chosen(boss, cast):
    data = b"a;b;c\nKod %1, birinci metn;7;Salam %1\n"
    page = boss.post(PAGE, {"provider": cast.templated.pk, "file": SimpleUploadedFile("list.csv", data)})
    fields = {"column-text": "2", "column-id": "1", "has_head": "on"}
    page = boss.post(PAGE, fields_of(page, action="columns", **fields))
    assert save(boss, page).status_code == 302
    assert TemplateApproval.objects.get(vendor_template="7").text == "Salam %1"


def test_a_long_list_comes_in_parts(pasted, boss, cast):
    page = pasted("\n".join(f"{2000 + n}\tText number {'x' * n} for %1" for n in range(60)))
    assert "60 texts; 1 to 50 are shown" in words_of(page)
    page = save(boss, page)
    assert "60 texts; 51 to 60 are shown" in words_of(page)
    assert save(boss, page).status_code == 302
    assert TemplateApproval.objects.count() == 61


def test_kinds_are_guessed_from_recent_texts(pasted, boss, cast):
    for value in ("12.50 AZN", "7 AZN", "1 250.00 AZN"):
        text = f"Hesab: {value}, təşəkkürlər"
        cast.message(text=text, raw_text=text)
        assert masked_digits(text) != text
    page = pasted("9\tHesab: %1, təşəkkürlər")
    assert re.search(r'value="amount" selected', page.content.decode())


@pytest.mark.parametrize(
    "sent", [{}, {"pasted": " "}, {"data": "no base64!", "kind": "pasted"}, {"data": "", "kind": "x"}]
)
def test_a_torn_or_empty_form_saves_nothing(sent, boss, cast):
    assert boss.post(PAGE, {"provider": cast.templated.pk, **sent}).status_code == 200
    assert boss.post(PAGE, sent).status_code == 200
    assert MessageTemplate.objects.count() == 1


def test_a_get_and_a_viewer_change_nothing(boss, cast, client, django_user_model):
    assert boss.get(PAGE, {"action": "save", "data": "S29k", "provider": cast.templated.pk}).status_code == 200
    viewer = django_user_model.objects.create_user("viewer", is_staff=True)
    client.force_login(viewer)
    assert client.post(PAGE, {"provider": cast.templated.pk, "pasted": LIST}).status_code == 403


def test_hidden_characters_and_markup_of_a_list_are_shown_as_text(pasted):
    html = pasted('1500\tSalam %1 "><b x-init=alert(1)>\u202eevil').content.decode()
    assert "<b x-init" not in html
    assert "\u202e" not in html


def test_fifty_texts_with_many_placeholders_are_one_page(pasted, boss, cast):
    """Each placeholder has two fields on the page."""
    places = ", ".join(f"%{number}" for number in range(1, 21))
    page = pasted("\n".join(f"{number}\tMətn{number}: {places}" for number in range(50)))
    assert "The template has 20" in words_of(boss.post(PAGE, fields_of(page, action="check")))
