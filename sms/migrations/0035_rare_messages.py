"""Indexes of the messages that staff look for. They have few rows, so they cost accepting nothing."""

from __future__ import annotations

from django.db import migrations, models

from ._concurrently import AddIndex

NEEDS_ATTENTION = models.Q(status__in=["held", "unconfirmed", "undelivered", "failed", "expired", "canceled"])


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("sms", "0034_kept_decisions")]

    operations = [
        AddIndex(
            "message", models.Index(fields=["-id"], condition=NEEDS_ATTENTION, name="message_needs_a_look_newest")
        ),
        AddIndex("message", models.Index(fields=["code", "-id"], condition=NEEDS_ATTENTION, name="message_code")),
        AddIndex("message", models.Index(fields=["-id"], condition=models.Q(is_test=True), name="message_tests")),
    ]
