"""Bulk operations on messages, and who has acknowledged or silenced an alert."""

import django.db.models.deletion
from django.db import migrations, models

from ._roles import ADMINISTRATOR, EDITOR, OPERATOR, VIEWER, give

VIEW, ADD, ACKNOWLEDGE = "sms.view_bulkoperation", "sms.add_bulkoperation", "sms.acknowledge_alert"
ROLES = {
    VIEWER: [VIEW],
    OPERATOR: [VIEW, ADD, ACKNOWLEDGE],
    EDITOR: [VIEW],
    ADMINISTRATOR: [VIEW, ADD, ACKNOWLEDGE],
}


def extend_roles(apps, schema_editor):
    give(apps, ROLES)


class Migration(migrations.Migration):
    dependencies = [
        ("sms", "0022_credentials_and_addresses"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="alert",
            options={
                "ordering": ("-id",),
                "permissions": [
                    ("close_alert", "Can close an alert that does not close by itself"),
                    ("acknowledge_alert", "Can acknowledge and silence an alert"),
                ],
            },
        ),
        migrations.AddField(
            model_name="alert",
            name="acknowledged_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="alert",
            name="acknowledged_by",
            field=models.CharField(blank=True, db_default="", default="", max_length=150),
        ),
        migrations.AddField(
            model_name="alert",
            name="silenced_by",
            field=models.CharField(blank=True, db_default="", default="", max_length=150),
        ),
        migrations.AddField(
            model_name="alert",
            name="silenced_until",
            field=models.DateTimeField(help_text="Until then no notice of this condition is sent.", null=True),
        ),
        migrations.AddField(
            model_name="providerstate",
            name="closed_at",
            field=models.DateTimeField(help_text="When the circuit breaker last closed.", null=True),
        ),
        migrations.CreateModel(
            name="BulkOperation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("move", "move"), ("resend", "resend"), ("cancel", "cancel"), ("resolve", "resolve")],
                        max_length=7,
                    ),
                ),
                ("filters", models.JSONField(default=dict, help_text="The filters of the list of messages.")),
                ("went_out", models.BooleanField(help_text="What unconfirmed messages are resolved as.", null=True)),
                ("reason", models.TextField()),
                ("actor", models.CharField(max_length=150)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("running", "running"),
                            ("finished", "finished"),
                            ("stopped", "stopped"),
                        ],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                ("expected", models.PositiveIntegerField(help_text="How many messages the filter found.")),
                ("done", models.PositiveIntegerField(default=0)),
                ("skipped", models.PositiveIntegerField(default=0)),
                ("failed", models.PositiveIntegerField(default=0)),
                ("reasons", models.JSONField(default=dict)),
                ("position", models.UUIDField(null=True)),
                ("passes", models.PositiveSmallIntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                ("started_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "provider",
                    models.ForeignKey(
                        help_text="Where the messages are to go.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="sms.provider",
                    ),
                ),
            ],
            options={
                "verbose_name": "bulk operation",
                "ordering": ("-id",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["waiting", "running"])),
                        fields=["id"],
                        name="bulk_operation_unfinished",
                    )
                ],
            },
        ),
        migrations.RunPython(extend_roles, migrations.RunPython.noop),
    ]
