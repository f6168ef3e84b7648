"""Makes the vendors that staff have described known to this process, beside the adapters in code."""

from __future__ import annotations

from providers import registry
from sms.models import Provider, VendorDescription


def register() -> None:
    """As they are stored now. Each new snapshot calls it, so that they are known wherever one is used."""
    registry.describe(dict(VendorDescription.objects.values_list("slug", "text")))


def accounts_of(*slugs: str) -> list[str]:
    """The providers at these vendors."""
    return list(Provider.objects.filter(vendor__in=slugs).order_by("slug").values_list("slug", flat=True))
