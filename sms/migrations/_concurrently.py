"""An index that PostgreSQL builds while messages are accepted; such a migration has `atomic = False`."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations


class AddIndex(AddIndexConcurrently):
    """As Django's; other databases build it at once."""

    def database_forwards(self, app_label: str, schema_editor: Any, *states: Any) -> None:
        builds = AddIndexConcurrently if schema_editor.connection.vendor == "postgresql" else migrations.AddIndex
        builds.database_forwards(self, app_label, schema_editor, *states)

    def database_backwards(self, app_label: str, schema_editor: Any, *states: Any) -> None:
        drops = AddIndexConcurrently if schema_editor.connection.vendor == "postgresql" else migrations.AddIndex
        drops.database_backwards(self, app_label, schema_editor, *states)
