"""Finds the adapters of other installed packages: the entry points of the group `sms_desk.providers`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from itertools import groupby

from .base import Adapter
from .marking import N_

GROUP = "sms_desk.providers"
BUILT_IN = "sms-desk"
"""How a collision names the product itself."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a package's adapter is not used, and what to do. A collision may concern an adapter that is used."""

    problem: str
    advice: str
    is_collision: bool = False


def find(built_in: Collection[str]) -> tuple[dict[str, type[Adapter]], dict[str, Fault]]:
    """The adapters that can be used, and the faults, by their slugs in alphabetical order.

    An entry point has the name of its adapter's slug, so that an adapter that can't be imported has a slug, too.
    """
    found: dict[str, type[Adapter]] = {}
    faults: dict[str, Fault] = {}
    try:
        ordered = sorted(entry_points(group=GROUP), key=lambda each: (each.name, _package(each), each.value))
    except Exception as error:  # the product's own adapters are used all the same
        return {}, {"?": _unreadable(error)}
    for slug, same in groupby(ordered, key=lambda each: each.name):
        entries = list(same)
        loaded = _collision(slug, entries, built_in) or _load(entries[0])
        if isinstance(loaded, Fault):
            faults[slug] = loaded
        else:
            found[slug] = loaded
    return found, faults


def _unreadable(error: Exception) -> Fault:
    words = N_("The file entry_points.txt of an installed package can't be read: {error_text}")
    advice = N_("Install the package that was installed or changed last again, and restart every process.")
    return Fault(words.format(error_text=f"{type(error).__name__}: {error}"[:300]), advice)


def _collision(slug: str, entries: list[EntryPoint], built_in: Collection[str]) -> Fault | None:
    packages = [BUILT_IN] * (slug in built_in) + [_package(each) for each in entries]
    if len(packages) == 1:
        return None
    words = N_("More than one package brings an adapter {slug}: {packages}.")
    advice = N_("Uninstall all of these packages but one, and restart every process.")
    return Fault(words.format(slug=slug, packages=", ".join(packages)), advice, is_collision=True)


def _load(entry: EntryPoint) -> type[Adapter] | Fault:
    from .contract import first_problem  # it imports pydantic, with 8 MB: only where a package brings an adapter

    try:
        adapter = entry.load()
        problem = first_problem(adapter)
    except (Exception, SystemExit) as error:  # whatever it is, the other vendors are used
        adapter, problem = None, f"{type(error).__name__}: {error}"[:300]
    if not problem and adapter.slug != entry.name:
        words = N_("Its slug is {slug}, and its entry point has another name.")
        problem = words.format(slug=adapter.slug)
    if not problem:
        return adapter  # type: ignore[no-any-return]  # first_problem has checked it
    words = N_("The adapter {slug} of the package {package} can't be used: {problem_text}")
    advice = N_("Correct or update this package, and restart every process.")
    return Fault(words.format(slug=entry.name, package=_package(entry), problem_text=problem), advice)


def _package(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "?"
