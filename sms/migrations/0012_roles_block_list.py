"""The block list is the operators' and the administrators'."""

from django.db import migrations

from ._roles import ADMINISTRATOR, OPERATOR, give

BLOCK_LIST = [f"sms.{verb}_blockednumber" for verb in ("view", "add", "delete")]


def make(apps, schema_editor):
    give(apps, {OPERATOR: BLOCK_LIST, ADMINISTRATOR: BLOCK_LIST})


class Migration(migrations.Migration):
    dependencies = [("sms", "0011_received_roles")]
    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
