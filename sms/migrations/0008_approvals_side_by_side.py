from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sms", "0007_bind_approvals"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="templateapproval",
            name="one_approval_per_template_provider",
        ),
        migrations.AddConstraint(
            model_name="templateapproval",
            constraint=models.UniqueConstraint(
                fields=("template", "provider", "vendor_template"), name="one_approval_per_vendor_template"
            ),
        ),
        migrations.AddConstraint(
            model_name="templateapproval",
            constraint=models.CheckConstraint(
                condition=models.Q(("status", "approved"), _negated=True) | models.Q(("version__isnull", False)),
                name="approved_template_has_version",
            ),
        ),
    ]
