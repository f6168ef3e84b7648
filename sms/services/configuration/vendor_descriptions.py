"""Makes the vendors that staff have described known to this process, beside the adapters in code."""

from __future__ import annotations

from typing import cast

from django.core.exceptions import ValidationError

from providers import registry
from providers.described import Described, Statement, statements
from sms.domain.text import visible
from sms.models import Provider, VendorDescription
from sms.models.vendor_description import loaded


def register() -> None:
    """As they are stored now. Each new snapshot calls it, so that they are known wherever one is used."""
    registry.describe(dict(VendorDescription.objects.values_list("slug", "text")))


def accounts_of(*slugs: str) -> list[str]:
    """The providers at these vendors."""
    return list(Provider.objects.filter(vendor__in=slugs).order_by("slug").values_list("slug", flat=True))


def new_statements(before: str, after: str) -> list[str]:
    """What only the new text states to be safe, such as `class = "transient": 7, 9`."""
    found: dict[str, list[str]] = {}
    for what, about in sorted(_statements(after) - _statements(before)):
        found.setdefault(what, []).append(about)
    return [visible(f"{what}: {', '.join(about)}".removesuffix(": ")) for what, about in found.items()]


def _statements(text: str) -> frozenset[Statement]:
    try:
        return statements(cast(type[Described], loaded(text)).description)
    except ValidationError:
        return frozenset()
