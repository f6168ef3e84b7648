"""A template that no message needs can be deleted: its own current version held it back."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sms", "0013_roles_close_alert")]
    operations = [
        migrations.AlterField(
            model_name="messagetemplate",
            name="current_version",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.RESTRICT,
                related_name="+",
                to="sms.templateversion",
            ),
        ),
    ]
