"""Approvals in doubt: where staff see them, and how they end one."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from sms.models import Alert, ApprovalDoubt
from sms.services.dispatch import approval_doubt
from sms.services.monitoring import alerts

REASON = {"reason": "the vendor has restored it", "_form_submitted": "on"}
LIST = "/admin/sms/approvaldoubt/"
TEMPLATE_TITLE = "the approval of template order-shipped at templated-az"
SENDER_TITLE = "the approval of sender AKINON at plain-az"


def address(doubt: ApprovalDoubt) -> str:
    return reverse("admin:sms_approvaldoubt_end", args=(doubt.pk,))


def person(role: str) -> Client:
    user = get_user_model().objects.create_user("somebody", password="a pass phrase", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def of_template(cast):
    return cast.doubt(cast.template.approvals.get())


@pytest.fixture
def of_sender(cast):
    return cast.doubt(cast.sender.approvals.get())


@pytest.mark.parametrize(("kind", "title"), [("of_template", TEMPLATE_TITLE), ("of_sender", SENDER_TITLE)])
def test_a_person_ends_a_doubt_with_a_reason(request, boss, kind, title):
    doubt = request.getfixturevalue(kind)
    owner = doubt.owner
    alerts.open_alert(doubt.alert_key, title="in doubt")
    page = boss.get(reverse("admin:sms_approvaldoubt_change", args=(doubt.pk,))).content.decode()
    assert title in page
    assert address(doubt) in page
    assert boss.post(address(doubt), REASON).headers["HX-Redirect"] == LIST
    assert not ApprovalDoubt.objects.exists()
    assert not Alert.objects.filter(closed_at=None).exists()
    entry = LogEntry.objects.get(object_id=str(owner.pk), content_type__model=owner._meta.model_name)
    assert "the vendor has restored it" in entry.change_message
    assert title in entry.change_message


def test_without_a_reason_and_without_a_post_it_goes_on(boss, of_template):
    boss.post(address(of_template), REASON | {"reason": ""})
    boss.get(address(of_template), REASON)
    assert ApprovalDoubt.objects.count() == 1


def test_a_doubt_that_has_ended_meanwhile_is_no_fault(boss, of_template):
    approval_doubt.end([of_template.pk])
    answer = boss.post(address(of_template), REASON)
    assert answer.status_code in (200, 302, 404)
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize(
    ("role", "may_end"),
    [("Viewer", False), ("Operator", True), ("Template editor", True), ("Administrator", True)],
)
def test_who_sees_a_doubt_and_who_ends_it(cast, of_template, role, may_end):
    client = person(role)
    assert TEMPLATE_TITLE in client.get(LIST).content.decode()
    client.post(address(of_template), REASON)
    assert ApprovalDoubt.objects.exists() is not may_end


def test_the_pages_of_template_and_sender_name_show_it(boss, cast, of_template, of_sender):
    for page in (
        reverse("admin:sms_messagetemplate_change", args=(cast.template.pk,)),
        reverse("admin:sms_sendername_change", args=(cast.sender.pk,)),
    ):
        shown = boss.get(page).content.decode()
        assert "IN DOUBT since" in shown
        assert f"{LIST}{(of_template if 'template' in page else of_sender).pk}/change/" in shown
    for page in ("/admin/sms/messagetemplate/", "/admin/sms/sendername/"):
        assert "approved, in doubt" in boss.get(page).content.decode()


def test_one_about_an_earlier_statement_is_shown_nowhere(boss, cast, of_template):
    cast.template.approvals.update(vendor_template="1433")
    page = boss.get(reverse("admin:sms_messagetemplate_change", args=(cast.template.pk,))).content.decode()
    assert "IN DOUBT" not in page
    assert "in doubt" not in boss.get("/admin/sms/messagetemplate/").content.decode().replace("Approvals in doubt", "")


def test_the_page_of_a_waiting_message_shows_its_doubts_and_no_others(boss, cast, of_template, of_sender):
    candidates = [
        {"provider": cast.plain.pk, "slug": "plain-az", "code": "", "approval": None},
        {
            "provider": cast.templated.pk,
            "slug": "templated-az",
            "code": "",
            "approval": of_template.template_approval_id,
        },
    ]
    waits = cast.message("queued", decision={"candidates": candidates})
    other = cast.message("queued", sender="OTHER", decision={"candidates": candidates[:1]})
    sent = cast.message("submitted", decision={"candidates": candidates})

    def page(message):
        return boss.get(reverse("admin:sms_message_change", args=(message.pk,))).content.decode()

    assert "The approval of template order-shipped at templated-az is in doubt" in page(waits)
    assert "The approval of sender AKINON at plain-az is in doubt" in page(waits)
    for message in (other, sent):
        assert "is in doubt" not in page(message)


def test_the_set_up_page_marks_it(boss, cast, of_template):
    page = boss.get("/admin/tools/set-up/").content.decode()
    assert "order-shipped: 111: The vendor does not know it." in page
    assert page.count("Approvals are in doubt") == 1
    of_template.delete()
    assert "Approvals are in doubt" not in boss.get("/admin/tools/set-up/").content.decode()
