"""Defaults in the database for three columns that are not null.

0020 and 0026 added them without one, so the previous version could not insert clients and preferences on the new tables.
"""

from __future__ import annotations

from django.db import migrations, models

import sms.models.client

COUNTRY_LIMITS = models.JSONField(
    blank=True,
    db_default={},
    default=dict,
    help_text='Messages a UTC day to a country, such as {"RO": 5000}. Others have no limit here.',
    validators=[sms.models.client.validate_country_limits],
)


class Migration(migrations.Migration):
    dependencies = [("sms", "0032_hourly_delivery")]

    operations = [
        migrations.AlterField("apiclient", "country_limits", COUNTRY_LIMITS),
        migrations.AlterField("historicalapiclient", "country_limits", COUNTRY_LIMITS.clone()),
        migrations.AlterField(
            "staffpreferences",
            "saved_views",
            models.JSONField(blank=True, db_default={}, default=dict, verbose_name="saved views"),
        ),
    ]
