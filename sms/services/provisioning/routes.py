"""[[destinations]] and [[routes]]: allowed destination countries, and the providers for each prefix."""

from __future__ import annotations

from sms.models import ApiClient, Destination, Provider, Route

from .location import Location
from .schema import DestinationTable, RouteTable
from .session import Session


def apply_destination(table: DestinationTable, at: Location, session: Session) -> None:
    country = table.country
    session.declare(at, "country", "destination", country)
    row = Destination.objects.filter(country=country).first() or Destination(country=country)
    session.save(at, f"destination {country}", row, table.given("country"))


def apply_route(table: RouteTable, at: Location, session: Session) -> None:
    client = session.find(at, "client", ApiClient, "client", username=table.client) if table.client else None
    providers = session.find_all(at, "providers", Provider, "provider", "slug", table.providers)
    if not (at.is_valid("client") and at.is_valid("is_otp")):
        return
    session.declare(at, "prefix", "route", (table.prefix, table.client, table.is_otp))
    if table.client and client is None:
        return
    identity = {"prefix": table.prefix, "client": client, "is_otp": table.is_otp}
    # filter(client=None) asks for NULL, as it should
    route = Route.objects.filter(**identity).first() or Route(**identity)
    session.require(at, route, table, "providers")
    values = table.given(*identity, "providers")
    if session.save(at, f"route {route}", route, values) and "providers" in table.model_fields_set:
        _set_providers(route, providers, session)


def _set_providers(route: Route, providers: list[Provider], session: Session) -> None:
    """Make these the route's providers, the first one preferred."""
    stored = [step.provider_id for step in route.steps.all()]
    if stored == [provider.pk for provider in providers]:
        return
    route.steps.all().delete()
    for position, provider in enumerate(providers, start=1):
        route.steps.create(provider=provider, position=position)
    session.note(f"route {route}", f"providers {', '.join(map(str, providers)) or 'none'}")
