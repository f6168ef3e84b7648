"""Templates in the admin: deleting one, or refusing to in words; the file of all of them, out and in."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import ProtectedError
from django.test import Client
from django.urls import reverse

from sms.models import MessageTemplate, TemplateApproval, TemplateVersion

LIST = "/admin/sms/messagetemplate/"
SURE = {"post": "yes"}


def delete(client, template: MessageTemplate):
    return client.post(reverse("admin:sms_messagetemplate_delete", args=(template.pk,)), SURE)


def delete_ticked(client, template: MessageTemplate):
    ticked = {"action": "delete_selected", "_selected_action": [template.pk]}
    return client.post(LIST, ticked | SURE)


@pytest.mark.parametrize("way", [delete, delete_ticked])
def test_a_template_that_no_message_needs_goes_with_its_versions_and_approvals(way, boss, cast):
    cast.template.body = "Hello {name}, it is here."
    cast.template.save()
    assert TemplateVersion.objects.count() == 2
    assert way(boss, cast.template).status_code == 302
    for model in (MessageTemplate, TemplateVersion, TemplateApproval):
        assert not model.objects.exists()


@pytest.mark.parametrize("way", [delete, delete_ticked])
@pytest.mark.parametrize("by", ["message", "attempt"])
def test_a_template_that_a_message_was_made_from_stays_and_staff_read_why(by, way, boss, cast):
    version = cast.template.current_version
    message = cast.message(template_version=version if by == "message" else None)
    if by == "attempt":
        cast.attempt(message, template_version=version)
    page = way(boss, cast.template)
    assert page.status_code in (200, 403)
    words = page.content.decode()
    assert "Messages and attempts that use order-shipped" in words
    assert "Set its approvals to “ended” instead" in words
    assert str(message.pk) not in words  # there may be a million of them
    assert MessageTemplate.objects.filter(pk=cast.template.pk).exists()


def test_the_database_itself_keeps_a_version_that_a_message_points_at(cast):
    cast.message(template_version=cast.template.current_version)
    with pytest.raises(ProtectedError):
        cast.template.delete()
    assert TemplateVersion.objects.count() == 1


# --- the file of all of them -----------------------------------------------------------------

IMPORT = "/admin/tools/template-import/"
EXPORT = "/admin/sms/messagetemplate/export/"
HEAD = "name,body,placeholders,provider,vendor_template,parameters,status,note\r\n"


def upload(client, text: str):
    return client.post(IMPORT, {"file": SimpleUploadedFile("templates.csv", text.encode(), "text/csv")})


def confirm(client, page):
    words = page.content.decode()
    return client.post(
        IMPORT, {name: re.search(f'name="{name}" value="([^"]*)"', words)[1] for name in ("data", "seal")}
    )


def test_what_is_exported_can_be_taken_back_and_changes_nothing(boss, cast):
    MessageTemplate.objects.create(name="sum", body="=SUM(1) {name}\nnext, \u202eline; {{x}}")
    answer = boss.get(EXPORT)
    assert answer.streaming
    text = b"".join(answer.streaming_content).decode()
    assert '\r\nsum,"\'=SUM(1) {name}\nnext, \\u202eline; {{x}}"' in text
    assert "order-shipped" in text
    page = upload(boss, text)
    assert (page.context["plan"].unchanged, page.context["plan"].is_ready) == (2, False)
    assert "The file contains no changes." in page.content.decode()


def test_a_file_is_shown_first_and_saved_with_one_more_click(boss, cast):
    text = HEAD + 'order-shipped,Hi {name},,,,,,\r\nnew-one,"<b x-init=1>\u202e {a}",,,,,,\r\n'
    page = upload(boss, text)
    words = page.content.decode()
    assert "order-shipped" in words
    assert "&lt;b x-init=1&gt;\\u202e" in words
    assert MessageTemplate.objects.count() == 1
    assert boss.get(IMPORT, {"seal": page.context["plan"].seal}).status_code == 200
    assert MessageTemplate.objects.count() == 1
    assert confirm(boss, page).headers["Location"] == LIST
    cast.template.refresh_from_db()
    assert (cast.template.body, cast.template.current_version.author.username) == ("Hi {name}", "boss")
    assert MessageTemplate.objects.get(name="new-one").body == "<b x-init=1>\u202e {a}"
    assert LogEntry.objects.filter(change_message="Imported from a file.").count() == 2


def test_a_file_with_a_mistake_can_not_be_saved(boss, cast):
    page = upload(boss, HEAD + "order-shipped,Hi {name},,templated-az,1,name=,approved,\r\n")
    assert "line 2, parameters: “name=”: write the parameters" in unescape(page.content.decode())
    assert 'name="seal"' not in page.content.decode()


def test_what_was_changed_by_another_meanwhile_is_shown_anew(boss, cast):
    page = upload(boss, HEAD + "order-shipped,Hi {name},,,,,,\r\n")
    cast.template.body = "Dear {name}"
    cast.template.save()
    assert "Check the changes again" in confirm(boss, page).content.decode()
    cast.template.refresh_from_db()
    assert cast.template.body == "Dear {name}"


def test_an_upload_without_a_file_or_with_a_torn_one_saves_nothing(boss, cast):
    for sent in ({}, {"seal": "x", "data": "no base64!"}, {"seal": "x", "data": ""}):
        assert boss.post(IMPORT, sent).status_code == 200
    assert MessageTemplate.objects.count() == 1


def test_an_import_wants_the_token_of_its_page(boss, cast):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = boss.cookies
    assert upload(strict, HEAD).status_code == 403
