import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    """Help texts and labels in plain terms. No column changes."""

    dependencies = [
        ("sms", "0011_equal_gateway_ids"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="retentionwalk",
            options={"ordering": ("table",), "verbose_name": "retention position"},
        ),
        migrations.AlterField(
            model_name="alert",
            name="key",
            field=models.CharField(help_text="The condition: at most one open alert per key.", max_length=100),
        ),
        migrations.AlterField(
            model_name="alertnotice",
            name="due_at",
            field=models.DateTimeField(
                help_text="When it is tried next. Empty: it was delivered, or given up.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="apiclient",
            name="on_no_template",
            field=models.CharField(
                choices=[
                    ("refuse", "reject the call (422)"),
                    ("hold", "hold the message until a template matches its text"),
                ],
                default="refuse",
                max_length=8,
            ),
        ),
        migrations.AlterField(
            model_name="apiclient",
            name="otp_per_number",
            field=models.PositiveIntegerField(
                default=5,
                help_text="OTPs to one number in 10 minutes. 0: no limit.",
                validators=[django.core.validators.MaxValueValidator(10000)],
            ),
        ),
        migrations.AlterField(
            model_name="apiclient",
            name="otp_per_range",
            field=models.PositiveIntegerField(
                default=50,
                help_text="OTPs an hour to one range of 100 numbers. 0: no limit.",
                validators=[django.core.validators.MaxValueValidator(1000000)],
            ),
        ),
        migrations.AlterField(
            model_name="apiclient",
            name="read_messages",
            field=models.BooleanField(default=True, help_text="Off: GET /messages is rejected."),
        ),
        migrations.AlterField(
            model_name="callback",
            name="address_digest",
            field=models.CharField(help_text="SHA-256 of the token in the URL.", max_length=64),
        ),
        migrations.AlterField(
            model_name="callback",
            name="note",
            field=models.CharField(blank=True, default="", help_text="Why it could not be read.", max_length=200),
        ),
        migrations.AlterField(
            model_name="historicalapiclient",
            name="on_no_template",
            field=models.CharField(
                choices=[
                    ("refuse", "reject the call (422)"),
                    ("hold", "hold the message until a template matches its text"),
                ],
                default="refuse",
                max_length=8,
            ),
        ),
        migrations.AlterField(
            model_name="historicalapiclient",
            name="otp_per_number",
            field=models.PositiveIntegerField(
                default=5,
                help_text="OTPs to one number in 10 minutes. 0: no limit.",
                validators=[django.core.validators.MaxValueValidator(10000)],
            ),
        ),
        migrations.AlterField(
            model_name="historicalapiclient",
            name="otp_per_range",
            field=models.PositiveIntegerField(
                default=50,
                help_text="OTPs an hour to one range of 100 numbers. 0: no limit.",
                validators=[django.core.validators.MaxValueValidator(1000000)],
            ),
        ),
        migrations.AlterField(
            model_name="historicalapiclient",
            name="read_messages",
            field=models.BooleanField(default=True, help_text="Off: GET /messages is rejected."),
        ),
        migrations.AlterField(
            model_name="historicalinboundgateway",
            name="repeat_seconds",
            field=models.PositiveSmallIntegerField(
                blank=True,
                db_default=10,
                default=10,
                help_text="Without an id, an equal message within this many seconds of the first is a repeat. 0: never.",
                validators=[django.core.validators.MaxValueValidator(3600)],
            ),
        ),
        migrations.AlterField(
            model_name="historicalpartner",
            name="url",
            field=models.CharField(
                help_text="The full URL, as the partner gave it.", max_length=300, verbose_name="address"
            ),
        ),
        migrations.AlterField(
            model_name="historicalprovider",
            name="base_url",
            field=models.CharField(
                blank=True, help_text="Empty: the vendor's default address.", max_length=300, verbose_name="address"
            ),
        ),
        migrations.AlterField(
            model_name="historicalprovider",
            name="timeout",
            field=models.PositiveSmallIntegerField(
                default=15,
                help_text="Seconds from the first byte of the request to the end of the response. Connecting may take 5 more.",
                validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(120)],
            ),
        ),
        migrations.AlterField(
            model_name="historicalrentednumber",
            name="active",
            field=models.BooleanField(default=True, help_text="Off: received SMS are stored, not pushed."),
        ),
        migrations.AlterField(
            model_name="historicalroute",
            name="prefix",
            field=models.CharField(
                help_text="The start of the number, such as +994. A + alone matches every number that no other route matches.",
                max_length=16,
                validators=[
                    django.core.validators.RegexValidator(
                        "\\A\\+[0-9]{0,15}\\Z", "A plus sign and digits, such as +994; + alone is the rest."
                    )
                ],
            ),
        ),
        migrations.AlterField(
            model_name="historicalroute",
            name="resend_unconfirmed_otp",
            field=models.BooleanField(
                default=False,
                help_text="An unconfirmed OTP may be sent once more by the next provider. It may arrive twice.",
            ),
        ),
        migrations.AlterField(
            model_name="historicalsenderapproval",
            name="vendor_name",
            field=models.CharField(blank=True, help_text="The vendor's own form. Empty: the same name.", max_length=64),
        ),
        migrations.AlterField(
            model_name="inboundcall",
            name="note",
            field=models.CharField(
                blank=True, default="", help_text="Why no message was read from it.", max_length=200
            ),
        ),
        migrations.AlterField(
            model_name="inboundgateway",
            name="repeat_seconds",
            field=models.PositiveSmallIntegerField(
                blank=True,
                db_default=10,
                default=10,
                help_text="Without an id, an equal message within this many seconds of the first is a repeat. 0: never.",
                validators=[django.core.validators.MaxValueValidator(3600)],
            ),
        ),
        migrations.AlterField(
            model_name="inboundmessage",
            name="count",
            field=models.PositiveIntegerField(
                default=1, help_text="How often the gateway sent it.", verbose_name="times"
            ),
        ),
        migrations.AlterField(
            model_name="inboundpush",
            name="tries_before",
            field=models.PositiveSmallIntegerField(default=0, help_text="Tries before staff pushed it again."),
        ),
        migrations.AlterField(
            model_name="message",
            name="in_doubt",
            field=models.BooleanField(default=False, help_text="An earlier attempt may have been sent."),
        ),
        migrations.AlterField(
            model_name="messageevent",
            name="actor",
            field=models.CharField(blank=True, default="", help_text="Empty: a rule.", max_length=150),
        ),
        migrations.AlterField(
            model_name="messagetemplate",
            name="body",
            field=models.TextField(help_text="Placeholders are {name}; {{ and }} are literal braces."),
        ),
        migrations.AlterField(
            model_name="partner",
            name="url",
            field=models.CharField(
                help_text="The full URL, as the partner gave it.", max_length=300, verbose_name="address"
            ),
        ),
        migrations.AlterField(
            model_name="provider",
            name="base_url",
            field=models.CharField(
                blank=True, help_text="Empty: the vendor's default address.", max_length=300, verbose_name="address"
            ),
        ),
        migrations.AlterField(
            model_name="provider",
            name="timeout",
            field=models.PositiveSmallIntegerField(
                default=15,
                help_text="Seconds from the first byte of the request to the end of the response. Connecting may take 5 more.",
                validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(120)],
            ),
        ),
        migrations.AlterField(
            model_name="providerstate",
            name="probe_at",
            field=models.DateTimeField(help_text="When the next probe is due. Empty: staff must act first.", null=True),
        ),
        migrations.AlterField(
            model_name="providerstate",
            name="probe_interval",
            field=models.PositiveIntegerField(default=0, help_text="Seconds to the probe after the next."),
        ),
        migrations.AlterField(
            model_name="providerstate",
            name="probe_until",
            field=models.DateTimeField(help_text="A probe is in flight until then at the latest.", null=True),
        ),
        migrations.AlterField(
            model_name="providerstate",
            name="retry_at",
            field=models.DateTimeField(help_text="The vendor asked for no calls until then.", null=True),
        ),
        migrations.AlterField(
            model_name="providerstate",
            name="tokens",
            field=models.FloatField(default=0, help_text="Calls left in the token bucket of the rate limit."),
        ),
        migrations.AlterField(
            model_name="rentednumber",
            name="active",
            field=models.BooleanField(default=True, help_text="Off: received SMS are stored, not pushed."),
        ),
        migrations.AlterField(
            model_name="retentionwalk",
            name="begun_at",
            field=models.DateTimeField(help_text="When retention last began with the oldest row."),
        ),
        migrations.AlterField(
            model_name="retentionwalk",
            name="position",
            field=models.CharField(blank=True, default="", help_text="The last key that was checked.", max_length=40),
        ),
        migrations.AlterField(
            model_name="route",
            name="prefix",
            field=models.CharField(
                help_text="The start of the number, such as +994. A + alone matches every number that no other route matches.",
                max_length=16,
                validators=[
                    django.core.validators.RegexValidator(
                        "\\A\\+[0-9]{0,15}\\Z", "A plus sign and digits, such as +994; + alone is the rest."
                    )
                ],
            ),
        ),
        migrations.AlterField(
            model_name="route",
            name="resend_unconfirmed_otp",
            field=models.BooleanField(
                default=False,
                help_text="An unconfirmed OTP may be sent once more by the next provider. It may arrive twice.",
            ),
        ),
        migrations.AlterField(
            model_name="senderapproval",
            name="vendor_name",
            field=models.CharField(blank=True, help_text="The vendor's own form. Empty: the same name.", max_length=64),
        ),
        migrations.AlterField(
            model_name="templateapproval",
            name="approved_at",
            field=models.DateTimeField(
                editable=False, help_text="Empty: approved before this was recorded.", null=True
            ),
        ),
    ]
