"""Which addresses the settings allow for providers and partners: in forms and files, and at each call."""

from __future__ import annotations

from django.conf import settings

from providers.base import Adapter, Sender
from providers.http import Client, url_problem


def client() -> Client:
    """A client for the calls of one thread."""
    return Client(allow_private=settings.ALLOW_PRIVATE_PROVIDER_HOSTS, neighbours=settings.NEIGHBOUR_HOSTS)


def address_problem(url: str, adapter: type[Adapter]) -> str | None:
    """A message for staff why a provider or partner can't have this address; None if it can."""
    return url_problem(
        url,
        allow_private=settings.ALLOW_PRIVATE_PROVIDER_HOSTS,
        scheme=adapter.scheme,
        neighbours=settings.NEIGHBOUR_HOSTS,
        is_base=issubclass(adapter, Sender),
    )
