"""Checks whether this process can serve requests: database writable, migrations applied, encryption keys valid."""

from __future__ import annotations

import uuid

from django.db import Error, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from sms.domain.codes import Fault
from sms.models import Dispatcher
from sms.services.configuration import stored_secrets
from sms.services.database import clock


class Readiness:
    """The check of one process. Conditions that can't change while it runs are checked only until they are met."""

    def __init__(self) -> None:
        self._is_migrated = False
        self._has_right_keys = False

    def problems(self) -> list[Fault]:
        """One fault per reason; none where the process is ready."""
        try:
            self._is_migrated = self._is_migrated or not missing_migrations()
            if not self._is_migrated:
                return [Fault("unavailable", "migrations", "Migrations are missing: run manage.py migrate.")]
            write_row()
            return self._wrong_keys()
        except Error:
            return [Fault("unavailable", "database", "The database can't be reached, or does not accept writes.")]

    def _wrong_keys(self) -> list[Fault]:
        """If the keys decrypt no secret, they can't verify callback URLs either: the process has the wrong keys."""
        if not self._has_right_keys:
            found = stored_secrets.read()
            if found.is_none_readable:
                return [Fault("unavailable", "encryption_keys", f"{found.problem} {stored_secrets.HOW_TO}")]
            self._has_right_keys = found.total > 0
        return []


def missing_migrations() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def write_row() -> None:
    """Insert a row and roll it back. Raises django.db.Error."""
    with transaction.atomic():
        now = clock.now()
        Dispatcher.objects.create(id=uuid.uuid4(), host="readyz", pid=0, slots=0, started_at=now, seen_at=now)
        transaction.set_rollback(True)
