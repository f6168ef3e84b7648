"""What to submit: the texts that are not approved at a provider, in the vendor's form."""

from __future__ import annotations

import csv
import io
import re
from html import unescape

import pytest

from sms.models import MessageTemplate

PAGE = "/admin/tools/what-to-submit/"


def shown(client, provider) -> list[str]:
    html = client.get(PAGE, {"provider": provider.slug}).content.decode()
    return [unescape(text) for text in re.findall(r'class="vendor-text"[^>]*>(.*?)</p>', html)]


def test_a_text_that_is_approved_is_not_listed_and_a_changed_one_is(boss, cast):
    assert shown(boss, cast.templated) == []
    cast.template.body = "Dear {name}, it is on its way."
    cast.template.save()
    assert shown(boss, cast.templated) == ["Dear %1, it is on its way."]
    cast.template.body = "Hello {name}, it is on its way."
    cast.template.save()
    assert shown(boss, cast.templated) == []


@pytest.mark.parametrize("status", ["draft", "pending", "rejected"])
def test_an_approval_that_waits_gives_its_order_and_its_state(status, boss, cast):
    template = MessageTemplate.objects.create(name="new", body="Order {order} for {name}")
    template.approvals.create(provider=cast.templated, status=status, parameters=["name", "order"])
    assert shown(boss, cast.templated) == ["Order %2 for %1"]
    assert status in boss.get(PAGE, {"provider": cast.templated.slug}).content.decode()


def test_an_ended_approval_is_none(boss, cast):
    cast.template.approvals.update(status="ended")
    assert shown(boss, cast.templated) == ["Hello %1, it is on its way."]


def test_a_vendor_that_names_its_parameters_gets_names(boss, cast, monkeypatch):
    monkeypatch.setattr(cast.templated.adapter_class, "names_parameters", True)
    template = MessageTemplate.objects.create(name="new", body="Order {order}")
    template.approvals.create(provider=cast.templated, status="draft", parameters=[{"order": "order_code"}])
    assert shown(boss, cast.templated) == ["Order {order_code}"]


def test_what_the_vendor_can_not_carry_says_why(boss, cast):
    MessageTemplate.objects.create(name="new", body="{a} {b} {c} {d}")
    words = boss.get(PAGE, {"provider": cast.templated.slug}).content.decode()
    assert "this vendor accepts at most 3" in words


def test_the_file_has_the_same_and_runs_nothing_in_a_spreadsheet(boss, cast):
    MessageTemplate.objects.create(name="sum", body="=SUM({a})", placeholders={"a": "amount"})
    answer = boss.get(PAGE, {"provider": cast.templated.slug, "as": "csv"})
    assert answer.headers["Content-Type"].startswith("text/csv")
    [row] = csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode().lstrip("\ufeff")))
    assert (row["text"], row["parameters"], row["example"]) == ("'=SUM(%1)", "1 = a", "'=SUM(12.50)")


def test_a_provider_of_free_text_has_nothing_to_submit(boss, cast):
    html = boss.get(PAGE, {"provider": cast.plain.slug}).content.decode()
    assert f"?provider={cast.plain.slug}" not in html
