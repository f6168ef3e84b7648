"""Who sees received messages, and who manages rented numbers."""

from django.db import migrations

from ._roles import ADMINISTRATOR, OPERATOR, VIEWER, give

LOOK = ("inboundmessage", "inboundpush", "inboundpushattempt", "partner", "rentednumber", "inboundgateway")
VIEWERS = [f"sms.view_{model}" for model in LOOK]
OPERATORS = [
    *VIEWERS,
    "sms.view_inboundcall",
    "sms.push_again",
    "sms.add_rentednumber",
    "sms.change_rentednumber",
]
ADMINISTRATORS = [
    *OPERATORS,
    *[
        f"sms.{verb}_{model}"
        for model in ("partner", "rentednumber", "inboundgateway")
        for verb in ("add", "change", "delete")
    ],
]


def make(apps, schema_editor):
    give(apps, {VIEWER: VIEWERS, OPERATOR: OPERATORS, ADMINISTRATOR: ADMINISTRATORS})


class Migration(migrations.Migration):
    dependencies = [("sms", "0010_partners_history")]
    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
