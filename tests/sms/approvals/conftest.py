"""One template-only vendor with a registry of its own, a route to it, and the three ways of staff."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import pytest

from providers.base import FIXED_SENDER, ApprovalKind
from providers.registry import SENDERS
from sms.models import Provider
from sms.services.configuration import snapshot
from tests.sms import cast
from tests.sms.approvals.vendor import Registry
from tests.sms.approvals.ways import WAYS, Way


class TemplateOnly(cast.TemplateOnly):
    """The cast's vendor without a limit of its own."""

    max_length = None
    sender_rule = FIXED_SENDER
    doubted_approvals: ClassVar[Mapping[str, ApprovalKind]] = {"111": ApprovalKind.TEMPLATE}


@pytest.fixture
def only(db, monkeypatch, settings) -> Provider:
    settings.CONFIGURATION_MAX_AGE = 0.0
    monkeypatch.setitem(SENDERS, TemplateOnly.slug, TemplateOnly)
    snapshot.reset_cache()
    provider = cast.provider("only", TemplateOnly.slug)
    cast.route("+994", provider)
    cast.client()
    cast.sender("AKINON")
    return provider


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture(params=WAYS)
def way(request, only) -> Way:
    return WAYS[request.param]()
