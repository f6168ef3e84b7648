"""The template editor: a table of placeholders and a list of parameters in place of JSON, and the preview."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from sms.models import MessageTemplate, TemplateApproval

PREVIEW = "/admin/tools/template-preview/"
LIST = "/admin/sms/messagetemplate/"
ADD = f"{LIST}add/"


def form(body: str, *rows: tuple[str, ...], name: str = "new-one", **more: object) -> dict[str, object]:
    """The editor's form; a row is a placeholder's name, kind, shortest, longest, hosts and example."""
    columns = list(zip(*[(*row, *[""] * (6 - len(row))) for row in rows], strict=True)) or [()] * 6
    named = ("name", "kind", "shortest", "longest", "hosts", "example")
    table = {f"placeholders-{column}": list(cells) for column, cells in zip(named, columns, strict=True)}
    counts = {f"{each}-{part}_FORMS": 0 for each in ("approvals", "versions") for part in ("TOTAL", "INITIAL")}
    return {"name": name, "body": body, **table, **counts, **more}


def approval_rows(*rows: dict[str, object], stored: int = 0) -> dict[str, object]:
    given = {f"approvals-{place}-{key}": value for place, row in enumerate(rows) for key, value in row.items()}
    return {"approvals-TOTAL_FORMS": len(rows), "approvals-INITIAL_FORMS": stored, **given}


def words_of(answer) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())))


# --- placeholders -----------------------------------------------------------------------------


def test_the_table_becomes_the_kinds_and_lengths_of_the_placeholders(boss):
    answer = boss.post(
        ADD,
        form(
            "Kod {code}, {name}, {url}, {rest}",
            ("code", "code", "4", "8"),
            ("name", "any"),
            ("url", "link", "", "", "shop.example, m.shop.example"),
            ("rest", "text", "", "", "", "an example that is not stored"),
        ),
    )
    assert answer.status_code == 302
    assert MessageTemplate.objects.get().placeholders == {
        "code": {"kind": "code", "min_length": 4, "max_length": 8},
        "url": {"kind": "link", "hosts": ["shop.example", "m.shop.example"]},
        "rest": "text",
    }


def test_links_in_one_time_passwords_are_allowed_by_a_choice_that_an_edit_keeps(boss):
    assert boss.post(ADD, form("Kod {code}", ("code", "any_with_links", "", "30"))).status_code == 302
    template = MessageTemplate.objects.get()
    assert template.placeholders == {"code": {"kind": "any", "max_length": 30, "allow_links": True}}
    page = boss.get(reverse("admin:sms_messagetemplate_change", args=(template.pk,)))
    assert '<option value="any_with_links" selected>' in page.content.decode()


def test_a_row_of_a_placeholder_that_the_text_no_longer_has_is_dropped(boss):
    assert boss.post(ADD, form("Kod {code}", ("code", "code"), ("gone", "digits"))).status_code == 302
    assert MessageTemplate.objects.get().placeholders == {"code": "code"}


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("code", "nonsense"), "there is no kind 'nonsense'"),
        (("code", "code", "four"), "min_length must be a whole number, not 'four'"),
        (("code", "code", "9", "8"), "min_length is 9, but the longest value has 8"),
        (("code", "code", "", "", "shop.example"), "hosts are for links"),
        (("code", "link", "", "", "https://x"), "is no host name"),
    ],
)
def test_a_mistake_in_the_table_is_said_and_what_was_typed_is_kept(row, words, boss):
    page = boss.post(ADD, form("Kod {code}", row))
    assert page.status_code == 200
    assert words in words_of(page)
    for typed in row[2:]:
        assert f'value="{typed}"' in page.content.decode()


def test_names_in_words_become_identifiers_and_are_shown_before_they_are_taken(boss):
    page = boss.post(ADD, form("Salam {Müştəri adı}, {Код}"))
    assert page.status_code == 200
    assert "{Müştəri adı} → {musteri_adi}, {Код} → {kod}" in words_of(page)
    assert not MessageTemplate.objects.exists()
    shown = unescape(re.search(r'(?s)<textarea[^>]*name="body"[^>]*>\s*(.*?)</textarea>', page.content.decode())[1])
    assert shown == "Salam {musteri_adi}, {kod}"
    assert boss.post(ADD, form(shown)).status_code == 302


def test_a_stored_template_is_saved_without_a_script_as_it_is_shown(boss, cast):
    """No script: the form is posted as it came, and changes nothing."""
    cast.template.placeholders = {"name": {"kind": "name", "max_length": 30}}
    cast.template.save()
    version = cast.template.current_version_id
    page = boss.get(reverse("admin:sms_messagetemplate_change", args=(cast.template.pk,)))
    html = page.content.decode()
    assert 'value="30"' in html
    without_script_texts = re.sub('<meta name="admin-texts"[^>]*>', "", html)
    assert "{&quot;" not in without_script_texts.partition("data-inline-formset")[0]
    approval = cast.template.approvals.get()
    row = {"id": approval.pk, "template": cast.template.pk, "status": "approved", "text": "", "note": ""}
    row |= {"parameters": [""], "parameters-vendor": [""]}
    body = form(cast.template.body, ("name", "name", "", "30"), name=cast.template.name) | approval_rows(row, stored=1)
    assert boss.post(page.request["PATH_INFO"], body).status_code == 302
    cast.template.refresh_from_db()
    assert cast.template.current_version_id == version
    assert TemplateApproval.objects.get().parameters == []


def test_who_may_only_read_sees_words_and_no_json(cast, client, django_user_model):
    cast.template.placeholders = {"name": {"kind": "name", "min_length": 2, "max_length": 30}}
    cast.template.save()
    cast.template.approvals.update(parameters=[{"name": "customer"}])
    viewer = django_user_model.objects.create_user("viewer", is_staff=True)
    wanted = ("view_messagetemplate", "view_templateapproval", "view_templateversion")
    viewer.user_permissions.set(Permission.objects.filter(codename__in=wanted))
    client.force_login(viewer)
    page = client.get(reverse("admin:sms_messagetemplate_change", args=(cast.template.pk,)))
    words = words_of(page)
    assert "name: name: no digit, no link, ≥ 2, ≤ 30" in words
    assert "1 = name (customer)" in words
    assert "min_length" not in words
    assert '{"' not in words


def test_an_approval_is_added_without_a_script(boss, cast):
    address = reverse("admin:sms_messagetemplate_change", args=(cast.template.pk,))
    assert 'name="approvals-1-provider"' not in boss.get(address).content.decode()
    assert 'name="approvals-1-provider"' in boss.get(address, {"add_approval": "1"}).content.decode()


# --- parameters ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ours", "theirs", "stored"),
    [
        (["", ""], ["", ""], []),
        (["order", "name"], ["", ""], ["order", "name"]),
        (["order", ""], ["", ""], ["order", "name"]),
        (["order"], [], ["order", "name"]),
    ],
)
def test_a_place_that_is_left_empty_takes_the_next_placeholder(ours, theirs, stored, boss, cast):
    row = {"provider": cast.templated.pk, "status": "pending", "parameters": ours, "parameters-vendor": theirs}
    assert boss.post(ADD, form("Hi {name}, {order}") | approval_rows(row)).status_code == 302
    assert TemplateApproval.objects.get(template__name="new-one").parameters == stored


def test_a_vendors_own_names_are_kept_where_it_names_its_parameters(boss, cast, monkeypatch):
    monkeypatch.setattr(cast.templated.adapter_class, "names_parameters", True)
    row = {"provider": cast.templated.pk, "status": "approved", "vendor_template": "9"}
    row |= {"parameters": ["", ""], "parameters-vendor": ["", "order_code"]}
    assert boss.post(ADD, form("Hi {name}, {order}") | approval_rows(row)).status_code == 302
    assert TemplateApproval.objects.get(vendor_template="9").parameters == ["name", {"order": "order_code"}]


@pytest.mark.parametrize(
    ("ours", "words"),
    [
        (["name", "name"], "The parameters leave out order"),
        (["nobody"], "The parameters name nobody, which the template does not have"),
        (["[1]", "name"], "The parameters name [1]"),
    ],
)
def test_parameters_that_can_not_be_are_refused_in_words(ours, words, boss, cast):
    row = {"provider": cast.templated.pk, "status": "pending", "parameters": ours}
    page = boss.post(ADD, form("Hi {name}, {order}") | approval_rows(row))
    assert page.status_code == 200
    assert words in words_of(page)


# --- the preview -----------------------------------------------------------------------------------


def test_the_preview_shows_what_each_vendor_will_send(boss, cast):
    row = {"provider": cast.templated.pk, "status": "pending", "vendor_template": "9", "parameters": ["order", "name"]}
    fields = form("Hi {name}, {order}.", ("name", "name", "", "", "", "Leyla"), ("order", "any", "", "", "", "48213"))
    words = words_of(boss.post(PREVIEW, fields | approval_rows(row)))
    assert "templated-az 9 Hi %2, %1." in words
    assert "48213 order Leyla name The recipient sees: Hi Leyla, 48213." in words


def test_the_preview_says_what_is_wrong_with_an_approval(boss, cast):
    row = {"provider": cast.templated.pk, "status": "approved", "text": "Hi %1 %2", "parameters": [""]}
    words = words_of(boss.post(PREVIEW, form("Hi {name}") | approval_rows(row)))
    assert "The vendor's text holds the parameters %1, %2; the approval sends name" in words


def test_the_preview_keeps_the_text_in_use_apart_from_the_text_of_now(boss, cast):
    approval = cast.template.approvals.get()
    row = {"id": approval.pk, "status": "approved", "parameters": [""]}
    words = words_of(boss.post(PREVIEW, form("Dear {name}!") | approval_rows(row, stored=1)))
    assert "different from the text above Hello %1, it is on its way." in words


def test_the_preview_proposes_names_and_says_which_example_does_not_fit(boss):
    words = words_of(boss.post(PREVIEW, form("Kod {code}, {Müştəri}", ("code", "code", "", "", "", "12:30"))))
    assert "{Müştəri} → {musteri}" in words
    assert "{code} does not accept the example “12:30”. It matches the kind “time”." in words


@pytest.mark.parametrize("total", ["", "x", "-1", "9" * 30, "9" * 5000])
def test_a_preview_of_a_broken_form_is_answered(total, boss):
    fields = form("Hi {name}") | {"approvals-TOTAL_FORMS": total, "approvals-0-id": "x", "approvals-0-provider": "y"}
    assert boss.post(PREVIEW, fields).status_code == 200


@pytest.mark.parametrize(
    ("length", "words"), [("9" * 10, "the longest value has 64"), ("9" * 5000, "must be a whole number")]
)
def test_a_length_that_no_value_has_is_refused(length, words, boss):
    told = boss.post(PREVIEW, form("Kod {code}", ("code", "code", length, "", "", "12")))
    assert told.status_code == 200
    assert words in words_of(told)


# --- approvals that nobody has confirmed for long ------------------------------------------------------


@pytest.mark.parametrize(
    ("approved", "confirmed", "listed"),
    [(400, None, True), (400, 400, True), (400, 10, False), (10, None, False), (None, None, True), (None, 10, False)],
)
def test_approvals_that_nobody_confirmed_for_long_are_listed_and_said(approved, confirmed, listed, boss, cast):
    ago = {days: timezone.now() - timedelta(days=days) for days in (400, 10)}
    row = cast.template.approvals.all()
    row.update(approved_at=ago.get(approved), confirmed_at=ago.get(confirmed))
    words = words_of(boss.get(LIST, {"approval": "long"}))
    assert ("Hello {name}, it is on its way." in words) is listed
    page = words_of(boss.get(reverse("admin:sms_messagetemplate_change", args=(cast.template.pk,))))
    assert ("days ago: ask the vendor" in page or "never confirmed since" in page) is listed
