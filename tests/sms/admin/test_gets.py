"""A GET changes nothing, anywhere in the admin."""

from __future__ import annotations

import hashlib

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, reverse

from sms.models import AccessRecord, Partner, Provider
from sms.services.configuration import snapshot

from .conftest import HOSTILE

WATCHED = ("sms", "auth", "admin", "otp_totp")
READS = ("SELECT ", "SAVEPOINT ", "RELEASE SAVEPOINT ")
"""A page that asks no more than this is not worth a look through every table."""


def fingerprint() -> dict[str, str]:
    """One digest of each table's rows, without sessions and without the record of exports."""
    found = {}
    for app in WATCHED:
        for model in set(apps.get_app_config(app).get_models(include_auto_created=True)) - {AccessRecord}:
            rows = sorted(map(repr, model._base_manager.values_list()))
            found[model._meta.label] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return found


def changed_since(before: dict[str, str]) -> set[str]:
    return {label for label, digest in fingerprint().items() if before[label] != digest}


def patterns(found: list, prefix: str = "") -> list[tuple[str, URLPattern]]:
    flat: list[tuple[str, URLPattern]] = []
    for pattern in found:
        at = prefix + str(pattern.pattern)
        flat += patterns(pattern.url_patterns, at) if isinstance(pattern, URLResolver) else [(at, pattern)]
    return flat


def row_of(model) -> object:
    first = model._default_manager.first()
    return first.pk if first is not None else "1"


def every_address(cast) -> set[str]:
    """Each named page of the site, with a real row where it takes one."""
    admin.autodiscover()  # the URLs do this when they are first used, which may be later in a run of this file alone
    addresses = set()
    rows = {f"{m._meta.app_label}_{m._meta.model_name}": row_of(m) for m in admin.site._registry}
    for at, pattern in patterns(admin.site.get_urls()):
        name = pattern.name
        if name is None or name == "logout":
            continue
        owner = next((key for key in sorted(rows, key=len, reverse=True) if name.startswith(f"{key}_")), None)
        takes = set(pattern.pattern.converters)
        if not takes and "(" not in at:
            addresses.add(reverse(f"admin:{name}"))
        elif takes == {"object_id"} and owner:
            addresses.add(reverse(f"admin:{name}", args=(rows[owner],)))
        elif takes == {"provider_id", "name"}:
            addresses |= {
                reverse(f"admin:{name}", args=(cast.plain.pk, verb)) for verb in ("test", "probe", "pause", "resume")
            }
    return addresses


def test_a_get_changes_nothing_anywhere(boss, cast):
    cast.everything()
    addresses = every_address(cast)
    for needed in ("resend", "settle", "cancel", "reveal", "rotate", "remove_second_factor", "second-factor", "pause"):
        assert any(needed in address for address in addresses), needed
    before = fingerprint()
    for address in sorted(addresses):
        with CaptureQueriesContext(connection) as queries:
            answer = boss.get(address, {"reason": "x", "_form_submitted": "on", "post": "yes"})
            if answer.status_code == 400:  # a list refuses parameters that are not its own
                answer = boss.get(address)
        assert answer.status_code in (200, 302, 403, 404, 405), (address, answer.status_code)
        if not all(query["sql"].startswith(READS) for query in queries):
            assert changed_since(before) == set(), address
    assert changed_since(before) == set()  # whatever the statements looked like


@pytest.mark.any_database
def test_every_page_opens_where_the_adapters_are_missing(boss, cast):
    cast.everything()
    Provider.objects.update(vendor="gone")
    Partner.objects.update(vendor="gone")
    snapshot.reset_cache()
    for address in sorted(every_address(cast)):
        assert boss.get(address).status_code in (200, 302, 403, 404, 405), address


@pytest.mark.any_database
def test_no_page_shows_a_secret_or_a_hidden_character(boss, cast):
    cast.everything()
    cast.refusal(sender=HOSTILE, nearest=HOSTILE)
    for address in sorted(every_address(cast)):
        page = boss.get(address)
        if page.streaming:
            continue
        text = page.content.decode()
        for secret in ("s3cret-token", "other-token", cast.secret, cast.shop.secret_digest):
            assert secret not in text, address
        assert "<b x-init" not in text, address
        assert "\u202e" not in text, address
