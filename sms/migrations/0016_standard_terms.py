from django.db import migrations, models


class Migration(migrations.Migration):
    """Standard terms in the admin: only labels change, so no SQL runs."""

    dependencies = [
        ("sms", "0015_otp_shapes"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="callingaddress",
            options={
                "ordering": ("address",),
                "verbose_name": "outbound IP address",
                "verbose_name_plural": "outbound IP addresses",
            },
        ),
        migrations.AlterModelOptions(
            name="historicalcallingaddress",
            options={
                "get_latest_by": ("history_date", "history_id"),
                "ordering": ("-history_date", "-history_id"),
                "verbose_name": "historical outbound IP address",
                "verbose_name_plural": "historical outbound IP addresses",
            },
        ),
        migrations.AlterModelOptions(
            name="inboundcall",
            options={"ordering": ("-id",), "verbose_name": "inbound webhook"},
        ),
        migrations.AlterModelOptions(
            name="inboundpush",
            options={
                "ordering": ("-id",),
                "permissions": [("push_again", "Can push a received message again, or by hand")],
                "verbose_name": "forward to a partner",
                "verbose_name_plural": "forwards to partners",
            },
        ),
        migrations.AlterModelOptions(
            name="inboundpushattempt",
            options={"ordering": ("push", "number"), "verbose_name": "forward attempt"},
        ),
        migrations.AlterModelOptions(
            name="refusalcount",
            options={"verbose_name": "rejection count"},
        ),
        migrations.AlterModelOptions(
            name="refusedrequest",
            options={
                "ordering": ("-id",),
                "permissions": [("see_shapes", "Can see the shapes of refused texts, digits masked")],
                "verbose_name": "rejected request",
            },
        ),
        migrations.AlterField(
            model_name="apiclient",
            name="on_no_template",
            field=models.CharField(
                choices=[
                    ("refuse", "reject the request (422)"),
                    ("hold", "hold the message until a template matches its text"),
                ],
                default="refuse",
                max_length=8,
                verbose_name="if no template matches",
            ),
        ),
        migrations.AlterField(
            model_name="historicalapiclient",
            name="on_no_template",
            field=models.CharField(
                choices=[
                    ("refuse", "reject the request (422)"),
                    ("hold", "hold the message until a template matches its text"),
                ],
                default="refuse",
                max_length=8,
                verbose_name="if no template matches",
            ),
        ),
    ]
