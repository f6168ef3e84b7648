"""Checks whether FIELD_ENCRYPTION_KEYS decrypt the stored credentials, for process starts, `check` and /readyz."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from django.db import Error

from sms.models import Partner, Provider, UnreadableSecret

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class StoredSecrets:
    """How many accounts have credentials, and the names of those that no key opens."""

    total: int
    unreadable: tuple[str, ...]

    @property
    def is_none_readable(self) -> bool:
        return bool(self.unreadable) and len(self.unreadable) == self.total

    @property
    def problem(self) -> str:
        """In words, with the names; empty where every stored secret can be read."""
        if not self.unreadable:
            return ""
        counts = f"FIELD_ENCRYPTION_KEYS open none of the credentials of {', '.join(self.unreadable)}"
        return f"{counts} ({len(self.unreadable)} of {self.total} accounts): nothing is sent there."


HOW_TO = "Put the missing key back, or enter these credentials again, in the admin or by manage.py provision."


def read() -> StoredSecrets:
    names = {}
    for model in (Provider, Partner):
        for slug, credentials in model.objects.values_list("slug", "credentials"):
            if credentials or isinstance(credentials, UnreadableSecret):
                names[f"{model._meta.verbose_name_raw} {slug}"] = isinstance(credentials, UnreadableSecret)
    return StoredSecrets(len(names), tuple(sorted(name for name, is_unreadable in names.items() if is_unreadable)))


def log_unreadable() -> None:
    """Name them in the log when a process starts. It starts all the same: other accounts can be used."""
    try:
        found = read()
    except Error as error:
        log.warning("database.unavailable", error=type(error).__name__)
        return
    if found.unreadable:
        log.error("credentials.unreadable", accounts=list(found.unreadable), total=found.total, advice=HOW_TO)
