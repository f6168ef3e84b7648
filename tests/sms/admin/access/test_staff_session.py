"""Sessions end, and sensitive changes ask for the password again."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from axes.models import AccessLog
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.base import SessionBase
from django.test import Client
from django.urls import get_resolver, reverse
from django_otp.plugins.otp_totp.models import TOTPDevice

from sms.admin.access.password_again import SENSITIVE
from sms.models import Provider, Route
from sms.services.access import staff_session
from tests.sms.admin.conftest import PASSWORD
from tests.sms.admin.test_secrets import PLAIN

LATER = staff_session.PASSWORD_SECONDS + 1
HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/admin/auth/user/"}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Moves the time of the sessions' limits."""
    moved = {"by": 0.0}

    class Clock:
        @staticmethod
        def time() -> float:
            return time.time() + moved["by"]

    monkeypatch.setattr(staff_session, "time", Clock)
    return lambda seconds: moved.update(by=moved["by"] + seconds)


def is_logged_in(client: Client, **headers: str) -> bool:
    return client.get("/admin/", headers=headers).status_code == 200


# --- the end of a session ----------------------------------------------------------------


def test_a_session_ends_after_an_idle_time(boss: Client, clock: Any) -> None:
    clock(staff_session.IDLE_SECONDS - 5)
    assert is_logged_in(boss)
    clock(staff_session.IDLE_SECONDS - 5)
    assert is_logged_in(boss)
    clock(staff_session.IDLE_SECONDS + 5)
    answer = boss.get("/admin/sms/message/")
    assert (answer.status_code, answer["Location"]) == (302, "/admin/login/?next=/admin/sms/message/")
    assert AccessLog.objects.get().logout_time is not None


def test_a_page_that_reloads_itself_keeps_no_session_alive(boss: Client, clock: Any) -> None:
    for _ in range(3):
        clock(staff_session.IDLE_SECONDS / 3 + 1)
        last = is_logged_in(boss, **{"X-Requested-With": "fetch"})
    assert not last


def test_a_session_ends_after_twelve_hours_however_busy_it_is(boss: Client, clock: Any) -> None:
    steps = staff_session.LONGEST_SECONDS // (staff_session.IDLE_SECONDS - 5)
    for _ in range(steps):
        clock(staff_session.IDLE_SECONDS - 5)
        assert is_logged_in(boss)
    clock(staff_session.IDLE_SECONDS - 5)
    assert not is_logged_in(boss)


def test_a_session_of_before_the_upgrade_ends(boss: Client) -> None:
    session: SessionBase = boss.session
    for key in (staff_session.BEGAN, staff_session.SEEN, staff_session.PASSWORD):
        del session[key]
    session.save()
    assert not is_logged_in(boss)


# --- the password again --------------------------------------------------------------------


def confirm(client: Client, address: str, page: Any, password: str = PASSWORD) -> Any:
    """Fill in the page that asks."""
    submitted = re.search(r'name="_submitted" value="([^"]*)"', page.content.decode())
    assert submitted, page.content.decode()[:500]
    return client.post(address, {"_submitted": submitted[1], "_password_again": password})


def test_a_change_of_credentials_waits_for_the_password_and_loses_nothing(boss: Client, cast: Any, clock: Any) -> None:
    address = reverse("admin:sms_provider_change", args=(cast.plain.pk,))
    changed = PLAIN | {"timeout": 31, "credential_token": "neu+&=%ü", "change_reason": "Grund: ü & ö\u200b"}
    clock(LATER)
    page = boss.post(address, changed)
    assert "neu" not in page.content.decode()
    assert Provider.objects.get(pk=cast.plain.pk).timeout == 15
    wrong = confirm(boss, address, page, "a wrong one")
    assert "This password is wrong" in wrong.content.decode()
    assert Provider.objects.get(pk=cast.plain.pk).timeout == 15
    assert confirm(boss, address, wrong).status_code == 302
    assert Provider.objects.get(pk=cast.plain.pk).timeout == 31
    assert Provider.history.filter(id=cast.plain.pk).first().history_change_reason == changed["change_reason"]


def test_within_the_time_nothing_is_asked_and_the_password_starts_it_anew(boss: Client, cast: Any, clock: Any) -> None:
    address = reverse("admin:sms_route_delete", args=(cast.route.pk,))
    clock(LATER)
    page = boss.post(address, {"post": "yes"})
    assert confirm(boss, address, page).status_code == 302
    assert not Route.objects.exists()
    clock(LATER - 60)
    assert boss.post(reverse("admin:auth_group_add"), {"name": "Night"}).status_code == 302


def test_a_bulk_action_waits_too(boss: Client, cast: Any, clock: Any) -> None:
    clock(LATER)
    values = {"action": "delete_selected", "_selected_action": [cast.route.pk], "post": "yes"}
    address = reverse("admin:sms_route_changelist")
    page = boss.post(address, values)
    assert Route.objects.exists()
    confirm(boss, address, page)
    assert not Route.objects.exists()


