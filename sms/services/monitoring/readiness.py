"""Whether this process can accept: the database reachable and writable, the migrations applied."""

from __future__ import annotations

import uuid

from django.db import Error, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from sms.domain.codes import Fault
from sms.models import Dispatcher
from sms.services.database import clock

_is_migrated = False


def problems() -> list[Fault]:
    """One fault per reason; none where all is well."""
    try:
        if not _migrated():
            return [Fault("unavailable", "migrations", "Migrations are missing: run manage.py migrate.")]
        _write_a_row()
    except Error:
        return [Fault("unavailable", "database", "The database can't be reached, or takes no writes.")]
    return []


def _migrated() -> bool:
    """Asked until it is so: a process's own migrations don't change, and what is applied stays."""
    global _is_migrated
    if not _is_migrated:
        executor = MigrationExecutor(connection)
        _is_migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _is_migrated


def _write_a_row() -> None:
    """Write a row that nobody ever sees, and take it back."""
    with transaction.atomic():
        now = clock.now()
        Dispatcher.objects.create(id=uuid.uuid4(), host="readyz", pid=0, slots=0, started_at=now, seen_at=now)
        transaction.set_rollback(True)
