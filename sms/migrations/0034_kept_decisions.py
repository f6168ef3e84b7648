"""What was decided about a message after it was accepted."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sms", "0033_database_defaults")]

    operations = [migrations.AddField("messageevent", "decision", models.JSONField(null=True))]
