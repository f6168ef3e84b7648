"""The adapters: those in the modules of `vendors`, and those of other packages. They are found once in each process."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module

from . import packages, vendors
from .base import (
    Accepted,
    Adapter,
    Carries,
    Failure,
    Forwarder,
    HttpRequest,
    HttpResponse,
    Misconfigured,
    OutboundSms,
    Sender,
)
from .marking import N_


def _adapters() -> Iterator[type[Adapter]]:
    """The adapter classes of each module, in the order of the modules' names."""
    for found in pkgutil.iter_modules(vendors.__path__, f"{vendors.__name__}."):
        module = import_module(found.name)
        own = (each for each in vars(module).values() if isinstance(each, type) and each.__module__ == found.name)
        yield from (each for each in own if issubclass(each, Adapter) and hasattr(each, "slug"))


_BUILT_IN = {each.slug: each for each in _adapters()}
_PACKAGED, FAULTS = packages.find(_BUILT_IN)
_FOUND = (*_BUILT_IN.values(), *_PACKAGED.values())
SENDERS: dict[str, type[Sender]] = {each.slug: each for each in _FOUND if issubclass(each, Sender)}
FORWARDERS: dict[str, type[Forwarder]] = {each.slug: each for each in _FOUND if issubclass(each, Forwarder)}


class Missing(Sender):
    """Takes the place of an adapter that can't be used: its accounts are shown, and their messages wait."""

    documents = ""
    default_base_url = ""
    carries = Carries.TEXT

    def request(self, sms: OutboundSms) -> HttpRequest:
        raise Misconfigured(Failure.CONFIG, "adapter_missing", why_missing(self.slug))

    def outcome(self, response: HttpResponse) -> Accepted:
        raise Misconfigured(Failure.CONFIG, "adapter_missing", why_missing(self.slug))


def sender_class(slug: str) -> type[Sender]:
    return SENDERS.get(slug) or type("Missing", (Missing,), {"slug": slug, "name": slug})


def why_missing(slug: str) -> str:
    """Why there is no adapter with this slug, and what to do, in words for staff."""
    if fault := FAULTS.get(slug):
        return f"{fault.problem} {fault.advice}"
    words = N_("There is no adapter {slug}. Install the package that brings it, and restart every process.")
    return words.format(slug=slug)
