import django.db.models.deletion
from django.db import migrations, models

_CASCADE = django.db.models.deletion.CASCADE


class Migration(migrations.Migration):
    dependencies = [("sms", "0031_message_outcomes")]

    operations = [
        migrations.CreateModel(
            name="HourlyDelivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sender", models.CharField(max_length=64)),
                ("country", models.CharField(max_length=3)),
                ("fate", models.CharField(max_length=11)),
                ("code", models.CharField(blank=True, default="", max_length=64)),
                ("count", models.PositiveIntegerField()),
                ("client", models.ForeignKey(db_index=False, on_delete=_CASCADE, related_name="+", to="sms.apiclient")),
                ("hour", models.ForeignKey(on_delete=_CASCADE, related_name="deliveries", to="sms.rolluphour")),
                (
                    "provider",
                    models.ForeignKey(
                        db_index=False, null=True, on_delete=_CASCADE, related_name="+", to="sms.provider"
                    ),
                ),
                (
                    "template",
                    models.ForeignKey(
                        db_index=False, null=True, on_delete=_CASCADE, related_name="+", to="sms.messagetemplate"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="HourlyReceipt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("within", models.PositiveIntegerField(null=True)),
                ("count", models.PositiveIntegerField()),
                ("hour", models.ForeignKey(on_delete=_CASCADE, related_name="receipts", to="sms.rolluphour")),
                (
                    "provider",
                    models.ForeignKey(db_index=False, on_delete=_CASCADE, related_name="+", to="sms.provider"),
                ),
            ],
        ),
    ]
