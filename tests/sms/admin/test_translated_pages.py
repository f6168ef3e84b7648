"""What a page shows of stored and computed English texts is in the reader's language."""

from __future__ import annotations

from html import unescape
from types import SimpleNamespace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.translation import gettext, override

from sms.admin.monitoring import dashboard
from sms.models import Alert
from sms.services.database import clock

LANGUAGE = "tr"
HEAD = "name,body,placeholders,provider,vendor_template,parameters,status,note"


@pytest.fixture
def reader(boss: Client) -> Client:
    boss.defaults["HTTP_ACCEPT_LANGUAGE"] = LANGUAGE
    return boss


def in_turkish(text: str, **values: object) -> str:
    with override(LANGUAGE):
        shown = gettext(text)
    assert shown != text
    return shown.format(**values)


def read(response) -> str:
    assert response.status_code == 200, response
    return unescape(response.content.decode())


def imported(reader: Client, *rows: str) -> str:
    file = SimpleUploadedFile("templates.csv", "\n".join((HEAD, *rows)).encode())
    return read(reader.post("/admin/tools/template-import/", {"file": file}))


def test_the_errors_of_a_template_file(reader: Client, cast) -> None:
    page = imported(reader, 'first,"Salam {ad}",,nobody-az,1,,approved,')
    problem = in_turkish("there is no provider “{slug}”.", slug="nobody-az")
    assert in_turkish("line {line}, {column}: {message_text}", line=2, column="provider", message_text=problem) in page


def test_the_changes_of_a_template_file(reader: Client, cast) -> None:
    template, slug = cast.template, cast.templated.slug
    page = imported(reader, f'{template.name},"{template.body}",,{slug},1432,,ended,')
    assert in_turkish("changed at {slug}: {columns}", slug=slug, columns="status") in page


def test_a_file_that_is_no_list_of_texts(reader: Client, cast) -> None:
    file = SimpleUploadedFile("texts.csv", b"%PDF-1.7 nothing")
    page = read(reader.post("/admin/tools/vendor-texts/", {"provider": cast.templated.pk, "file": file}))
    assert in_turkish("the file is {kind_text}, not CSV.", kind_text=in_turkish("a PDF document")) in page


def test_the_errors_of_a_block_list(reader: Client) -> None:
    page = read(reader.post("/admin/tools/block-list/", {"numbers": "hello", "reason": "asked for it"}))
    assert in_turkish("line {line}: {message_text}", line=1, message_text="").rstrip() in page


def test_the_chart_of_the_dashboard_names_statuses() -> None:
    board = SimpleNamespace(series={"delivered": [1]})
    with override(LANGUAGE):
        [dataset] = dashboard._datasets(board)
    assert dataset["label"] == in_turkish("delivered")


def test_the_choices_of_filters(reader: Client) -> None:
    assert in_turkish("unconfirmed") in read(reader.get("/admin/sms/message/"))
    assert in_turkish("reject the request (422)") in read(reader.get("/admin/sms/apiclient/"))


def test_the_severity_and_the_title_of_an_alert(reader: Client) -> None:
    facts = {"severity": "warning", "title": "plain-az is paused already.", "advice": "y", "opened_at": clock.now()}
    alert = Alert.objects.create(key="queue:waiting", **facts)
    page = read(reader.get(f"/admin/sms/alert/{alert.pk}/change/"))
    assert in_turkish("warning") in page
    assert "warning<" not in page
    assert in_turkish("{slug} is paused already.", slug="plain-az") in page
    assert facts["title"] not in page


def test_vendors_codes_in_the_reference(reader: Client) -> None:
    assert in_turkish("The account may not send.") in read(reader.get("/admin/tools/words/"))
