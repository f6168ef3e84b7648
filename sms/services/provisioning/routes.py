"""[[routes]]: which providers carry messages to which numbers."""

from __future__ import annotations

from sms.models import ApiClient, Provider, Route

from .reader import Entry
from .session import Desk


def apply(entry: Entry, desk: Desk) -> None:
    prefix = entry.text("prefix", required=True)
    is_otp = entry.boolean("is_otp")
    username = entry.text("client")
    client = desk.find(entry, "client", ApiClient, "client", username=username) if username else None
    values = {
        "otp_ttl": entry.integer("otp_ttl"),
        "ttl": entry.integer("ttl"),
        "resend_unconfirmed_otp": entry.boolean("resend_unconfirmed_otp"),
    }
    providers = _providers(entry, desk)
    if prefix is None or not (entry.is_sound_at("client") and entry.is_sound_at("is_otp")):
        return
    desk.declare(entry, "prefix", "route", (prefix, username, is_otp))
    if username and client is None:
        return
    identity = {"prefix": prefix, "client": client, "is_otp": is_otp}
    # filter(client=None) asks for NULL, as it should
    route = Route.objects.filter(**identity).first() or Route(**identity)
    if route._state.adding and "providers" not in entry.values:
        entry.mistake("providers", "is missing")
    if desk.save(entry, f"route {route}", route, values) and providers is not None:
        _set_providers(route, providers, desk)


def _providers(entry: Entry, desk: Desk) -> list[Provider] | None:
    slugs = entry.texts("providers")
    if slugs is None:
        return None
    found = [desk.find(entry, f"providers[{i}]", Provider, "provider", slug=slug) for i, slug in enumerate(slugs)]
    return [provider for provider in found if provider]


def _set_providers(route: Route, providers: list[Provider], desk: Desk) -> None:
    """Make these the route's providers, the first one preferred."""
    stored = [step.provider_id for step in route.steps.all()]
    if stored == [provider.pk for provider in providers]:
        return
    route.steps.all().delete()
    for position, provider in enumerate(providers, start=1):
        route.steps.create(provider=provider, position=position)
    desk.note(f"route {route}", f"providers {', '.join(map(str, providers)) or 'none'}")
