from django.db import migrations, models

from ._concurrently import AddIndex


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("sms", "0018_personal_data"),
    ]

    operations = [
        AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("status", "queued")),
                fields=["provider", "is_otp", "client", "due_at"],
                name="message_queue_of_client",
            ),
        ),
    ]
