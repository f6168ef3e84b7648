"""Two people with the same form open: the second one is told before the change of the first one is lost."""

from __future__ import annotations

import pytest
from django.test import Client

from sms.models import MessageTemplate, Provider, Route, SenderName
from tests.sms.admin.conftest import HOSTILE
from tests.support.staff import Fields, form_in

STALE = "The data has changed since this page was shown."


def opened(client: Client, address: str) -> Fields:
    return form_in(client.get(address).content.decode())


def saved(client: Client, address: str, form: Fields, **changes: str) -> str:
    """The page after it: "" if the form was saved."""
    answer = client.post(address, {**form, "change_reason": "A reason", **changes})
    return "" if answer.status_code == 302 else answer.content.decode()


def route(cast) -> tuple[str, str, str]:
    return f"/admin/sms/route/{cast.route.pk}/change/", "ttl", "7200"


def step(cast) -> tuple[str, str, str]:
    first = cast.route.steps.order_by("position").first()
    first.provider = cast.plain
    first.save()
    cast.route.steps.exclude(pk=first.pk).delete()
    return f"/admin/sms/route/{cast.route.pk}/change/", "steps-0-provider", str(cast.templated.pk)


def provider(cast) -> tuple[str, str, str]:
    return f"/admin/sms/provider/{cast.plain.pk}/change/", "paused", "on"


def template(cast) -> tuple[str, str, str]:
    row = MessageTemplate.objects.first()
    return f"/admin/sms/messagetemplate/{row.pk}/change/", "name", "another-name"


def approval(cast) -> tuple[str, str, str]:
    row = MessageTemplate.objects.filter(approvals__isnull=False).first()
    return f"/admin/sms/messagetemplate/{row.pk}/change/", "approvals-0-status", "ended"


def sender(cast) -> tuple[str, str, str]:
    row = SenderName.objects.create(name="MYSHOP")
    return f"/admin/sms/sendername/{row.pk}/change/", "name", "OTHER"


def client(cast) -> tuple[str, str, str]:
    return f"/admin/sms/apiclient/{cast.shop.pk}/change/", "rate_limit", "77"


CHANGES = (route, step, provider, template, approval, sender, client)


@pytest.mark.parametrize("change", CHANGES)
def test_the_second_of_two_changes_is_refused_until_it_is_saved_again(change, boss, cast):
    address, field, value = change(cast)
    form = opened(boss, address)
    assert saved(boss, address, form, **{field: value}) == ""
    page = saved(boss, address, form)
    assert STALE in page
    assert opened(boss, address)[field] == value
    assert saved(boss, address, form, seen_values=form_in(page)["seen_values"]) == ""
    assert opened(boss, address).get(field, "") == form.get(field, "")


@pytest.mark.parametrize("change", CHANGES)
def test_a_form_that_was_saved_may_be_saved_again_after_it_was_opened_again(change, boss, cast):
    address, field, value = change(cast)
    assert saved(boss, address, opened(boss, address), **{field: value}) == ""
    assert saved(boss, address, opened(boss, address)) == ""


def test_what_the_form_does_not_change_makes_it_not_stale(boss, cast):
    address, _, _ = provider(cast)
    form = opened(boss, address)
    cast.plain.state.breaker = "open"
    cast.plain.state.save()
    assert saved(boss, address, form) == ""


def test_a_change_by_the_machine_counts_and_hidden_characters_do_not_disturb(boss, cast):
    Provider.objects.filter(pk=cast.plain.pk).update(slug="plain-az")
    Route.objects.filter(pk=cast.route.pk).update(ttl=100)
    address, _, _ = route(cast)
    form = opened(boss, address)
    Route.objects.filter(pk=cast.route.pk).update(ttl=200)
    assert STALE in saved(boss, address, form)
    assert STALE in saved(boss, address, form, seen_values=HOSTILE)
