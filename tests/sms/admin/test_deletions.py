"""Rows that messages refer to can't be deleted, and the page that says so loads no messages."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sms.models import ApiClient, Provider

SURE = {"post": "yes"}


@pytest.fixture
def used(cast):
    for _ in range(30):
        cast.attempt(cast.message("delivered"))
    return cast


@pytest.mark.parametrize("model", [ApiClient, Provider])
def test_what_messages_need_stays_and_staff_read_why(boss, used, model):
    name = model._meta.model_name
    row = model.objects.get(pk=used.plain.pk) if model is Provider else model.objects.get()
    address = reverse(f"admin:sms_{name}_delete", args=(row.pk,))
    with CaptureQueriesContext(connection) as queries:
        page = boss.get(address)
    words = page.content.decode()
    assert f"{row} can&#x27;t be deleted: it has messages" in words
    assert len(page.content) < 60_000
    loaded = [
        query["sql"] for query in queries if 'FROM "sms_message"' in query["sql"] and "LIMIT 1" not in query["sql"]
    ]
    assert loaded == []
    assert boss.post(address, SURE).status_code in (200, 403)
    assert model.objects.filter(pk=row.pk).exists()


def test_ticked_rows_of_which_one_is_needed_all_stay(boss, used):
    ticked = {"action": "delete_selected", "_selected_action": [used.plain.pk, used.templated.pk]}
    boss.post(reverse("admin:sms_provider_changelist"), ticked | SURE)
    assert Provider.objects.count() == 2


def test_what_nothing_needs_goes(boss, cast):
    cast.plain.delete()
    unused = Provider.objects.create(slug="unused-az", vendor="plainvendor")
    assert boss.post(reverse("admin:sms_provider_delete", args=(unused.pk,)), SURE).status_code == 302
    assert not Provider.objects.filter(pk=unused.pk).exists()
