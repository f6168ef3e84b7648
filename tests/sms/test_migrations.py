"""What an upgrade does to the rows of the version before it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from providers.registry import SENDERS
from sms.services.configuration import snapshot
from sms.services.monitoring import setup_checklist
from tests.sms.cast import TemplateOnly

BEFORE = "0005_waiting_reports"
TO = "+994501234567"


def migrate(name: str) -> Any:
    executor = MigrationExecutor(connection)
    executor.migrate([("sms", name)])
    return executor.loader.project_state([("sms", name)]).apps


@pytest.fixture
def upgraded(transactional_db, monkeypatch, settings):
    """Migrates to the state before, fills it, and migrates to today's."""
    settings.CONFIGURATION_MAX_AGE = 0.0
    monkeypatch.setitem(SENDERS, TemplateOnly.slug, TemplateOnly)
    latest = MigrationExecutor(connection).loader.graph.leaf_nodes("sms")[0][1]
    snapshot.reset_cache()

    def upgrade(fill) -> None:
        fill(migrate(BEFORE))
        migrate(latest)
        snapshot.reset_cache()

    yield upgrade
    migrate(latest)
    snapshot.reset_cache()


def fill(apps: Any) -> None:
    """A template that never changed, one whose text changed after its approval, one that changed in kinds alone."""
    models = {name: apps.get_model("sms", name) for name in ("Provider", "ProviderState", "Route", "RouteProvider")}
    provider = models["Provider"].objects.create(slug="only", vendor=TemplateOnly.slug)
    models["ProviderState"].objects.create(provider=provider)
    route = models["Route"].objects.create(prefix="+994")
    models["RouteProvider"].objects.create(route=route, provider=provider, position=1)
    sender = apps.get_model("sms", "SenderName").objects.create(name="AKINON")
    apps.get_model("sms", "SenderApproval").objects.create(sender=sender, provider=provider, status="approved")
    rows = {
        "kept": ["Kod {code}"],
        "changed": ["Salam {name}", "Hello {name}"],
        "same": ["Order {order}", " Order {order}\r\n"],
    }
    for number, (name, bodies) in enumerate(rows.items()):
        template = apps.get_model("sms", "MessageTemplate").objects.create(name=name, body=bodies[-1])
        for place, body in enumerate(bodies, 1):
            version = apps.get_model("sms", "TemplateVersion").objects.create(
                template=template, number=place, body=body
            )
        template.current_version = version
        template.save()
        approvals = apps.get_model("sms", "TemplateApproval").objects
        approvals.create(template=template, provider=provider, vendor_template=str(number), status="approved")
    apps.get_model("sms", "TemplateApproval").objects.create(
        template=apps.get_model("sms", "MessageTemplate").objects.create(name="draft", body="Draft"), provider=provider
    )


def test_what_was_sent_before_goes_on_and_what_is_uncertain_is_marked(upgraded):
    from sms.models import TemplateApproval

    upgraded(fill)
    now = snapshot.latest()
    for text, name in (("Kod 17", "kept"), ("Hello Aysel", "changed"), ("Order 7", "same")):
        decision = now.decide(text=text, sender="AKINON", to=TO, client=1, is_otp=False)
        assert [each.template for each in decision.eligible] == [name]
    marks = dict(TemplateApproval.objects.values_list("template__name", "needs_confirmation"))
    assert marks == {"kept": False, "changed": True, "same": False, "draft": False}
    assert TemplateApproval.objects.get(template__name="draft").version is None
    told = [
        step
        for section in setup_checklist.sections()
        for step in section.steps
        if step.title.startswith("Approved texts")
    ]
    assert [(step.done, step.says.split(":")[0]) for step in told] == [(False, "changed")]
