"""[[objectives]]: what share of messages must go well."""

from __future__ import annotations

from sms.models import Objective, Provider

from .location import Location
from .schema import ObjectiveTable
from .session import Session


def apply(table: ObjectiveTable, at: Location, session: Session) -> None:
    provider = session.find(at, "provider", Provider, "provider", slug=table.provider) if table.provider else None
    if (table.provider and provider is None) or not all(at.is_valid(key) for key in ("provider", "country", "is_otp")):
        return
    session.declare(at, "provider", "objective", (table.provider, table.country, table.is_otp))
    identity = {"provider": provider, "country": table.country, "is_otp": table.is_otp}
    row = Objective.objects.filter(**identity).first() or Objective(**identity)
    session.save(at, f"objective {row}", row, table.given(*identity))
