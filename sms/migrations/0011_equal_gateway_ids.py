from django.db import migrations, models


class Migration(migrations.Migration):
    """A modem's counter starts again: an id is no key. The index serves the search for an equal message."""

    dependencies = [
        ("sms", "0010_gateway_repeat_seconds"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="inboundmessage", name="one_message_per_gateway_id"),
        migrations.AddIndex(
            model_name="inboundmessage",
            index=models.Index(fields=["gateway", "gateway_message_id", "received_at"], name="inbound_equal_id"),
        ),
    ]
