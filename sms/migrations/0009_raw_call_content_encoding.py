from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sms", "0008_approvals_side_by_side"),
    ]

    operations = [
        migrations.AddField(
            model_name=name,
            name="content_encoding",
            field=models.CharField(blank=True, db_default="", default="", max_length=40),
        )
        for name in ("callback", "inboundcall")
    ]
