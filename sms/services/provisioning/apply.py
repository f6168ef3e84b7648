"""Declares what a provisioning file names: clients, providers, senders, templates, routes and the rest.

Only what the file names is touched, all of it or nothing, and a second run changes nothing. The format stands in
`shop.example.toml`; each section is a module here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction

from sms.domain.text_files import UnreadableTextError, decoded
from sms.services.templates.unmatched import approved_texts

from . import blocked, clients, gateways, partners, providers, routes, senders, templates
from .reader import Entry, Mistake, entries
from .session import Change, Desk

__all__ = ["Change", "Desk", "Mistake", "ProvisioningError", "provision", "read"]

SECTIONS: dict[str, Callable[[Entry, Desk], None]] = {
    "providers": providers.apply,
    "senders": senders.apply,
    "clients": clients.apply,
    "templates": templates.apply,
    "routes": routes.apply,
    "blocked_numbers": blocked.apply,
    "partners": partners.apply_partner,
    "rented_numbers": partners.apply_number,
    "inbound_gateways": gateways.apply,
}
"""In this order, so that what an entry refers to is there."""


class ProvisioningError(Exception):
    """The file can't be carried out; nothing was changed."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = mistakes


def read(content: bytes) -> dict[str, Any]:
    """The file's tables. Raises ProvisioningError."""
    try:
        return tomllib.loads(decoded(content))
    except UnreadableTextError as error:
        raise ProvisioningError([Mistake("file", str(error))]) from error
    except tomllib.TOMLDecodeError as error:
        raise ProvisioningError([Mistake("file", f"this is no TOML: {error}")]) from error


@transaction.atomic
def provision(declared: Mapping[str, Any], *, check_only: bool = False) -> Desk:
    """Carry the tables out, in one transaction; `check_only` only finds what would change.

    Returns the changes and the generated passwords. Raises ProvisioningError with every mistake.
    """
    desk = Desk()
    before = approved_texts() if "templates" in declared else []
    for name in declared:
        if name not in SECTIONS:
            desk.mistakes.append(Mistake(name, f"unknown table; known are {', '.join(SECTIONS)}"))
    for name, apply in SECTIONS.items():
        for entry in _entries(name, declared.get(name, []), desk):
            apply(entry, desk)
            entry.finish()
    if desk.mistakes:
        raise ProvisioningError(_in_file_order(desk.mistakes, list(declared)))
    templates.note_shared_ids(desk)
    if "templates" in declared:
        templates.note_effect(desk, before)
    if check_only:
        transaction.set_rollback(True)
    return desk


def _entries(name: str, value: object, desk: Desk) -> list[Entry]:
    if isinstance(value, list):
        return entries(name, value, desk.mistakes)
    desk.mistakes.append(Mistake(name, f"must be an array of tables; write [[{name}]]"))
    return []


def _in_file_order(mistakes: list[Mistake], sections: list[str]) -> list[Mistake]:
    place = {name: number for number, name in enumerate(sections)}
    return sorted(mistakes, key=lambda mistake: place.get(mistake.path.partition("[")[0], -1))
