import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sms", "0030_vendor_descriptions")]

    operations = [
        migrations.CreateModel(
            name="MessageOutcome",
            fields=[
                (
                    "message",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="client_outcome",
                        serialize=False,
                        to="sms.message",
                    ),
                ),
                ("outcome", models.CharField(max_length=12)),
                ("at", models.DateTimeField()),
                (
                    "attempt",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="client_outcome",
                        to="sms.attempt",
                    ),
                ),
            ],
        ),
    ]
