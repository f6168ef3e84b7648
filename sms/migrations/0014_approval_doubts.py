"""Approvals in doubt: a row of its own for what machines know, and who may see and end a doubt."""

import django.db.models.deletion
from django.db import migrations, models

from ._roles import ADMINISTRATOR, EDITOR, OPERATOR, VIEWER, give

SEE, END = "sms.view_approvaldoubt", "sms.end_doubt"
ROLES = {VIEWER: [SEE], OPERATOR: [SEE, END], EDITOR: [SEE, END], ADMINISTRATOR: [SEE, END]}


def extend_roles(apps, schema_editor):
    give(apps, ROLES)


class Migration(migrations.Migration):
    dependencies = [
        ("sms", "0013_undecided_newlines"),
    ]

    operations = [
        migrations.CreateModel(
            name="ApprovalDoubt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "vendor_key",
                    models.CharField(
                        blank=True, help_text="The vendor's id of the template, or its name.", max_length=128
                    ),
                ),
                ("confirmed_at", models.DateTimeField(null=True)),
                ("code", models.CharField(help_text="The vendor's code.", max_length=64)),
                ("detail", models.TextField(blank=True)),
                ("begun_at", models.DateTimeField()),
                ("probe_at", models.DateTimeField(help_text="When the next probe may go.")),
                ("probe_interval", models.PositiveIntegerField(help_text="Seconds to the probe after this one.")),
                ("probe_until", models.DateTimeField(help_text="A probe is under way until then.", null=True)),
                (
                    "provider",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="approval_doubts", to="sms.provider"
                    ),
                ),
                (
                    "sender_approval",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="doubt",
                        to="sms.senderapproval",
                    ),
                ),
                (
                    "template_approval",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="doubt",
                        to="sms.templateapproval",
                    ),
                ),
            ],
            options={
                "verbose_name": "approval in doubt",
                "verbose_name_plural": "approvals in doubt",
                "ordering": ("begun_at", "id"),
                "permissions": [("end_doubt", "Can end the doubt about an approval")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("sender_approval__isnull", True), ("template_approval__isnull", False)),
                            models.Q(("sender_approval__isnull", False), ("template_approval__isnull", True)),
                            _connector="OR",
                        ),
                        name="doubt_about_one_approval",
                    )
                ],
            },
        ),
        migrations.RunPython(extend_roles, migrations.RunPython.noop),
    ]
