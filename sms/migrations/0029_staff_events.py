from django.db import migrations, models

from ._concurrently import AddIndex


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("sms", "0028_objectives")]

    operations = [
        AddIndex(
            model_name="messageevent",
            index=models.Index(condition=~models.Q(actor=""), fields=["-at"], name="staff_event_age"),
        ),
    ]
