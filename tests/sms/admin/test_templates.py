"""Templates on the desk: deleting one, or refusing to; parameters that are none."""

from __future__ import annotations

import pytest
from django.db.models import ProtectedError
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
    assert "Messages and attempts that were made from order-shipped" in words
    assert "Take its approvals away instead" in words
    assert str(message.pk) not in words  # there may be a million of them
    assert MessageTemplate.objects.filter(pk=cast.template.pk).exists()


def test_the_database_itself_keeps_a_version_that_a_message_points_at(cast):
    cast.message(template_version=cast.template.current_version)
    with pytest.raises(ProtectedError):
        cast.template.delete()
    assert TemplateVersion.objects.count() == 1


@pytest.mark.parametrize("parameters", ["[1]", "[{}]", '{"a": 1}', "5"])
def test_an_approvals_parameters_that_are_no_list_of_names_are_refused_in_words(parameters, boss, cast):
    approval = cast.template.approvals.get()
    form = {
        "name": cast.template.name,
        "body": cast.template.body,
        "placeholders": "{}",
        "approvals-TOTAL_FORMS": 1,
        "approvals-INITIAL_FORMS": 1,
        "approvals-0-id": approval.pk,
        "approvals-0-template": cast.template.pk,
        "approvals-0-provider": cast.templated.pk,
        "approvals-0-status": "approved",
        "approvals-0-vendor_template": "1432",
        "approvals-0-parameters": parameters,
        "versions-TOTAL_FORMS": 0,
        "versions-INITIAL_FORMS": 0,
    }
    page = boss.post(reverse("admin:sms_messagetemplate_change", args=(cast.template.pk,)), form)
    assert page.status_code == 200
    assert "write a list such as" in page.content.decode()
