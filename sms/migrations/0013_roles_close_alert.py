"""Closing an alert that does not close by itself is the operators' and the administrators'."""

from django.db import migrations

from ._roles import ADMINISTRATOR, OPERATOR, give

CLOSE = ["sms.close_alert"]


def make(apps, schema_editor):
    give(apps, {OPERATOR: CLOSE, ADMINISTRATOR: CLOSE})


class Migration(migrations.Migration):
    dependencies = [("sms", "0012_roles_block_list")]
    operations = [
        migrations.AlterModelOptions(
            name="alert",
            options={
                "ordering": ("-id",),
                "permissions": [("close_alert", "Can close an alert that does not close by itself")],
            },
        ),
        migrations.RunPython(make, migrations.RunPython.noop),
    ]
