"""Escapes that staff submit become characters again, but for those that no database stores."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from sms.admin.common.base import typed
from sms.models import BlockedNumber, RetentionPeriods, StaffPreferences

UNSTORABLE = [r"\u0000", r"\U00000000", r"\ud800", r"\udfff", r"\udbff", r"\U0000d83d", r"\ud83d\ude00"]


@pytest.mark.parametrize(
    ("submitted", "text"),
    [
        (r"a\u202eb", "a\u202eb"),
        (r"\U000e0041", "\U000e0041"),
        ("a\r\nb", "a\nb"),
        (r"\u0041", r"\u0041"),
        (r"\u200b\u0000\u200b", "\u200b\\u0000\u200b"),
        (r"\U0011ffff", r"\U0011ffff"),
        *((each, each) for each in UNSTORABLE),
    ],
)
def test_what_staff_submit(submitted: str, text: str) -> None:
    assert typed(submitted) == text


@pytest.mark.any_database
@pytest.mark.parametrize("escape", UNSTORABLE)
def test_no_escape_makes_a_form_fail(boss: Client, cast, escape: str) -> None:
    reason = f"x{escape}"
    boss.post(reverse("admin:tools_saved_views"), {"name": reason, "query": "view=failed"})
    assert StaffPreferences.objects.get().saved_views == {reason: "view=failed"}
    boss.post(reverse("admin:tools_block"), {"numbers": "+994501234599", "reason": reason})
    assert BlockedNumber.objects.get().reason == reason
    doubt = cast.doubt(cast.template.approvals.get())
    boss.post(reverse("admin:sms_approvaldoubt_end", args=(doubt.pk,)), {"reason": reason, "_form_submitted": "on"})
    assert LogEntry.objects.filter(change_message__endswith=reason).exists()
    days = {"text_days": "4", "change_reason": reason}
    shown = boss.post(reverse("admin:tools_retention"), days).context["shown"]
    boss.post(reverse("admin:tools_retention"), days | {"confirm": shown})
    assert RetentionPeriods.history.get().history_change_reason == reason
