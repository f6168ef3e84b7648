"""The pages of staff: nobody is deleted, user names are unique whatever their case, links are for active staff."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from sms.models import Provider
from sms.services.staff import audit

pytestmark = pytest.mark.any_database


def somebody(name: str = "nigar", **facts: bool):
    return get_user_model().objects.create_user(name, is_staff=True, **facts)


def test_nobody_is_deleted_so_that_the_audit_page_keeps_what_they_did(boss: Client, cast) -> None:
    nigar = somebody()
    provider = Provider.objects.get(pk=cast.plain.pk)
    provider._history_user, provider._change_reason = nigar, "a slow vendor"
    provider.save()
    assert boss.post(reverse("admin:auth_user_delete", args=(nigar.pk,)), {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [nigar.pk], "post": "yes"}
    boss.post(reverse("admin:auth_user_changelist"), chosen)
    entries, _ = audit.read(audit.Selection(actor="nigar"))
    assert [entry.reason for entry in entries] == ["a slow vendor"]


@pytest.mark.parametrize("name", ["Nigar", "NIGAR", "nigar"])
def test_user_names_differ_in_more_than_case(boss: Client, name: str) -> None:
    somebody()
    page = boss.post(reverse("admin:auth_user_add"), {"username": name, "email": "n@example.com"})
    assert "already exists" in page.content.decode()
    assert get_user_model().objects.filter(username__iexact="nigar").count() == 1


def invite(boss: Client, person, **headers: str):
    url = reverse("admin:auth_user_invite", args=(person.pk,))
    return boss.post(url, {"reason": "forgot the password", "_form_submitted": "on"}, headers=headers, follow=True)


@pytest.mark.parametrize("lost", ["is_active", "is_staff"])
def test_a_link_is_not_made_for_somebody_who_cant_log_in(boss: Client, lost: str) -> None:
    nigar = somebody()
    nigar.set_password("river lamp cobalt sixteen")
    setattr(nigar, lost, False)
    nigar.save()
    answer = invite(boss, nigar)
    assert "/admin/invitation/" not in answer.content.decode()
    assert "This person is not active staff." in boss.get(reverse("admin:index")).content.decode()
    nigar.refresh_from_db()
    assert nigar.has_usable_password()


def test_the_page_of_a_link_has_the_menu_also_without_a_dialog(boss: Client) -> None:
    page = invite(boss, somebody()).content.decode()
    assert "/admin/invitation/" in page
    assert reverse("admin:sms_message_changelist") in page
