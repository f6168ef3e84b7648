import django.core.validators
import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models

import sms.domain.lifecycle
import sms.models.encrypted
import sms.models.inbound
import sms.models.partner
import sms.models.provider


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BlockedNumber",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "phone",
                    models.CharField(
                        help_text="In E.164 form, such as +994501234567.",
                        max_length=16,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A\\+[0-9]{7,15}\\Z", "A plus sign and digits, such as +994501234567."
                            )
                        ],
                    ),
                ),
                ("reason", models.CharField(blank=True, default="", max_length=200)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name": "blocked number",
                "ordering": ("phone",),
            },
        ),
        migrations.CreateModel(
            name="ConfigurationStamp",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.BigIntegerField(default=0)),
            ],
            options={
                "verbose_name": "configuration stamp",
            },
        ),
        migrations.CreateModel(
            name="Dispatcher",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("host", models.CharField(max_length=100)),
                ("pid", models.PositiveIntegerField()),
                ("slots", models.PositiveIntegerField()),
                ("in_flight", models.PositiveIntegerField(default=0)),
                ("started_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField()),
                ("stopped_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ("-seen_at",),
            },
        ),
        migrations.CreateModel(
            name="HistoricalApiClient",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                (
                    "username",
                    models.CharField(
                        db_index=True,
                        max_length=64,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[!-9;-~]+\\Z", "Visible ASCII characters without a colon."
                            )
                        ],
                    ),
                ),
                ("previous_valid_until", models.DateTimeField(editable=False, null=True)),
                ("enabled", models.BooleanField(default=True)),
                (
                    "newline_escape",
                    models.CharField(
                        choices=[
                            ("outside_urls", "/n is a new line, but not inside links"),
                            ("always", "/n is always a new line"),
                            ("off", "/n stays as it is"),
                        ],
                        default="outside_urls",
                        max_length=16,
                    ),
                ),
                (
                    "all_senders",
                    models.BooleanField(default=True, help_text="Off: only the sender names chosen below."),
                ),
                (
                    "rate_limit",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Messages a second. Empty: no limit.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                    ),
                ),
                (
                    "daily_budget",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Messages a UTC day. Empty: no limit.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                    ),
                ),
                ("read_messages", models.BooleanField(default=True, help_text="Off: GET /messages is refused.")),
                (
                    "on_no_template",
                    models.CharField(
                        choices=[
                            ("refuse", "refuse the call (422)"),
                            ("hold", "hold the message until a template gives its text"),
                        ],
                        default="refuse",
                        max_length=8,
                    ),
                ),
                (
                    "otp_per_number",
                    models.PositiveIntegerField(
                        default=5,
                        help_text="OTPs to one number in 10 minutes. 0: no cap.",
                        validators=[django.core.validators.MaxValueValidator(10000)],
                    ),
                ),
                (
                    "otp_per_range",
                    models.PositiveIntegerField(
                        default=50,
                        help_text="OTPs an hour to one range of 100 numbers. 0: no cap.",
                        validators=[django.core.validators.MaxValueValidator(1000000)],
                    ),
                ),
                ("created_at", models.DateTimeField(blank=True, editable=False)),
                ("history_change_reason", models.TextField(null=True)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "historical client",
                "verbose_name_plural": "historical clients",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalInboundGateway",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("slug", models.SlugField(help_text="A short name of ours, such as modem-1.", max_length=64)),
                (
                    "fields",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text='The gateway\'s own field names where they differ: {"from": "sender", "text": "payload.message"}.',
                        validators=[sms.models.inbound.validate_fields],
                    ),
                ),
                ("created_at", models.DateTimeField(blank=True, editable=False)),
                ("history_change_reason", models.TextField(null=True)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "historical inbound gateway",
                "verbose_name_plural": "historical inbound gateways",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalPartner",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("slug", models.SlugField(help_text="A short name of ours, such as renter-1.", max_length=64)),
                (
                    "vendor",
                    models.CharField(choices=sms.models.partner.partner_choices, max_length=32, verbose_name="kind"),
                ),
                (
                    "url",
                    models.CharField(
                        help_text="The whole address, as the partner gave it to us.",
                        max_length=300,
                        verbose_name="address",
                    ),
                ),
                ("options", models.JSONField(blank=True, default=dict)),
                ("created_at", models.DateTimeField(blank=True, editable=False)),
                ("updated_at", models.DateTimeField(blank=True, editable=False)),
                ("history_change_reason", models.TextField(null=True)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "historical partner",
                "verbose_name_plural": "historical partners",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalProvider",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("slug", models.SlugField(help_text="A short name of ours, such as main-az.", max_length=64)),
                ("vendor", models.CharField(choices=sms.models.provider.vendor_choices, max_length=32)),
                (
                    "base_url",
                    models.CharField(
                        blank=True, help_text="Empty: the vendor's own address.", max_length=300, verbose_name="address"
                    ),
                ),
                ("enabled", models.BooleanField(default=True, help_text="Off: no message is routed here.")),
                (
                    "paused",
                    models.BooleanField(
                        default=False, help_text="On: messages routed here wait, or go to the next provider."
                    ),
                ),
                (
                    "timeout",
                    models.PositiveSmallIntegerField(
                        default=15,
                        help_text="Seconds from the first byte written to the whole answer. Connecting has 5 of its own.",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(120),
                        ],
                    ),
                ),
                (
                    "max_in_flight",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Calls at a time, over all dispatchers.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                    ),
                ),
                (
                    "rate_limit",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Calls a second, over all dispatchers.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                    ),
                ),
                ("credentials_changed_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("options", models.JSONField(blank=True, default=dict)),
                ("created_at", models.DateTimeField(blank=True, editable=False)),
                ("updated_at", models.DateTimeField(blank=True, editable=False)),
                ("history_change_reason", models.TextField(null=True)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "historical provider",
                "verbose_name_plural": "historical providers",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalSenderName",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                (
                    "name",
                    models.CharField(
                        db_index=True, help_text="Exactly as Akinon sends it, letter case included.", max_length=64
                    ),
                ),
                ("created_at", models.DateTimeField(blank=True, editable=False)),
                ("history_change_reason", models.TextField(null=True)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "historical sender name",
                "verbose_name_plural": "historical sender names",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="InboundGateway",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "slug",
                    models.SlugField(help_text="A short name of ours, such as modem-1.", max_length=64, unique=True),
                ),
                (
                    "fields",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text='The gateway\'s own field names where they differ: {"from": "sender", "text": "payload.message"}.',
                        validators=[sms.models.inbound.validate_fields],
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name": "inbound gateway",
                "ordering": ("slug",),
            },
        ),
        migrations.CreateModel(
            name="InboundCall",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("method", models.CharField(max_length=8)),
                ("query", models.BinaryField(default=bytes)),
                ("content_type", models.CharField(blank=True, default="", max_length=200)),
                ("body", models.BinaryField(null=True)),
                ("source", models.GenericIPAddressField(null=True)),
                (
                    "note",
                    models.CharField(
                        blank=True, default="", help_text="Why no message was read, if none was.", max_length=200
                    ),
                ),
                ("received_at", models.DateTimeField()),
                ("read_at", models.DateTimeField(null=True)),
                (
                    "gateway",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="calls", to="sms.inboundgateway"
                    ),
                ),
            ],
            options={
                "verbose_name": "inbound call",
                "ordering": ("-id",),
                "indexes": [
                    models.Index(condition=models.Q(("read_at", None)), fields=["id"], name="inbound_call_unread"),
                    models.Index(fields=["received_at"], name="inbound_call_age"),
                ],
            },
        ),
        migrations.CreateModel(
            name="InboundMessage",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                (
                    "gateway_message_id",
                    models.CharField(blank=True, default="", help_text="The gateway's own id.", max_length=128),
                ),
                ("sender", models.CharField(max_length=200, verbose_name="from")),
                ("to", models.CharField(max_length=64)),
                ("text", models.TextField(null=True)),
                (
                    "count",
                    models.PositiveIntegerField(
                        default=1, help_text="How often the gateway handed it over.", verbose_name="times"
                    ),
                ),
                (
                    "not_pushed",
                    models.CharField(blank=True, default="", help_text="Why it was not pushed.", max_length=200),
                ),
                ("received_at", models.DateTimeField()),
                ("erased_at", models.DateTimeField(null=True)),
                (
                    "call",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="messages",
                        to="sms.inboundcall",
                    ),
                ),
                (
                    "gateway",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="sms.inboundgateway",
                    ),
                ),
            ],
            options={
                "verbose_name": "received message",
                "ordering": ("-id",),
                "indexes": [
                    models.Index(fields=["gateway", "-received_at"], name="inbound_equal"),
                    models.Index(fields=["to", "-id"], name="inbound_to"),
                    models.Index(
                        condition=models.Q(("erased_at", None)), fields=["received_at"], name="inbound_to_erase"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("gateway_message_id", ""), _negated=True),
                        fields=("gateway", "gateway_message_id"),
                        name="one_message_per_gateway_id",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="LoginSource",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account", models.CharField(max_length=24)),
                (
                    "source",
                    models.CharField(help_text="An IPv4 address, or the /64 network of an IPv6 one.", max_length=45),
                ),
                ("failures", models.PositiveIntegerField(default=0)),
                ("failures_since", models.DateTimeField(null=True)),
                ("succeeded_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "login source",
                "constraints": [models.UniqueConstraint(fields=("account", "source"), name="one_row_per_login_source")],
            },
        ),
        migrations.CreateModel(
            name="MessageTemplate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.SlugField(max_length=64, unique=True)),
                (
                    "body",
                    models.TextField(help_text="Placeholders are {name}; {{ and }} stand for the braces themselves."),
                ),
                (
                    "placeholders",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text='Kinds: {"code": "digits"} or {"code": {"kind": "digits", "max_length": 8}}.',
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "verbose_name": "template",
                "ordering": ("name",),
            },
        ),
        migrations.CreateModel(
            name="Partner",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "slug",
                    models.SlugField(help_text="A short name of ours, such as renter-1.", max_length=64, unique=True),
                ),
                (
                    "vendor",
                    models.CharField(choices=sms.models.partner.partner_choices, max_length=32, verbose_name="kind"),
                ),
                (
                    "url",
                    models.CharField(
                        help_text="The whole address, as the partner gave it to us.",
                        max_length=300,
                        verbose_name="address",
                    ),
                ),
                ("credentials", sms.models.encrypted.EncryptedJSONField(blank=True, default=dict)),
                ("options", models.JSONField(blank=True, default=dict)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "ordering": ("slug",),
            },
        ),
        migrations.CreateModel(
            name="HistoricalRentedNumber",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                (
                    "phone",
                    models.CharField(
                        db_index=True,
                        help_text="In E.164 form, such as +994501234567.",
                        max_length=16,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A\\+[0-9]{7,15}\\Z", "A number in E.164 form, such as +994501234567."
                            )
                        ],
                    ),
                ),
                (
                    "operation_id",
                    models.PositiveBigIntegerField(
                        help_text="Our id of this rental; the partner sees it.",
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="operation",
                    ),
                ),
                (
                    "active",
                    models.BooleanField(default=True, help_text="Off: what the number receives is stored, not pushed."),
                ),
                (
                    "valid_from",
                    models.DateTimeField(blank=True, help_text="Empty: from now on.", null=True, verbose_name="from"),
                ),
                (
                    "valid_until",
                    models.DateTimeField(
                        blank=True, help_text="Empty: until it is turned off.", null=True, verbose_name="until"
                    ),
                ),
                ("created_at", models.DateTimeField(blank=True, editable=False)),
                ("updated_at", models.DateTimeField(blank=True, editable=False)),
                ("history_change_reason", models.TextField(null=True)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="sms.partner",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical rented number",
                "verbose_name_plural": "historical rented numbers",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="Provider",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "slug",
                    models.SlugField(help_text="A short name of ours, such as main-az.", max_length=64, unique=True),
                ),
                ("vendor", models.CharField(choices=sms.models.provider.vendor_choices, max_length=32)),
                (
                    "base_url",
                    models.CharField(
                        blank=True, help_text="Empty: the vendor's own address.", max_length=300, verbose_name="address"
                    ),
                ),
                ("enabled", models.BooleanField(default=True, help_text="Off: no message is routed here.")),
                (
                    "paused",
                    models.BooleanField(
                        default=False, help_text="On: messages routed here wait, or go to the next provider."
                    ),
                ),
                (
                    "timeout",
                    models.PositiveSmallIntegerField(
                        default=15,
                        help_text="Seconds from the first byte written to the whole answer. Connecting has 5 of its own.",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(120),
                        ],
                    ),
                ),
                (
                    "max_in_flight",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Calls at a time, over all dispatchers.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                    ),
                ),
                (
                    "rate_limit",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Calls a second, over all dispatchers.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                    ),
                ),
                ("credentials", sms.models.encrypted.EncryptedJSONField(blank=True, default=dict)),
                ("credentials_changed_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("options", models.JSONField(blank=True, default=dict)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "ordering": ("slug",),
                "permissions": [
                    ("pause_provider", "Can pause and resume a provider"),
                    ("test_provider", "Can test a provider's connection"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("timeout__gte", 1), ("timeout__lte", 120)), name="provider_timeout_1_120"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Alert",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(help_text="What it is about: one open alert per key.", max_length=100)),
                (
                    "severity",
                    models.CharField(choices=[("warning", "warning"), ("critical", "critical")], max_length=8),
                ),
                ("title", models.CharField(max_length=200)),
                ("advice", models.TextField(blank=True, default="")),
                ("opened_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "provider",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, related_name="alerts", to="sms.provider"
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
                "permissions": [("close_alert", "Can close an alert that does not close by itself")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("closed_at", None)), fields=("key",), name="one_open_alert_per_key"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AlertNotice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("change", models.CharField(choices=[("opened", "opened"), ("closed", "closed")], max_length=6)),
                ("channel", models.CharField(choices=[("email", "e-mail"), ("webhook", "webhook")], max_length=7)),
                (
                    "due_at",
                    models.DateTimeField(help_text="When it is tried next; none: it is told, or given up.", null=True),
                ),
                ("told_at", models.DateTimeField(null=True)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("last_error", models.TextField(blank=True, default="")),
                (
                    "alert",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="notices", to="sms.alert"
                    ),
                ),
            ],
            options={
                "ordering": ("id",),
                "indexes": [
                    models.Index(condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="notice_due")
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("alert", "change", "channel"), name="one_notice_per_change")
                ],
            },
        ),
        migrations.CreateModel(
            name="ProviderState",
            fields=[
                (
                    "provider",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="state",
                        serialize=False,
                        to="sms.provider",
                    ),
                ),
                (
                    "breaker",
                    models.CharField(choices=[("closed", "closed"), ("open", "open")], default="closed", max_length=8),
                ),
                (
                    "breaker_failure",
                    models.CharField(blank=True, help_text="The class of failure that opened it.", max_length=16),
                ),
                ("breaker_code", models.CharField(blank=True, max_length=64)),
                ("breaker_detail", models.TextField(blank=True)),
                ("opened_at", models.DateTimeField(null=True)),
                (
                    "probe_at",
                    models.DateTimeField(
                        help_text="When the next probe may go; none: staff must act first.", null=True
                    ),
                ),
                (
                    "probe_interval",
                    models.PositiveIntegerField(default=0, help_text="Seconds to the probe after this one."),
                ),
                ("probe_until", models.DateTimeField(help_text="A probe is under way until then.", null=True)),
                (
                    "bad_calls",
                    models.PositiveIntegerField(default=0, help_text="Unavailable or unconfirmed calls in a row."),
                ),
                ("tokens", models.FloatField(default=0, help_text="Calls left of the rate limit.")),
                ("tokens_at", models.DateTimeField(null=True)),
                ("retry_at", models.DateTimeField(help_text="The vendor asked us to wait until then.", null=True)),
                ("last_error_at", models.DateTimeField(null=True)),
                ("last_error_code", models.CharField(blank=True, max_length=64)),
                ("last_error_detail", models.TextField(blank=True)),
                ("last_success_at", models.DateTimeField(null=True)),
                ("last_test_at", models.DateTimeField(null=True)),
                ("last_test_accepted", models.BooleanField(null=True)),
                ("last_test_detail", models.TextField(blank=True)),
                ("first_report_at", models.DateTimeField(null=True)),
                ("last_report_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="RentedNumber",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "phone",
                    models.CharField(
                        help_text="In E.164 form, such as +994501234567.",
                        max_length=16,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A\\+[0-9]{7,15}\\Z", "A number in E.164 form, such as +994501234567."
                            )
                        ],
                    ),
                ),
                (
                    "operation_id",
                    models.PositiveBigIntegerField(
                        help_text="Our id of this rental; the partner sees it.",
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="operation",
                    ),
                ),
                (
                    "active",
                    models.BooleanField(default=True, help_text="Off: what the number receives is stored, not pushed."),
                ),
                (
                    "valid_from",
                    models.DateTimeField(blank=True, help_text="Empty: from now on.", null=True, verbose_name="from"),
                ),
                (
                    "valid_until",
                    models.DateTimeField(
                        blank=True, help_text="Empty: until it is turned off.", null=True, verbose_name="until"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="numbers", to="sms.partner"
                    ),
                ),
            ],
            options={
                "verbose_name": "rented number",
                "ordering": ("phone",),
                "constraints": [
                    models.UniqueConstraint(fields=("partner", "operation_id"), name="one_number_per_operation"),
                    models.CheckConstraint(condition=models.Q(("operation_id__gte", 1)), name="operation_id_from_1"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("valid_from", None),
                            ("valid_until", None),
                            ("valid_until__gt", models.F("valid_from")),
                            _connector="OR",
                        ),
                        name="rented_number_ends_after_it_begins",
                        violation_error_message="It ends before it begins.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="InboundPush",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("operation_id", models.PositiveBigIntegerField(verbose_name="operation")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("pushing", "pushing"),
                            ("delivered", "delivered"),
                            ("refused", "refused"),
                            ("failed", "failed"),
                        ],
                        default="waiting",
                        max_length=9,
                    ),
                ),
                ("due_at", models.DateTimeField(null=True)),
                ("lease_token", models.UUIDField(null=True)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                (
                    "tries_before",
                    models.PositiveSmallIntegerField(default=0, help_text="Those before staff pushed it again."),
                ),
                ("code", models.CharField(blank=True, default="", max_length=64)),
                ("detail", models.TextField(blank=True, default="")),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                (
                    "message",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="push", to="sms.inboundmessage"
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="pushes",
                        to="sms.partner",
                    ),
                ),
                (
                    "number",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="pushes",
                        to="sms.rentednumber",
                    ),
                ),
            ],
            options={
                "verbose_name": "push",
                "verbose_name_plural": "pushes",
                "ordering": ("-id",),
                "permissions": [("push_again", "Can push a received message again, or by hand")],
                "indexes": [
                    models.Index(
                        condition=models.Q(("status__in", ["waiting", "pushing"])),
                        fields=["partner", "due_at"],
                        name="push_queue",
                    ),
                    models.Index(fields=["partner", "-id"], name="push_of_partner"),
                    models.Index(fields=["status", "-id"], name="push_status"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["waiting", "pushing", "delivered", "refused", "failed"])),
                        name="push_status_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status__in", ["waiting", "pushing"]), _negated=True),
                            ("due_at__isnull", False),
                            _connector="OR",
                        ),
                        name="push_waiting_is_due",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="InboundPushAttempt",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("number", models.PositiveSmallIntegerField()),
                ("outcome", models.CharField(blank=True, default="", max_length=9)),
                ("code", models.CharField(blank=True, default="", max_length=64)),
                ("detail", models.TextField(blank=True, default="")),
                ("http_status", models.PositiveSmallIntegerField(null=True)),
                ("raw_request", models.TextField(null=True)),
                ("raw_response", models.TextField(null=True)),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "push",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attempts",
                        to="sms.inboundpush",
                    ),
                ),
            ],
            options={
                "verbose_name": "push attempt",
                "ordering": ("push", "number"),
                "constraints": [models.UniqueConstraint(fields=("push", "number"), name="one_number_per_push_attempt")],
            },
        ),
        migrations.CreateModel(
            name="RollupHour",
            fields=[
                ("hour", models.DateTimeField(primary_key=True, serialize=False)),
                ("rolled_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ("-hour",),
            },
        ),
        migrations.CreateModel(
            name="HourlyCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("status", models.CharField(max_length=12)),
                ("code", models.CharField(blank=True, default="", max_length=64)),
                ("count", models.PositiveIntegerField()),
                (
                    "provider",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="sms.provider"
                    ),
                ),
                (
                    "hour",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="counts", to="sms.rolluphour"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="HourlyMatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("count", models.PositiveIntegerField()),
                (
                    "template",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="sms.messagetemplate"
                    ),
                ),
                (
                    "hour",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="matches", to="sms.rolluphour"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="HourlySpeed",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("taken", models.PositiveIntegerField()),
                ("p50", models.PositiveIntegerField()),
                ("p95", models.PositiveIntegerField()),
                (
                    "provider",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="sms.provider"),
                ),
                (
                    "hour",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="speeds", to="sms.rolluphour"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SenderName",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "name",
                    models.CharField(
                        help_text="Exactly as Akinon sends it, letter case included.", max_length=64, unique=True
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name": "sender name",
                "ordering": ("name",),
            },
        ),
        migrations.CreateModel(
            name="ApiClient",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "username",
                    models.CharField(
                        max_length=64,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[!-9;-~]+\\Z", "Visible ASCII characters without a colon."
                            )
                        ],
                    ),
                ),
                ("secret_digest", models.CharField(editable=False, max_length=64)),
                ("previous_digest", models.CharField(blank=True, editable=False, max_length=64)),
                ("previous_valid_until", models.DateTimeField(editable=False, null=True)),
                ("enabled", models.BooleanField(default=True)),
                (
                    "newline_escape",
                    models.CharField(
                        choices=[
                            ("outside_urls", "/n is a new line, but not inside links"),
                            ("always", "/n is always a new line"),
                            ("off", "/n stays as it is"),
                        ],
                        default="outside_urls",
                        max_length=16,
                    ),
                ),
                (
                    "all_senders",
                    models.BooleanField(default=True, help_text="Off: only the sender names chosen below."),
                ),
                (
                    "rate_limit",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Messages a second. Empty: no limit.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                    ),
                ),
                (
                    "daily_budget",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Messages a UTC day. Empty: no limit.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                    ),
                ),
                ("read_messages", models.BooleanField(default=True, help_text="Off: GET /messages is refused.")),
                (
                    "on_no_template",
                    models.CharField(
                        choices=[
                            ("refuse", "refuse the call (422)"),
                            ("hold", "hold the message until a template gives its text"),
                        ],
                        default="refuse",
                        max_length=8,
                    ),
                ),
                (
                    "otp_per_number",
                    models.PositiveIntegerField(
                        default=5,
                        help_text="OTPs to one number in 10 minutes. 0: no cap.",
                        validators=[django.core.validators.MaxValueValidator(10000)],
                    ),
                ),
                (
                    "otp_per_range",
                    models.PositiveIntegerField(
                        default=50,
                        help_text="OTPs an hour to one range of 100 numbers. 0: no cap.",
                        validators=[django.core.validators.MaxValueValidator(1000000)],
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("senders", models.ManyToManyField(blank=True, related_name="clients", to="sms.sendername")),
            ],
            options={
                "verbose_name": "client",
                "ordering": ("username",),
            },
        ),
        migrations.CreateModel(
            name="ClientAllowance",
            fields=[
                (
                    "client",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="allowance",
                        serialize=False,
                        to="sms.apiclient",
                    ),
                ),
                ("tokens", models.FloatField(default=0)),
                ("at", models.FloatField(default=0)),
                ("day", models.PositiveIntegerField(default=0)),
                ("used", models.PositiveIntegerField(default=0)),
                ("granted", models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="HistoricalApiClient_senders",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("m2m_history_id", models.AutoField(primary_key=True, serialize=False)),
                (
                    "apiclient",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_tablespace="",
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="sms.apiclient",
                    ),
                ),
                (
                    "history",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        to="sms.historicalapiclient",
                    ),
                ),
                (
                    "sendername",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_tablespace="",
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="sms.sendername",
                    ),
                ),
            ],
            options={
                "verbose_name": "HistoricalApiClient_senders",
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalRoute",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                (
                    "prefix",
                    models.CharField(
                        help_text="The start of the number, such as +994. A + alone takes every number that no other route takes.",
                        max_length=16,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A\\+[0-9]{0,15}\\Z", "A plus sign and digits, such as +994; + alone is the rest."
                            )
                        ],
                    ),
                ),
                (
                    "is_otp",
                    models.BooleanField(
                        blank=True,
                        choices=[(None, "both"), (True, "OTP"), (False, "others")],
                        null=True,
                        verbose_name="kind",
                    ),
                ),
                ("enabled", models.BooleanField(default=True)),
                (
                    "otp_ttl",
                    models.PositiveIntegerField(
                        default=300,
                        help_text="Seconds.",
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="OTP time to live",
                    ),
                ),
                (
                    "ttl",
                    models.PositiveIntegerField(
                        default=86400,
                        help_text="Seconds, for other messages.",
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="time to live",
                    ),
                ),
                (
                    "resend_unconfirmed_otp",
                    models.BooleanField(
                        default=False,
                        help_text="An OTP whose fate is unknown may go out once more, by the next provider: it may arrive twice.",
                    ),
                ),
                ("history_change_reason", models.TextField(null=True)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "client",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        help_text="Empty: every client.",
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="sms.apiclient",
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "historical route",
                "verbose_name_plural": "historical routes",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalSenderApproval",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                (
                    "vendor_name",
                    models.CharField(
                        blank=True, help_text="As the vendor knows it. Empty: the same name.", max_length=64
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("pending", "pending"),
                            ("approved", "approved"),
                            ("rejected", "rejected"),
                        ],
                        default="draft",
                        max_length=16,
                    ),
                ),
                ("history_change_reason", models.TextField(null=True)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "provider",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="sms.provider",
                    ),
                ),
                (
                    "sender",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="sms.sendername",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical sender approval",
                "verbose_name_plural": "historical sender approvals",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="RefusalCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("minute", models.DateTimeField()),
                ("count", models.PositiveIntegerField(default=0)),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="refusal_counts", to="sms.apiclient"
                    ),
                ),
            ],
            options={
                "verbose_name": "refusal count",
                "constraints": [
                    models.UniqueConstraint(fields=("client", "minute"), name="one_refusal_count_per_minute")
                ],
            },
        ),
        migrations.CreateModel(
            name="RefusedRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("request_id", models.CharField(db_index=True, max_length=128)),
                ("http_status", models.PositiveSmallIntegerField()),
                ("code", models.CharField(max_length=32)),
                ("field", models.CharField(blank=True, default="", max_length=64)),
                ("sender", models.CharField(blank=True, default="", max_length=64)),
                ("to", models.CharField(blank=True, default="", max_length=32)),
                ("is_otp", models.BooleanField(default=False)),
                ("shape", models.TextField(blank=True, default="", help_text="The text with its digits masked.")),
                (
                    "nearest",
                    models.TextField(
                        blank=True, default="", help_text="The nearest template and the first difference."
                    ),
                ),
                ("created_at", models.DateTimeField()),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="refused_requests", to="sms.apiclient"
                    ),
                ),
            ],
            options={
                "verbose_name": "refused request",
                "ordering": ("-id",),
                "permissions": [("see_shapes", "Can see the shapes of refused texts, digits masked")],
                "indexes": [
                    models.Index(fields=["to", "-id"], name="refused_to_number"),
                    models.Index(fields=["created_at"], name="refused_age"),
                    models.Index(fields=["code", "-id"], name="refused_code"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Route",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "prefix",
                    models.CharField(
                        help_text="The start of the number, such as +994. A + alone takes every number that no other route takes.",
                        max_length=16,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A\\+[0-9]{0,15}\\Z", "A plus sign and digits, such as +994; + alone is the rest."
                            )
                        ],
                    ),
                ),
                (
                    "is_otp",
                    models.BooleanField(
                        blank=True,
                        choices=[(None, "both"), (True, "OTP"), (False, "others")],
                        null=True,
                        verbose_name="kind",
                    ),
                ),
                ("enabled", models.BooleanField(default=True)),
                (
                    "otp_ttl",
                    models.PositiveIntegerField(
                        default=300,
                        help_text="Seconds.",
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="OTP time to live",
                    ),
                ),
                (
                    "ttl",
                    models.PositiveIntegerField(
                        default=86400,
                        help_text="Seconds, for other messages.",
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="time to live",
                    ),
                ),
                (
                    "resend_unconfirmed_otp",
                    models.BooleanField(
                        default=False,
                        help_text="An OTP whose fate is unknown may go out once more, by the next provider: it may arrive twice.",
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty: every client.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="routes",
                        to="sms.apiclient",
                    ),
                ),
            ],
            options={
                "ordering": ("prefix", "client", "is_otp"),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("client", None), ("is_otp", None)),
                        fields=("prefix",),
                        name="one_route_per_prefix",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("is_otp", None)),
                        fields=("prefix", "client"),
                        name="one_route_per_prefix_client",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("client", None)),
                        fields=("prefix", "is_otp"),
                        name="one_route_per_prefix_kind",
                    ),
                    models.UniqueConstraint(
                        fields=("prefix", "client", "is_otp"), name="one_route_per_prefix_client_kind"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="HistoricalRouteProvider",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField(default=1)),
                ("history_change_reason", models.TextField(null=True)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "provider",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="sms.provider",
                    ),
                ),
                (
                    "route",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="sms.route",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical route provider",
                "verbose_name_plural": "historical route providers",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="RouteProvider",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField(default=1)),
                (
                    "provider",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="route_steps", to="sms.provider"
                    ),
                ),
                (
                    "route",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="steps", to="sms.route"
                    ),
                ),
            ],
            options={
                "ordering": ("route", "position"),
                "constraints": [
                    models.UniqueConstraint(fields=("route", "provider"), name="one_place_per_route_provider")
                ],
            },
        ),
        migrations.AddField(
            model_name="route",
            name="providers",
            field=models.ManyToManyField(related_name="routes", through="sms.RouteProvider", to="sms.provider"),
        ),
        migrations.CreateModel(
            name="SenderApproval",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "vendor_name",
                    models.CharField(
                        blank=True, help_text="As the vendor knows it. Empty: the same name.", max_length=64
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("pending", "pending"),
                            ("approved", "approved"),
                            ("rejected", "rejected"),
                        ],
                        default="draft",
                        max_length=16,
                    ),
                ),
                (
                    "provider",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="sender_approvals", to="sms.provider"
                    ),
                ),
                (
                    "sender",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="approvals", to="sms.sendername"
                    ),
                ),
            ],
            options={
                "verbose_name": "sender approval",
                "constraints": [
                    models.UniqueConstraint(fields=("sender", "provider"), name="one_approval_per_sender_provider")
                ],
            },
        ),
        migrations.CreateModel(
            name="TemplateApproval",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "vendor_template",
                    models.CharField(blank=True, help_text="The vendor's id or code of the template.", max_length=128),
                ),
                (
                    "parameters",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text='Our placeholders in the vendor\'s order: ["name", {"order": "order_code"}] where the vendor\'s name differs. Empty: the text\'s order, the same names.',
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("pending", "pending"),
                            ("approved", "approved"),
                            ("rejected", "rejected"),
                        ],
                        default="draft",
                        max_length=16,
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=200)),
                (
                    "provider",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="template_approvals",
                        to="sms.provider",
                    ),
                ),
                (
                    "template",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="approvals", to="sms.messagetemplate"
                    ),
                ),
            ],
            options={
                "verbose_name": "template approval",
                "constraints": [
                    models.UniqueConstraint(fields=("template", "provider"), name="one_approval_per_template_provider")
                ],
            },
        ),
        migrations.CreateModel(
            name="TemplateVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("body", models.TextField()),
                ("placeholders", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "author",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "template",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="versions", to="sms.messagetemplate"
                    ),
                ),
            ],
            options={
                "verbose_name": "template version",
                "ordering": ("template", "-number"),
                "constraints": [
                    models.UniqueConstraint(fields=("template", "number"), name="one_number_per_template_version")
                ],
            },
        ),
        migrations.AddField(
            model_name="messagetemplate",
            name="current_version",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.RESTRICT,
                related_name="+",
                to="sms.templateversion",
            ),
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("request_id", models.CharField(max_length=128)),
                ("repeat_key", models.CharField(max_length=64, null=True)),
                ("api_version", models.CharField(blank=True, default="", max_length=32)),
                ("sender", models.CharField(max_length=64)),
                ("to", models.CharField(max_length=16)),
                ("raw_text", models.TextField(null=True)),
                ("text", models.TextField(null=True)),
                ("is_otp", models.BooleanField(default=False)),
                ("is_test", models.BooleanField(default=False)),
                ("encoding", models.CharField(max_length=5)),
                ("segments", models.PositiveSmallIntegerField()),
                ("smoothing", models.JSONField(default=list)),
                ("parameters", models.JSONField(default=dict, null=True)),
                ("decision", models.JSONField(default=dict)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("queued", "queued"),
                            ("held", "held"),
                            ("sending", "sending"),
                            ("unconfirmed", "unconfirmed"),
                            ("submitted", "submitted"),
                            ("sent", "sent"),
                            ("delivered", "delivered"),
                            ("undelivered", "undelivered"),
                            ("failed", "failed"),
                            ("expired", "expired"),
                            ("canceled", "canceled"),
                        ],
                        max_length=12,
                    ),
                ),
                ("due_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField()),
                ("waiting_for", models.CharField(blank=True, default="", max_length=200)),
                ("lease_token", models.UUIDField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                ("attempts_made", models.PositiveSmallIntegerField(default=0)),
                ("attempts_before", models.PositiveSmallIntegerField(default=0)),
                ("in_doubt", models.BooleanField(default=False, help_text="An earlier attempt may have gone out.")),
                ("crashes", models.PositiveSmallIntegerField(default=0)),
                ("code", models.CharField(blank=True, default="", max_length=64)),
                ("detail", models.TextField(blank=True, default="")),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                ("erased_at", models.DateTimeField(null=True)),
                (
                    "client",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="sms.apiclient",
                    ),
                ),
                (
                    "pinned_provider",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="sms.provider",
                    ),
                ),
                (
                    "provider",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="sms.provider",
                    ),
                ),
                (
                    "template_version",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="sms.templateversion",
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
                "permissions": [
                    ("see_numbers", "Can see numbers in full"),
                    ("reveal_message", "Can show a message's text, leaving a record"),
                    ("resend_message", "Can send a message again"),
                    ("settle_message", "Can settle an unconfirmed message, and ask the vendor"),
                    ("cancel_message", "Can cancel a queued or held message, and release a held one"),
                    ("send_test", "Can send a test to a number of their own"),
                    ("export_messages", "Can export messages as CSV"),
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", sms.domain.lifecycle.Status["QUEUED"])),
                        fields=["provider", "is_otp", "due_at"],
                        name="message_queue",
                    ),
                    models.Index(
                        condition=models.Q(
                            ("status__in", [sms.domain.lifecycle.Status["QUEUED"], sms.domain.lifecycle.Status["HELD"]])
                        ),
                        fields=["expires_at"],
                        name="message_expiry",
                    ),
                    models.Index(
                        condition=models.Q(("status", sms.domain.lifecycle.Status["SENDING"])),
                        fields=["lease_until"],
                        name="message_leases",
                    ),
                    models.Index(
                        condition=models.Q(
                            (
                                "status__in",
                                [
                                    sms.domain.lifecycle.Status["HELD"],
                                    sms.domain.lifecycle.Status["UNCONFIRMED"],
                                    sms.domain.lifecycle.Status["UNDELIVERED"],
                                    sms.domain.lifecycle.Status["FAILED"],
                                    sms.domain.lifecycle.Status["EXPIRED"],
                                    sms.domain.lifecycle.Status["CANCELED"],
                                ],
                            )
                        ),
                        fields=["status", "-id"],
                        name="message_needs_a_look",
                    ),
                    models.Index(
                        condition=models.Q(("erased_at", None), ("is_otp", True)),
                        fields=["expires_at", "id"],
                        name="message_otp_to_erase",
                    ),
                    models.Index(fields=["client", "-id"], name="message_of_client"),
                    models.Index(fields=["to", "-id"], name="message_to_number"),
                    models.Index(fields=["request_id"], name="message_request_id"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("repeat_key",), name="message_repeat_key"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                [
                                    "queued",
                                    "held",
                                    "sending",
                                    "unconfirmed",
                                    "submitted",
                                    "sent",
                                    "delivered",
                                    "undelivered",
                                    "failed",
                                    "expired",
                                    "canceled",
                                ],
                            )
                        ),
                        name="message_status_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", sms.domain.lifecycle.Status["SENDING"]), _negated=True),
                            models.Q(("lease_token__isnull", False), ("lease_until__isnull", False)),
                            _connector="OR",
                        ),
                        name="message_sending_has_lease",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", sms.domain.lifecycle.Status["QUEUED"]), _negated=True),
                            models.Q(("due_at__isnull", False), ("provider__isnull", False)),
                            _connector="OR",
                        ),
                        name="message_queued_is_due",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("is_otp", True), ("status", sms.domain.lifecycle.Status["HELD"]), _negated=True
                        ),
                        name="message_otp_never_held",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("number", models.PositiveSmallIntegerField()),
                ("lease_token", models.UUIDField()),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("accepted", "accepted"),
                            ("refused", "refused"),
                            ("misconfigured", "misconfigured"),
                            ("unavailable", "unavailable"),
                            ("unconfirmed", "unconfirmed"),
                        ],
                        max_length=13,
                        null=True,
                    ),
                ),
                ("failure", models.CharField(blank=True, default="", max_length=10)),
                ("code", models.CharField(blank=True, default="", max_length=64)),
                ("detail", models.TextField(blank=True, default="")),
                ("vendor_message_id", models.CharField(blank=True, default="", max_length=128)),
                ("http_status", models.PositiveSmallIntegerField(null=True)),
                ("raw_request", models.TextField(null=True)),
                ("raw_response", models.TextField(null=True)),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                ("reported", models.CharField(blank=True, default="", max_length=11)),
                ("poll_at", models.DateTimeField(null=True)),
                ("polls", models.PositiveSmallIntegerField(default=0)),
                (
                    "message",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attempts",
                        to="sms.message",
                    ),
                ),
                (
                    "provider",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="attempts",
                        to="sms.provider",
                    ),
                ),
                (
                    "template_version",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="sms.templateversion",
                    ),
                ),
            ],
            options={
                "ordering": ("message", "number"),
                "indexes": [
                    models.Index(
                        condition=models.Q(("vendor_message_id", ""), _negated=True),
                        fields=["vendor_message_id", "provider"],
                        name="attempt_vendor_id",
                    ),
                    models.Index(
                        condition=models.Q(("poll_at__isnull", False)), fields=["poll_at"], name="attempt_polls"
                    ),
                ],
                "constraints": [models.UniqueConstraint(fields=("message", "number"), name="one_number_per_attempt")],
            },
        ),
        migrations.CreateModel(
            name="Callback",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "address_digest",
                    models.CharField(help_text="SHA-256 of the address that was called.", max_length=64),
                ),
                (
                    "body_digest",
                    models.CharField(help_text="SHA-256 of method, query, content type and body.", max_length=64),
                ),
                ("method", models.CharField(max_length=8)),
                ("query", models.BinaryField(default=bytes)),
                ("content_type", models.CharField(blank=True, default="", max_length=200)),
                ("body", models.BinaryField(null=True)),
                ("source", models.GenericIPAddressField(null=True)),
                ("count", models.PositiveIntegerField(default=1)),
                (
                    "note",
                    models.CharField(
                        blank=True, default="", help_text="Why it was not read, if it was not.", max_length=200
                    ),
                ),
                ("received_at", models.DateTimeField()),
                ("last_received_at", models.DateTimeField()),
                ("read_at", models.DateTimeField(null=True)),
                (
                    "attempt",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="callbacks",
                        to="sms.attempt",
                    ),
                ),
                (
                    "provider",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="callbacks", to="sms.provider"
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
                "indexes": [
                    models.Index(fields=["address_digest", "received_at"], name="callback_flood"),
                    models.Index(condition=models.Q(("read_at", None)), fields=["id"], name="callback_unread"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("address_digest", "body_digest"), name="one_row_per_equal_callback")
                ],
            },
        ),
        migrations.CreateModel(
            name="DeliveryReport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("sent", "sent"),
                            ("delivered", "delivered"),
                            ("undelivered", "undelivered"),
                            ("unknown", "unknown"),
                        ],
                        max_length=11,
                    ),
                ),
                ("reference", models.CharField(blank=True, default="", max_length=128)),
                ("vendor_message_id", models.CharField(blank=True, default="", max_length=128)),
                ("code", models.CharField(blank=True, default="", max_length=64)),
                ("detail", models.TextField(blank=True, default="")),
                ("applied", models.BooleanField(default=False)),
                (
                    "reason",
                    models.CharField(blank=True, default="", help_text="Why it was not applied.", max_length=200),
                ),
                ("is_waiting", models.BooleanField(default=False, help_text="It names an id that no attempt has yet.")),
                ("is_poll", models.BooleanField(default=False)),
                ("received_at", models.DateTimeField()),
                (
                    "attempt",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, related_name="reports", to="sms.attempt"
                    ),
                ),
                (
                    "callback",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="reports",
                        to="sms.callback",
                    ),
                ),
                (
                    "message",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, related_name="reports", to="sms.message"
                    ),
                ),
                (
                    "provider",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="reports", to="sms.provider"
                    ),
                ),
            ],
            options={
                "verbose_name": "delivery report",
                "ordering": ("id",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("is_waiting", True)),
                        fields=["vendor_message_id", "provider"],
                        name="report_waiting",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="MessageEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("kind", models.CharField(max_length=32)),
                (
                    "actor",
                    models.CharField(blank=True, default="", help_text="Empty: a rule of the product.", max_length=150),
                ),
                ("reason", models.TextField(blank=True, default="")),
                ("detail", models.JSONField(default=dict)),
                (
                    "message",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="events", to="sms.message"
                    ),
                ),
            ],
            options={
                "ordering": ("at", "id"),
            },
        ),
    ]
