"""Gives each approval of today the version of its template that is in use, so that nothing that is sent stops.

Whether the vendor has registered that very text is certain only where the template never had another one. Elsewhere
the approval is marked, and staff see it on the set-up page.
"""

import unicodedata

from django.db import migrations


def bind(apps, schema_editor):
    approvals = apps.get_model("sms", "TemplateApproval").objects.filter(status="approved", version=None)
    versions = apps.get_model("sms", "TemplateVersion").objects
    for approval in approvals.select_related("template").iterator(chunk_size=500):
        template = approval.template
        if template.current_version_id is None:
            template.current_version = versions.create(
                template=template, number=1, body=template.body, placeholders=template.placeholders
            )
            template.save(update_fields=["current_version"])
        texts = {_compared(body) for body in versions.filter(template=template).values_list("body", flat=True)}
        approval.version_id = template.current_version_id
        approval.needs_confirmation = len(texts) > 1
        approval.confirmed_how = "" if approval.needs_confirmation else "upgrade"
        approval.save(update_fields=["version", "needs_confirmation", "confirmed_how"])


def _compared(body):
    """As matching compares it: two bodies alike in this are one text."""
    return unicodedata.normalize("NFC", body).replace("\r\n", "\n").replace("\r", "\n").strip()


class Migration(migrations.Migration):
    dependencies = [
        ("sms", "0006_approved_text"),
    ]

    operations = [
        migrations.RunPython(bind, migrations.RunPython.noop),
    ]
