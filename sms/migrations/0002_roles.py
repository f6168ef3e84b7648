"""Four roles: who sees and does what on the desk."""

from django.db import migrations

from ._roles import ADMINISTRATOR, EDITOR, OPERATOR, VIEWER, give

LOOK = (
    "message",
    "attempt",
    "deliveryreport",
    "refusedrequest",
    "alert",
    "provider",
    "providerstate",
    "route",
    "routeprovider",
    "messagetemplate",
    "templateversion",
    "templateapproval",
    "sendername",
    "senderapproval",
    "dispatcher",
)
RECEIVED = (
    "inboundmessage",
    "inboundpush",
    "inboundpushattempt",
    "partner",
    "rentednumber",
    "inboundgateway",
)
SET_UP = (
    "provider",
    "route",
    "routeprovider",
    "messagetemplate",
    "templateapproval",
    "sendername",
    "senderapproval",
    "apiclient",
    "partner",
    "rentednumber",
    "inboundgateway",
)
WRITE = ("messagetemplate", "templateapproval", "sendername", "senderapproval")


def _all(models, *verbs):
    return [f"sms.{verb}_{model}" for model in models for verb in verbs]


VIEWERS = _all([*LOOK, *RECEIVED], "view")
ACTIONS = [
    "sms.see_numbers",
    "sms.see_shapes",
    "sms.reveal_message",
    "sms.resend_message",
    "sms.settle_message",
    "sms.cancel_message",
    "sms.send_test",
    "sms.export_messages",
    "sms.pause_provider",
    "sms.test_provider",
    "sms.push_again",
    "sms.close_alert",
    "sms.view_callback",
    "sms.view_apiclient",
    "sms.view_inboundcall",
    *_all(["blockednumber"], "view", "add", "delete"),
    *_all(["rentednumber"], "add", "change"),
]
ROLES = {
    VIEWER: VIEWERS,
    OPERATOR: [*VIEWERS, *ACTIONS],
    EDITOR: [*_all(LOOK, "view"), "sms.see_shapes", *_all(WRITE, "add", "change", "delete")],
    ADMINISTRATOR: [
        *VIEWERS,
        *ACTIONS,
        *_all(SET_UP, "add", "change", "delete"),
        "sms.view_refusalcount",
        *[f"auth.{verb}_user" for verb in ("view", "add", "change", "delete")],
        "auth.view_group",
    ],
}


def make(apps, schema_editor):
    give(apps, ROLES)


class Migration(migrations.Migration):
    dependencies = [
        ("sms", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
