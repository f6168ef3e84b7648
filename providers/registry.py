"""The adapters: those in the modules of `vendors`, those of other packages, and those that staff have described.

The first two are found once in each process. The described ones follow what is stored: see `describe`.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import NamedTuple

from . import described, packages, vendors
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
from .packages import Fault


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
"""By slug. `describe` changes it while other threads read it: iterate over a copy, such as `sorted(SENDERS)`."""
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


class _Described(NamedTuple):
    text: str
    loaded: type[Sender] | Fault


_described: dict[str, _Described] = {}


def describe(texts: Mapping[str, str]) -> None:
    """Use these descriptions, by slug, instead of those of the last call. Those with the same text stay as they are.

    One that can't be used is a fault, and its accounts are shown as without an adapter.
    """
    for slug in _described.keys() - texts.keys():
        _replace(slug, None)
        del _described[slug]
    for slug, text in texts.items():
        if slug not in _described or _described[slug].text != text:
            loaded = _load(slug, text)
            _replace(slug, loaded)
            _described[slug] = _Described(text, loaded)


def is_described(slug: str) -> bool:
    return slug in _described


def is_taken(slug: str) -> bool:
    """Whether this is the slug of an adapter, or of one that can't be used, that is not described."""
    return slug in FORWARDERS or not _is_ours(slug, SENDERS.get(slug)) or not _is_ours(slug, FAULTS.get(slug))


def _is_ours(slug: str, used: type[Sender] | Fault | None) -> bool:
    return used is None or (slug in _described and used is _described[slug].loaded)


def _replace(slug: str, loaded: type[Sender] | Fault | None) -> None:
    """At once, so that other threads find the adapter of the old text or that of the new one."""
    before = _described[slug].loaded if slug in _described else None
    if isinstance(loaded, type):
        SENDERS[slug] = loaded
    elif SENDERS.get(slug) is before:
        SENDERS.pop(slug, None)
    if FAULTS.get(slug) is before:
        FAULTS.pop(slug, None)
    if isinstance(loaded, Fault):
        FAULTS.setdefault(slug, loaded)


def _load(slug: str, text: str) -> type[Sender] | Fault:
    if is_taken(slug):
        words = N_("The vendor description {slug} is not used: there is another adapter of this name.")
        advice = N_("Describe the vendor under another slug, and delete this description.")
        return Fault(words.format(slug=slug), advice, is_collision=True)
    try:
        adapter = described.load(text)
        if adapter.slug == slug:
            return adapter
        problem = N_("It has another slug.")
    except described.DescriptionError as error:
        problem = "; ".join(problems_in(error))[:300]
    except Exception as error:  # whatever it is, the other vendors are used
        problem = f"{type(error).__name__}: {error}"[:300]
    words = N_("The vendor description {slug} can't be used: {problem_text}")
    advice = N_("Correct it in the admin, Configure, Vendor descriptions.")
    return Fault(words.format(slug=slug, problem_text=problem), advice)


def problems_in(error: described.DescriptionError) -> list[str]:
    """Each with its place, if it has one."""
    return [f"{each.place}: {each.text}".removeprefix(": ") for each in error.problems]
