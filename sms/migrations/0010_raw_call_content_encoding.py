from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sms", "0005_waiting_reports"),
    ]

    operations = [
        migrations.AddField(
            model_name=name,
            name="content_encoding",
            field=models.CharField(blank=True, db_default="", default="", max_length=40),
        )
        for name in ("callback", "inboundcall")
    ]
