"""Every page of the admin has a content policy and shows hidden characters as escapes."""

from __future__ import annotations

import sys

import pytest
from django.http import HttpResponse
from django.urls import reverse

from config.headers import AdminHeaders
from sms.admin.common.base import typed
from sms.domain.text import visible


def test_every_page_of_the_admin_carries_its_content_policy(boss, client):
    for page in (boss.get(reverse("admin:index")), client.get(reverse("admin:login"))):
        policy = page["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self' 'unsafe-eval';" in policy
        assert "http" not in policy


def test_a_page_shows_every_character_that_is_made_visible_and_no_other_otherwise(rf):
    every = "".join(chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000)
    page = AdminHeaders(lambda request: HttpResponse(every))(rf.get("/admin/"))
    assert page.content.decode() == "".join(map(visible, every))


def test_a_form_shows_hidden_characters_as_escapes_and_saves_what_they_were(boss, cast):
    joined = "Family \U0001f468\u200d\U0001f469 of {name}"
    cast.template.body = joined
    cast.template.save()
    address = reverse("admin:sms_messagetemplate_change", args=(cast.template.pk,))
    page = boss.get(address).content.decode()
    assert "\u200d" not in page
    shown = joined.replace("\u200d", "\\u200d")
    assert shown in page
    forms = {"approvals-TOTAL_FORMS": 0, "approvals-INITIAL_FORMS": 0}
    forms |= {"versions-TOTAL_FORMS": 0, "versions-INITIAL_FORMS": 0}
    answer = boss.post(address, {"name": "order-shipped", "body": shown, "placeholders": "{}"} | forms)
    assert answer.status_code == 302
    cast.template.refresh_from_db()
    assert cast.template.body == joined
    assert cast.template.versions.count() == 2


@pytest.mark.parametrize("written", ["\\u0041", "\\u00e9", "C:\\users", "\\U00110000", "\\uzzzz"])
def test_only_escapes_that_we_show_are_read_back(written):
    assert typed(written) == written


def test_line_ends_of_a_browser_are_plain_ones():
    assert typed("a\r\nb") == "a\nb"
