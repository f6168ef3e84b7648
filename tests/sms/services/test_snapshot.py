"""The copy of the configuration that each process keeps."""

from __future__ import annotations

import pytest

from config import settings as configured
from sms.models import ConfigurationStamp, MessageTemplate, Provider
from sms.services import snapshot

LIVE_WITHIN = 2.0


@pytest.fixture
def clock(monkeypatch, settings):
    """The monotonic clock of this process, with the age that the product lets a copy have."""
    settings.CONFIGURATION_MAX_AGE = configured.CONFIGURATION_MAX_AGE
    hands = [1000.0]
    monkeypatch.setattr(snapshot.time, "monotonic", lambda: hands[0])
    return hands


def shelves(now: snapshot.Snapshot) -> list[str]:
    return [template.name for shelf in now.shelves.values() for template in shelf.templates.values()]


def test_an_approved_template_is_live_within_two_seconds(shop, clock):
    assert shelves(snapshot.current()) == []
    template = MessageTemplate.objects.create(name="greeting", body="Salam {name}")
    template.approvals.create(provider=shop.first, vendor_template="1", status="approved")
    clock[0] += LIVE_WITHIN
    assert shelves(snapshot.current()) == ["greeting"]


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
