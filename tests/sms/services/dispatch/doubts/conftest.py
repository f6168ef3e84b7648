"""Approvals that a vendor forgets."""

from __future__ import annotations

import pytest

from providers.registry import SENDERS
from sms.models import (
    Provider,
    SenderApproval,
)
from tests.sms.services.dispatch.doubts.vendor import approve
from tests.sms.services.fakes import ApprovingVendor, TemplateVendor


@pytest.fixture
def vendor(shop, wire, monkeypatch):
    """The first provider takes templates and sender names that it knows; the second any text."""
    monkeypatch.setitem(SENDERS, TemplateVendor.slug, TemplateVendor)
    Provider.objects.filter(pk=shop.first.pk).update(vendor=TemplateVendor.slug)
    shop.first.refresh_from_db()
    SenderApproval.objects.create(sender=shop.sender, provider=shop.first, status="approved")
    vendor = wire.always["first.example"] = ApprovingVendor("7")
    return vendor


@pytest.fixture
def approval(shop, vendor):
    return approve("code", shop.first, "7")


@pytest.fixture
def only(shop, approval):
    """No other provider is on the route."""
    shop.set_route(shop.first)
    return approval
