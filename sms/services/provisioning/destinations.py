"""[[destinations]]: countries that messages may or may not go to."""

from __future__ import annotations

from sms.models import Destination

from .location import Location
from .schema import DestinationTable
from .session import Session


def apply(table: DestinationTable, at: Location, session: Session) -> None:
    country = table.country
    session.declare(at, "country", "destination", country)
    row = Destination.objects.filter(country=country).first() or Destination(country=country)
    session.save(at, f"destination {country}", row, table.given("country"))
