"""Copies an SQLite database into an empty PostgreSQL: every table, with values as they are stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import environ
from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import DEFAULT_DB_ALIAS, Error, connection, connections, models, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.models.functions import Cast

from sms.models import ApiClient, EncryptedJSONField, Message, Provider
from sms.services.database.encoding import HOW_TO, NEEDED, wrong_encoding
from sms.services.queue.errors import ActionRefused

from .guard import require_no_worker

TARGET = "copy_target"
Model = type[models.Model]


def copy_database(url: str, report: Callable[[str, int], None]) -> int:
    """Copy all rows or none; returns how many. `report` is called with each table and its number of rows.

    The SQLite file is locked for writers meanwhile. Raises ActionRefused.
    """
    _require_source()
    require_no_worker()
    _connect(url)
    try:
        with transaction.atomic():  # IMMEDIATE, so it locks out other writers
            return _fill_target(report)
    except Error as error:
        raise ActionRefused(f"PostgreSQL refused: {str(error).strip()} Nothing was copied.") from error
    finally:
        connections[TARGET].close()


def _require_source() -> None:
    if connection.vendor != "sqlite":
        raise ActionRefused("DATABASE_URL names no SQLite file, so there is nothing to move from.")
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise ActionRefused("Migrations are missing in the SQLite file. Run manage.py migrate first.")


def _connect(url: str) -> None:
    try:
        given = environ.Env.db_url_config(url)
    except (ValueError, environ.ImproperlyConfigured) as error:
        raise ActionRefused(f"--to is no database address ({type(error).__name__}).") from None
    if "postgresql" not in given.get("ENGINE", ""):
        raise ActionRefused("--to must be a PostgreSQL: postgres://user:password@host:5432/name.")
    configured = connections.configure_settings({DEFAULT_DB_ALIAS: {}, TARGET: given})
    connections.settings[TARGET] = configured[TARGET]


def _fill_target(report: Callable[[str, int], None]) -> int:
    if found := wrong_encoding(TARGET):
        raise ActionRefused(f"The encoding of the PostgreSQL database is {found}, not {NEEDED}. {HOW_TO}")
    call_command("migrate", database=TARGET, verbosity=0)
    tables = _tables()
    for model in (Message, Provider, ApiClient, get_user_model()):
        if model._base_manager.using(TARGET).exists():
            raise ActionRefused(f"The PostgreSQL holds rows already ({model._meta.db_table}). Give an empty database.")
    with transaction.atomic(using=TARGET):
        _empty(tables)  # of the rows that migrations add: they are copied, with the ids that other rows refer to
        for model in tables:
            _copy(model)
        _set_sequences(tables)
        return sum(_compare_counts(model, report) for model in tables)


def _tables() -> list[Model]:
    return [model for model in apps.get_models(include_auto_created=True) if model._meta.managed]


def _empty(tables: list[Model]) -> None:
    quote = connections[TARGET].ops.quote_name
    names = ", ".join(quote(model._meta.db_table) for model in tables)
    with connections[TARGET].cursor() as cursor:
        cursor.execute(f"TRUNCATE {names}")


def _copy(model: Model) -> None:
    quote = connections[TARGET].ops.quote_name
    columns = ", ".join(quote(own.column) for own in model._meta.concrete_fields)
    statement = f"COPY {quote(model._meta.db_table)} ({columns}) FROM STDIN"
    try:
        target = connections[TARGET]
        with target.wrap_database_errors, target.cursor() as cursor, cursor.copy(statement) as copy:
            for row in stored_rows(model):
                copy.write_row(row)
    except Error as error:
        raise ActionRefused(f"{model._meta.db_table}: {str(error).strip()} Nothing was copied.") from error


def stored_rows(model: Model) -> Iterator[tuple[Any, ...]]:
    """Every row. JSON and encrypted values are the stored text, so that they are not parsed and written again."""
    fields = model._meta.concrete_fields
    as_text = {f"stored_{own.name}": Cast(own.name, models.TextField()) for own in fields if is_copied_as_text(own)}
    names = [f"stored_{own.name}" if is_copied_as_text(own) else own.attname for own in fields]
    return model._base_manager.order_by().annotate(**as_text).values_list(*names).iterator(chunk_size=2000)


def is_copied_as_text(field: models.Field) -> bool:
    return isinstance(field, models.JSONField | EncryptedJSONField)


def _set_sequences(tables: list[Model]) -> None:
    """Makes the next id of each table greater than the copied ones."""
    with connections[TARGET].cursor() as cursor:
        for statement in connections[TARGET].ops.sequence_reset_sql(no_style(), tables):
            cursor.execute(statement)


def _compare_counts(model: Model, report: Callable[[str, int], None]) -> int:
    source, target = model._base_manager.count(), model._base_manager.using(TARGET).count()
    if source != target:
        raise ActionRefused(f"{model._meta.db_table}: {source} rows here, {target} there. Nothing was copied.")
    report(model._meta.db_table, target)
    return target
