"""The page of bulk operations: who may start which, what the check shows, and the record."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse

from sms.models import BulkOperation, Route
from sms.services.database.clock import now
from sms.services.database.uuid_range import min_id
from sms.services.staff import bulk_operations
from tests.sms.admin.conftest import PHONE

BULK = "/admin/tools/bulk/"


def started(client, query: str, **fields: str) -> BulkOperation | None:
    client.post(f"{BULK}?{query}", {"reason": "plain is down", **fields})
    return BulkOperation.objects.first()


def test_a_move_is_checked_then_started_and_its_page_shows_it(boss, cast):
    for _ in range(3):
        cast.message("queued")
    cast.message("queued", text="No template gives this.")
    query = f"kind=move&view=waiting&provider={cast.plain.pk}"
    assert 'name="reason"' not in boss.get(f"{BULK}?{query}").content.decode()
    page = boss.get(f"{BULK}?{query}&target={cast.templated.pk}").content.decode()
    assert "3 of 4 checked messages can be processed now." in page
    assert "None of the templates approved at this provider gives exactly this text." in page
    operation = started(boss, f"{query}&target={cast.templated.pk}")
    assert (operation.kind, operation.provider, operation.expected, operation.actor) == (
        "move",
        cast.templated,
        4,
        "boss",
    )
    shown = boss.get(reverse("admin:sms_bulkoperation_change", args=(operation.pk,))).content.decode()
    assert "data-admin-refresh" in shown
    assert "plain is down" in shown


def test_one_time_passwords_are_counted_among_a_bounded_number_of_messages(boss, cast, monkeypatch):
    for is_otp in (False, True):
        cast.message("unconfirmed", is_otp=is_otp)
    query = f"{BULK}?kind=resolve&view=unconfirmed"
    assert "<dt>One-time passwords</dt><dd>1</dd>" in boss.get(query).content.decode()
    monkeypatch.setattr(bulk_operations, "MAX_SEARCHED", 1)
    page = boss.get(query).content.decode()
    assert "<dt>Messages</dt><dd>2</dd>" in page
    assert "One-time passwords" not in page


@pytest.mark.parametrize("fields", [{"reason": ""}, {"reason": " "}])
def test_a_reason_is_required(fields, boss, cast):
    cast.message("queued")
    assert started(boss, "kind=cancel&view=waiting", **fields) is None


def test_messages_are_resolved_only_with_an_answer(boss, cast):
    cast.message("unconfirmed")
    assert started(boss, "kind=resolve&view=unconfirmed") is None
    assert started(boss, "kind=resolve&view=unconfirmed", went_out="no").went_out is False


@pytest.mark.parametrize("kind", BulkOperation.Kind.values)
@pytest.mark.parametrize("role", ["Viewer", "Template editor"])
def test_roles_without_the_actions_start_nothing(kind, role, person, cast):
    cast.message("queued")
    cast.message("unconfirmed")
    client = person(role)
    for view in ("waiting", "unconfirmed", "failed"):
        page = client.get("/admin/sms/message/", {"view": view}).content.decode()
        assert BULK not in page
    assert client.post(f"{BULK}?kind={kind}&view=waiting", {"reason": "x", "went_out": "yes"}).status_code == 403
    assert client.get("/admin/sms/bulkoperation/").status_code == 200


@pytest.mark.parametrize(
    ("view", "labels"),
    [
        ("waiting", ["Move all waiting messages", "Cancel all"]),
        ("unconfirmed", ["Resolve all"]),
        ("failed", ["Resend all"]),
        ("otp", []),
    ],
)
def test_the_list_offers_what_fits_its_view(view, labels, person, cast):
    offered = person("Operator").get("/admin/sms/message/", {"view": view, "provider": cast.plain.pk}).context["bulk"]
    assert [str(label) for _, label in offered] == labels
    for address, _label in offered:
        assert parse_qs(urlsplit(address).query)["provider"] == [str(cast.plain.pk)]


def test_a_search_and_a_text_are_no_filters(boss, cast):
    cast.message("queued")
    for name, value in (("q", PHONE), ("text__contains", "Hello"), ("credentials", "x")):
        page = boss.get(BULK, {"kind": "cancel", "view": "waiting", name: value}).content.decode()
        assert "Messages can&#x27;t be selected by" in page
        boss.post(f"{BULK}?kind=cancel&view=waiting&{name}=x", {"reason": "x"})
    assert not BulkOperation.objects.exists()


@pytest.mark.parametrize("query", ["period=1h", "created_at_from_0=2026-01-01", "created_at_to_0=2999-01-01"])
def test_a_time_filter_of_the_list_is_kept(query, boss, cast):
    cast.message("failed")
    cast.message("failed", id=min_id(now() - timedelta(days=999)))
    page = boss.get(f"{BULK}?kind=resend&view=failed&{query}")
    assert page.context["preview"].total == (2 if "to_0" in query else 1)


def test_an_operation_is_stopped_with_a_reason(boss, cast):
    cast.message("queued")
    operation = started(boss, "kind=cancel&view=waiting")
    address = reverse("admin:sms_bulkoperation_stop", args=(operation.pk,))
    boss.post(address, {"reason": "a mistake", "_form_submitted": "on"})
    operation.refresh_from_db()
    assert operation.state == "stopped"
    page = boss.get(reverse("admin:sms_bulkoperation_change", args=(operation.pk,))).content.decode()
    assert "data-admin-refresh" not in page


def test_a_route_that_changes_offers_to_move_what_waits(boss, cast):
    cast.message("queued")
    first, second = cast.route.steps.order_by("position")
    values = {
        "prefix": "+994",
        "otp_ttl": 300,
        "share_moves": "advise",
        "ttl": 86400,
        "enabled": "on",
        "change_reason": "plain is down",
        "steps-TOTAL_FORMS": 2,
        "steps-INITIAL_FORMS": 2,
        "steps-0-id": first.pk,
        "steps-0-route": cast.route.pk,
        "steps-0-position": 3,
        "steps-0-provider": cast.plain.pk,
        "steps-1-id": second.pk,
        "steps-1-route": cast.route.pk,
        "steps-1-position": 2,
        "steps-1-provider": cast.templated.pk,
    }
    page = boss.post(reverse("admin:sms_route_change", args=(cast.route.pk,)), values, follow=True).content.decode()
    assert list(Route.objects.get().steps.order_by("position").values_list("provider", flat=True)) == [
        cast.templated.pk,
        cast.plain.pk,
    ]
    assert "1 message still waits at plain-az." in page
    assert f"provider={cast.plain.pk}&amp;target={cast.templated.pk}" in page


def test_a_pause_offers_to_move_what_waits(boss, cast):
    cast.message("queued")
    page = boss.post(f"/admin/tools/providers/{cast.plain.pk}/pause/", {"reason": "x"}, follow=True).content.decode()
    assert "still waits at plain-az." in page
