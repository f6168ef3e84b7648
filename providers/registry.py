"""The adapters, found in the modules of `vendors`: a new vendor needs a new file and no change elsewhere."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module

from . import vendors
from .base import Adapter, Forwarder, Sender


def _adapters() -> Iterator[type[Adapter]]:
    """The adapter classes of each module, in the order of the modules' names."""
    for found in pkgutil.iter_modules(vendors.__path__, f"{vendors.__name__}."):
        module = import_module(found.name)
        own = (each for each in vars(module).values() if isinstance(each, type) and each.__module__ == found.name)
        yield from (each for each in own if issubclass(each, Adapter) and hasattr(each, "slug"))


_FOUND = tuple(_adapters())
SENDERS: dict[str, type[Sender]] = {each.slug: each for each in _FOUND if issubclass(each, Sender)}
FORWARDERS: dict[str, type[Forwarder]] = {each.slug: each for each in _FOUND if issubclass(each, Forwarder)}
