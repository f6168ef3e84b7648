"""A new colleague sets the password through a link, which works once and ends after three days."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from sms.admin.access.invitation import InvitationView
from sms.services.access import invitations
from sms.services.staff import audit
from tests.config.test_logs import Lines, lines

__all__ = ["lines"]

pytestmark = pytest.mark.any_database
STRONG = "river lamp cobalt sixteen"


def add(boss: Client, **values: str) -> str:
    """Invite Nigar; the link on the page that answers."""
    page = boss.post(reverse("admin:auth_user_add"), {"username": "nigar", "email": "nigar@example.com", **values})
    assert page.status_code == 200, page.content.decode()
    assert "no-store" in page.headers["Cache-Control"]
    return link_in(page.content.decode())


def link_in(text: str) -> str:
    [link] = re.findall(r"http://testserver(/admin/invitation/\S+?/)[\s<\"]", text)
    return link


def nigar() -> User:
    return get_user_model().objects.get(username="nigar")


def choose(browser: Client, link: str, password: str = STRONG) -> tuple[int, str]:
    """Open the link and send a password; status and text of the answer."""
    opened = browser.get(link, follow=True)
    answer = browser.post(opened.request["PATH_INFO"], {"new_password1": password, "new_password2": password})
    return answer.status_code, answer.content.decode()


def test_with_the_link_a_new_colleague_sets_a_password_and_logs_in(boss: Client) -> None:
    role = Group.objects.get(name="Operator")
    link = add(boss, groups=str(role.pk))
    assert nigar().is_staff
    assert not nigar().has_usable_password()
    assert list(nigar().groups.all()) == [role]

    browser = Client()
    assert choose(browser, link) == (302, "")
    assert nigar().check_password(STRONG)
    reply = browser.post(reverse("admin:login"), {"username": "nigar", "password": STRONG, "otp_token": ""})
    assert reply.status_code == 302


def test_a_link_works_once(boss: Client) -> None:
    link = add(boss)
    choose(Client(), link)
    status, text = choose(Client(), link, "another pass phrase of mine")
    assert (status, "This link is no longer valid" in text) == (200, True)
    assert nigar().check_password(STRONG)


@pytest.mark.parametrize(
    "changed", [lambda link: link[:-2] + "x/", lambda link: re.sub(r"/invitation/\w+/", "/invitation/MQ/", link)]
)
def test_a_wrong_link_opens_nothing(boss: Client, changed) -> None:
    link = add(boss)
    page = Client().get(changed(link), follow=True)
    assert "This link is no longer valid" in page.content.decode()


def test_a_link_ends_after_three_days(boss: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    link = add(boss)
    later = invitations.tokens._now() + timedelta(days=3, minutes=1)
    monkeypatch.setattr(invitations.tokens, "_now", lambda: later)
    assert "This link is no longer valid" in Client().get(link, follow=True).content.decode()


def test_a_weak_password_is_an_error_and_the_link_stays_valid(boss: Client) -> None:
    link = add(boss)
    status, text = choose(Client(), link, "Summer2026!!")
    assert (status, "common or easy to guess" in text) == (200, True)
    assert choose(Client(), link)[0] == 302


def test_a_link_of_somebody_who_was_deactivated_opens_nothing(boss: Client) -> None:
    link = add(boss)
    User.objects.filter(username="nigar").update(is_active=False)
    assert "This link is no longer valid" in Client().get(link, follow=True).content.decode()


def invite_again(browser: Client, person: User) -> str:
    url = reverse("admin:auth_user_invite", args=(person.pk,))
    return browser.post(
        url, {"reason": "forgot the password", "_form_submitted": "on"}, headers={"HX-Request": "true"}
    ).content.decode()


def test_a_new_link_ends_the_password_the_sessions_and_the_link_before(boss: Client) -> None:
    first = add(boss)
    browser = Client()
    choose(browser, first)
    browser.force_login(nigar())
    assert browser.get(reverse("admin:index")).status_code == 200

    second = link_in(invite_again(boss, nigar()))
    third = link_in(invite_again(boss, nigar()))
    assert browser.get(reverse("admin:index")).status_code == 302
    assert "This link is no longer valid" in Client().get(second, follow=True).content.decode()
    assert choose(Client(), third, "another pass phrase of mine")[0] == 302


def test_only_superusers_invite_a_superuser_again(boss: Client, person) -> None:
    administrator = person("Administrator")
    User.objects.create_superuser("owner", password=STRONG)
    owner = User.objects.get(username="owner")
    assert "/admin/invitation/" not in invite_again(administrator, owner)
    owner.refresh_from_db()
    assert owner.check_password(STRONG)


def test_roles_that_change_no_staff_invite_nobody(boss: Client, person) -> None:
    add(boss)
    operator = person("Operator")
    assert operator.get(reverse("admin:auth_user_add")).status_code == 403
    assert "/admin/invitation/" not in invite_again(operator, nigar())


def test_the_history_says_who_invited_and_holds_no_link(boss: Client) -> None:
    add(boss)
    invite_again(boss, nigar())
    page = boss.get(reverse("admin:auth_user_history", args=(nigar().pk,))).content.decode()
    assert "Invited: forgot the password" in page
    assert "/admin/invitation/" not in page


def test_the_audit_page_says_that_the_person_set_a_password(boss: Client) -> None:
    choose(Client(), add(boss))
    entries, _ = audit.read(audit.Selection(actor="nigar"))
    assert [(each.kind, each.detail) for each in entries] == [("changed", "Password set through an invitation link.")]


def test_the_page_of_an_invalid_link_has_its_own_title(boss: Client) -> None:
    link = add(boss)
    choose(Client(), link)
    page = Client().get(link, follow=True).content.decode()
    assert re.findall(r"<title>\s*(.*?) \|", page) == ["Invitation"]
    assert "Password reset" not in page


def test_no_log_line_contains_the_token_of_a_link(boss: Client, lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    link = add(boss)
    assert Client(enforce_csrf_checks=True).post(link).status_code == 403
    monkeypatch.setattr(InvitationView, "get_user", lambda *_: 1 / 0)
    assert Client(raise_request_exception=False).get(link).status_code == 500
    told = str(lines())
    assert told.count("/admin/invitation/") == 2
    assert link.split("/")[-2] not in told


def test_setting_the_password_is_recorded(boss: Client, client: Client) -> None:
    choose(client, add(boss))
    [entry] = LogEntry.objects.filter(user=nigar())
    assert entry.get_change_message() == "Password set through an invitation link."


@pytest.mark.parametrize("without", ["is_active", "is_staff"])
def test_a_link_is_only_for_active_staff(boss: Client, without: str) -> None:
    add(boss)
    person = nigar()
    person.set_password(STRONG)
    setattr(person, without, False)
    person.save()
    invite_again(boss, person)
    page = boss.get(reverse("admin:index")).content.decode()
    assert "This person is not active staff" in page
    assert nigar().check_password(STRONG)


def test_user_names_that_differ_only_in_case_are_refused(boss: Client) -> None:
    page = boss.post(reverse("admin:auth_user_add"), {"username": "BOSS", "email": "nigar@example.com"})
    assert "already exists" in page.content.decode()
    assert get_user_model().objects.filter(username__iexact="boss").count() == 1


def test_people_are_deactivated_and_not_deleted(boss: Client) -> None:
    add(boss)
    assert boss.post(f"/admin/auth/user/{nigar().pk}/delete/", {"post": "yes"}).status_code == 403
    assert nigar()
