"""A help text: the digests of callbacks have a key. No statement is run."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sms", "0020_client_limits")]

    operations = [
        migrations.AlterField(
            "callback",
            "body_digest",
            models.CharField(help_text="A keyed digest of method, query, content type and body.", max_length=64),
        ),
    ]
