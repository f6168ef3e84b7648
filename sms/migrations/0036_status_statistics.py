"""More statistics of the messages' status, so that PostgreSQL knows how few messages wait.

With the usual sample of 30,000 rows, a status that it does not have may count thousands of times among ten million. Then
the list of waiting messages is searched from the newest message on, through all of them, instead of in two small indexes.
"""

from __future__ import annotations

from django.db import migrations

ON_POSTGRESQL = "ALTER TABLE sms_message ALTER COLUMN status SET STATISTICS {}"


def take_more(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(ON_POSTGRESQL.format(1000))
        schema_editor.execute("ANALYZE sms_message (status)")


def take_as_many_as_usual(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(ON_POSTGRESQL.format(-1))


class Migration(migrations.Migration):
    dependencies = [("sms", "0035_rare_messages")]

    operations = [migrations.RunPython(take_more, take_as_many_as_usual)]