def test_pages_and_other_changes_ask_for_nothing(boss: Client, cast: Any, clock: Any) -> None:
    clock(LATER)
    assert 'name="_password_again"' not in boss.get(reverse("admin:sms_provider_changelist")).content.decode()
    values = {"phone": "+994501112233", "reason": "asked"}
    assert boss.post(reverse("admin:sms_blockednumber_add"), values).status_code == 302


def test_a_dialog_leads_to_the_question_and_back(boss: Client, cast: Any, clock: Any) -> None:
    clock(LATER)
    dialog = reverse("admin:sms_apiclient_rotate", args=(cast.shop.pk,))
    digest = cast.shop.secret_digest
    for method in (boss.get, boss.post):
        sent = method(dialog, {"hours": 1, "_form_submitted": "on"}, headers=HTMX)
        assert sent["HX-Redirect"].startswith("/admin/tools/password/?next=")
    cast.shop.refresh_from_db()
    assert cast.shop.secret_digest == digest
    asked = boss.get(sent["HX-Redirect"])
    back = confirm(boss, sent["HX-Redirect"], asked)
    assert back["Location"] == HTMX["HX-Current-URL"]
    assert "dialog-form" in boss.get(dialog, headers=HTMX).content.decode()


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "\\\\evil", ""])
def test_the_question_leads_to_no_other_site(boss: Client, target: str) -> None:
    assert boss.get(reverse("admin:tools_password_again"), {"next": target})["Location"] == "/admin/"


@pytest.mark.parametrize("submitted", ["", "=", "%", "a", "éé", "AAAA" * 10])
def test_an_odd_submission_is_an_empty_or_wrong_form(boss: Client, cast: Any, clock: Any, submitted: str) -> None:
    clock(LATER)
    address = reverse("admin:sms_route_add")
    answer = boss.post(address, {"_submitted": submitted, "_password_again": PASSWORD})
    assert answer.status_code == 200
    assert Route.objects.count() == 1


def test_wrong_passwords_lock_as_at_the_log_in(boss: Client, cast: Any, clock: Any) -> None:
    clock(LATER)
    address = reverse("admin:sms_route_delete", args=(cast.route.pk,))
    page = boss.post(address, {"post": "yes"})
    for _ in range(settings.AXES_FAILURE_LIMIT):
        confirm(boss, address, page, "wrong")
    assert confirm(boss, address, page).status_code == 429
    assert Route.objects.exists()


def test_another_persons_password_does_not_do(boss: Client, cast: Any, clock: Any) -> None:
    get_user_model().objects.create_superuser("chief", password="another pass phrase")
    clock(LATER)
    address = reverse("admin:sms_route_delete", args=(cast.route.pk,))
    values = {"username": "chief", "_submitted": "", "_password_again": "another pass phrase"}
    assert "This password is wrong" in boss.post(address, values).content.decode()


def test_the_second_factor_waits_for_the_password(boss: Client, clock: Any) -> None:
    clock(LATER)
    address = reverse("admin:second_factor")
    page = boss.post(address)
    assert not TOTPDevice.objects.exists()
    assert 'id="totp"' in confirm(boss, address, page).content.decode()


def test_a_role_that_may_not_is_refused_after_the_password_too(person: Any, cast: Any, clock: Any) -> None:
    viewer = person("Viewer")
    clock(LATER)
    address = reverse("admin:sms_route_delete", args=(cast.route.pk,))
    page = viewer.post(address, {"post": "yes"})
    assert confirm(viewer, address, page).status_code == 403
    assert Route.objects.exists()


WITHOUT = {
    "accessrecord", "alert", "approvaldoubt", "attempt", "blockednumber", "bulkoperation", "callback",
    "callingaddress", "deliveryreport", "dispatcher",
    "inboundcall", "inboundmessage", "inboundpush", "message", "messagetemplate", "objective", "personaldatarecord",
    "refusalcount", "refusedrequest", "rentednumber", "sendername", "sharemove",
}  # fmt: skip
WITH = {
    "provider",
    "vendordescription",
    "route",
    "destination",
    "apiclient",
    "partner",
    "inboundgateway",
    "user",
    "group",
}


def test_each_model_of_the_admin_is_named_on_one_side() -> None:
    names = [name for name in get_resolver().namespace_dict["admin"][1].reverse_dict if isinstance(name, str)]
    found = {name: re.fullmatch(r"(?:sms|auth)_([a-z]+)_\w+", name) for name in names}
    sides = {model[1]: bool(SENSITIVE.fullmatch(name)) for name, model in found.items() if model}
    assert {name for name, asks in sides.items() if asks} == WITH
    assert {name for name, asks in sides.items() if not asks} == WITHOUT
