"""The snapshot of the configuration that each process caches."""

from __future__ import annotations

import pytest

from config import settings as configured
from sms.models import ConfigurationStamp, MessageTemplate, Provider, TemplateApproval
from sms.services.configuration import snapshot

LIVE_WITHIN = 2.0


@pytest.fixture
def clock(monkeypatch, settings):
    """The monotonic clock of this process, with the age that the product lets a copy have."""
    settings.CONFIGURATION_MAX_AGE = configured.CONFIGURATION_MAX_AGE
    hands = [1000.0]
    monkeypatch.setattr(snapshot.time, "monotonic", lambda: hands[0])
    return hands


def template_names(now: snapshot.Snapshot) -> list[str]:
    return [template.name for each in now.template_sets.values() for template in each.templates.values()]


def test_an_approved_template_is_live_within_two_seconds(shop, clock):
    assert template_names(snapshot.current()) == []
    template = MessageTemplate.objects.create(name="greeting", body="Salam {name}")
    template.approvals.create(provider=shop.first, vendor_template="1", status="approved")
    clock[0] += LIVE_WITHIN
    assert template_names(snapshot.current()) == ["greeting"]


def test_until_it_is_a_second_old_a_copy_costs_no_query(shop, clock, django_assert_num_queries):
    first = snapshot.current()
    clock[0] += 0.9 * configured.CONFIGURATION_MAX_AGE
    with django_assert_num_queries(0):
        assert snapshot.current() is first


def test_without_a_change_nothing_is_built_anew(shop, clock, django_assert_num_queries):
    first = snapshot.current()
    clock[0] += LIVE_WITHIN
    with django_assert_num_queries(1):  # the stamp alone
        assert snapshot.current() is first


@pytest.mark.parametrize("what", [Provider, MessageTemplate])
def test_what_staff_save_moves_the_stamp(shop, what):
    before = ConfigurationStamp.current()
    row = what.objects.first() or MessageTemplate(name="greeting", body="Salam {name}")
    row.save()
    assert ConfigurationStamp.current() > before


@pytest.fixture
def approved(shop):
    """Two templates approved at the first provider, and one at the second."""
    for number, provider in enumerate((shop.first, shop.first, shop.second)):
        template = MessageTemplate.objects.create(name=f"t{number}", body=f"Salam {{name}} {number}")
        template.approvals.create(provider=provider, vendor_template=f"v{number}", status="approved")
    return shop


def test_a_change_elsewhere_leaves_the_templates_with_their_index_as_they_are(approved):
    before = snapshot.latest()
    indexes = [each.index for each in before.template_sets.values()]
    approved.first.paused = True
    approved.first.save()
    after = snapshot.latest()
    assert after is not before
    assert [each.index for each in after.template_sets.values()] == indexes


def test_a_changed_template_leaves_the_text_that_was_approved(approved):
    changed = MessageTemplate.objects.get(name="t0")
    changed.body = "Hello {name}"
    changed.save()
    after = snapshot.latest().template_sets[approved.first.pk]
    assert after.match("Salam Aysel 0")[1].name == "t0"
    assert after.match("Hello Aysel") is None


def test_a_new_approval_is_read_and_it_alone(approved):
    before = snapshot.latest().template_sets[approved.first.pk]
    changed = MessageTemplate.objects.get(name="t0")
    changed.body = "Hello {name}"
    changed.save()
    changed.approvals.create(provider=approved.first, vendor_template="v0-new", status="approved")
    after = snapshot.latest().template_sets[approved.first.pk]
    assert after.match("Hello Aysel")[1].vendor_template == "v0-new"
    assert after.match("Salam Aysel 0")[1].vendor_template == "v0"
    assert {key: body for key, body in after.bodies if key in dict(before.bodies)} == dict(before.bodies)
    assert all(body is dict(after.bodies)[key] for key, body in before.bodies)


@pytest.mark.parametrize("column", [{"vendor_template": "v9"}, {"parameters": [{"name": "who"}]}])
def test_a_changed_approval_is_what_the_vendor_is_given(approved, column):
    snapshot.latest()
    [approval] = TemplateApproval.objects.filter(provider=approved.second)
    for name, value in column.items():
        setattr(approval, name, value)
    approval.save()
    [template] = snapshot.latest().template_sets[approved.second.pk].templates.values()
    assert (template.vendor_template, template.order) == (
        ("v9", (("name", "name"),)) if "vendor_template" in column else ("v2", (("name", "who"),))
    )


INVALID = [
    ("approval", {"parameters": ["gone"]}),
    ("approval", {"parameters": [[]]}),
    ("approval", {"text": "Salam %1 %2"}),
    ("version", {"placeholders": {"name": {"kind": "code", "min_length": 100}}}),
    ("version", {"placeholders": {"gone": "digits"}}),
    ("version", {"body": "Salam {name"}),
]
"""Rows that no form accepts: from a restored backup, or stored by the rules of an earlier version."""


@pytest.mark.parametrize(("owner", "columns"), INVALID)
def test_an_invalid_approval_does_not_stop_the_others(approved, owner, columns):
    snapshot.latest()
    row = TemplateApproval.objects.get(vendor_template="v0")
    rows = TemplateApproval.objects.filter(pk=row.pk) if owner == "approval" else row.template.versions
    rows.update(**columns)
    for note in ("first", "second"):  # the second time, the other row of this provider is built from the snapshot
        other = TemplateApproval.objects.get(template__name="t1")
        other.vendor_template = note
        other.save()
        found = snapshot.latest().template_sets[approved.first.pk]
        assert found.match("Salam Aysel 0") is None
        assert found.match("Salam Aysel 1")[1].vendor_template == note
