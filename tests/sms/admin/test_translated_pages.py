"""What a page shows of stored and computed English texts is in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from types import SimpleNamespace

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils.translation import gettext, override
from django.utils.translation.trans_real import translation

from sms.admin.messages.bulk import described
from sms.admin.monitoring import dashboard
from sms.models import Alert, MessageEvent, Objective, ShareMove
from sms.services.database import clock
from sms.templatetags.sms_admin import age
from sms.translation import _remembered

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


def test_the_limits_of_a_provider(reader: Client, cast) -> None:
    page = read(reader.get("/admin/tools/providers/"))
    limits = [in_turkish(text) for text in ("unlimited concurrent calls", "no rate limit")]
    assert ", ".join(limits) in page


def test_the_doubts_of_the_set_up_page(reader: Client, cast) -> None:
    doubt = cast.doubt(cast.template.approvals.first())
    doubt.detail = "The template is missing."
    doubt.save()
    page = read(reader.get("/admin/tools/set-up/"))
    shown = f"{doubt.code}: {in_turkish('The template is missing.').rstrip('.')}. "
    assert (
        shown + in_turkish("Compare with what the vendor has approved, then end the doubt or correct the approval.")
        in page
    )


def test_vendors_codes_in_the_reference(reader: Client) -> None:
    assert in_turkish("The account may not send.") in read(reader.get("/admin/tools/words/"))


# --- texts that were English on translated pages -----------------------------------------------------

MARKED = {
    "%(seconds)d s": "%(seconds)d sn",
    "%(minutes)d min": "%(minutes)d dk",
    "%(hours)d h %(minutes)d min": "%(hours)d sa %(minutes)d dk",
    "both kinds": "iki tür",
    "every provider": "her sağlayıcı",
    "every country": "her ülke",
    "This objective sets nothing. Enter a percentage or a time.": "Bu hedef boş.",
    "logarithm of the seconds": "saniyelerin logaritması",
    "time": "süre",
    "%(part)s of %(parts)s": "%(parts)s parçadan %(part)s.",
}


@pytest.fixture
def catalogue() -> Iterator[None]:
    """Texts that show the marks, whatever the catalogue has."""
    loaded = translation(LANGUAGE)._catalog
    loaded._catalogs.insert(0, dict(MARKED))
    _remembered.cache_clear()
    with override(LANGUAGE):
        yield
    loaded._catalogs.pop(0)
    _remembered.cache_clear()


@pytest.mark.parametrize(
    ("length", "shown"), [(42, "42 sn"), (180, "3 dk"), (3600, "1 sa 0 dk"), (7500, "2 sa 5 dk"), (0, "0 sn")]
)
def test_durations(catalogue: None, length: int, shown: str) -> None:
    assert age(timedelta(seconds=length)) == shown


def test_objectives(catalogue: None) -> None:
    assert str(Objective()) == "her sağlayıcı, her ülke, iki tür"
    with pytest.raises(ValidationError, match="Bu hedef boş"):
        Objective().clean()


def test_the_figures_of_a_share_move(catalogue: None, reader: Client, cast) -> None:
    figures = {"evidence": {"time": 21.5}, "usual": {"log_seconds": -1.2, "new": 4}}
    about = {"route": cast.route, "provider": cast.plain, "mode": "advise", "at": clock.now()}
    move = ShareMove.objects.create(**about, before=100, after=50, figures=figures)
    page = read(reader.get(f"/admin/sms/sharemove/{move.pk}/change/"))
    assert "süre 21.5" in page
    assert "saniyelerin logaritması -1.2" in page
    assert "new 4" in page


def test_the_filters_of_a_bulk_operation(db) -> None:
    with override(LANGUAGE):
        shown = described({"view": "waiting", "status": "failed", "is_otp": "1"})
    assert shown.split(", ")[1:] == [f"{in_turkish('status')} failed", f"{in_turkish('one-time password')} 1"]


def test_a_held_message_of_the_dry_run(reader: Client, cast) -> None:
    cast.shop.on_no_template = "hold"
    cast.shop.save()
    cast.route.steps.filter(provider=cast.plain).delete()
    asked = {"client": "akinon", "to": "+994501112233", "sender": "AKINON", "text": "No such text."}
    page = read(reader.post("/admin/tools/test-a-text/", asked))
    assert re.findall(r'class="right admin-badge warning">([^<]*)<', page) == [in_turkish("held")]


# --- the timeline of a message -----------------------------------------------------------------------


def facts_of(reader: Client, message) -> list[str]:
    page = read(reader.get(reverse("admin:sms_message_change", args=(message.pk,))))
    return re.findall(r"· [^<]*<code>(.*?)</code>", page)


def test_codes_and_ids_of_a_timeline_are_shown_as_they_are(reader: Client, cast) -> None:
    message = cast.message("failed", request_id="test")
    cast.attempt(message, "refused", code="failed", vendor_message_id="sent")
    assert {"test", "failed", "sent"} <= set(facts_of(reader, message))


def test_our_own_values_of_a_timeline_are_translated(catalogue: None, reader: Client, cast) -> None:
    message = cast.message("failed", decision={"prefix": ""})
    report = cast.report(cast.attempt(message), "undelivered", failure="content", part=1, parts=3, left=False)
    report.detail = "The account may not send."
    report.save()
    MessageEvent.objects.create(
        message=message, at=clock.now(), kind="late_answer", detail={"outcome": "accepted", "code": "failed"}
    )
    facts = facts_of(reader, message)
    for english in ("none", "content", "never", "The account may not send.", "accepted"):
        assert in_turkish(english) in facts
    assert "3 parçadan 1." in facts
    assert "failed" in facts


# --- pages before the log-in, and the confirmation of a choice ---------------------------------------


@pytest.mark.parametrize("page", ["/admin/login/", "/admin/invitation/MQ/set-password/"])
def test_the_texts_of_the_script_are_on_pages_before_the_log_in(client: Client, db, page: str) -> None:
    text = read(client.get(page, headers={"accept-language": LANGUAGE}))
    [texts] = re.findall(r'<meta name="admin-texts" content="(.*?)">', text)
    assert in_turkish("Close") in texts


def test_the_confirmation_is_in_the_browsers_language_without_a_choice(reader: Client) -> None:
    page = read(reader.post("/admin/tools/preferences/", {"language": "", "time_zone": ""}, follow=True))
    assert in_turkish("Saved.") in page
