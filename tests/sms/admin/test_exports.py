"""Every file that the admin hands out is safe to open: no formulas, no hidden characters, numbers masked by role."""

from __future__ import annotations

import csv
import io
import re

import pytest
from django.urls import reverse

from sms.admin.messages import admin as message_admin
from sms.domain.text import visible
from tests.support.leaks import export_names

from .conftest import HOSTILE, PHONE

TEXTS = (
    HOSTILE,
    '=HYPERLINK("http://evil.example","x")',
    "+1+cmd|' /C calc'!A0",
    "-1+1",
    "@SUM(1+1)",
    "\t=1+1",
    "＝1+1",
    "W" * 1600,
)
NUMBER = re.compile(r"\+[0-9•]+")


@pytest.fixture
def _hostile_rows(cast) -> None:
    for number, text in enumerate(TEXTS):
        cast.message("failed", sender=text[:64], code=text[:64], detail=text, request_id=text[:128])
        template = type(cast.template).objects.create(name=f"{text[:60]}{number}", body=text)
        template.approvals.create(provider=cast.templated, vendor_template=text[:128], note=text[:200])


@pytest.mark.usefixtures("_hostile_rows")
@pytest.mark.parametrize("name", export_names())
def test_an_export_runs_nothing_and_hides_nothing(name, boss, cast):
    answer = boss.get(reverse(f"admin:{name}"))
    file = b"".join(answer.streaming_content).decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(file)) for cell in row]
    assert any("HYPERLINK" in cell for cell in cells)
    risky = [cell for cell in cells if cell.lstrip().startswith(("=", "+", "-", "@", "＝", "\t", "\r"))]
    assert [cell for cell in risky if not NUMBER.fullmatch(cell)] == []
    assert [letter for letter in set(file) - set("\r\n") if visible(letter) != letter] == []
    assert answer["Content-Disposition"].startswith("attachment")
    assert "no-store" in answer["Cache-Control"]
    assert PHONE in file or name != "sms_message_export"


def test_there_are_exports():
    """Named as the search for leaks looks for them."""
    assert set(export_names()) >= {"sms_message_export", "sms_messagetemplate_export"}


def test_an_export_of_several_pages_holds_each_message_once_the_newest_first(boss, cast, monkeypatch):
    monkeypatch.setattr(message_admin, "EXPORT_PAGE", 3)
    ids = [str(cast.message("failed").pk) for _ in range(6)]
    answer = boss.get(reverse("admin:sms_message_export"))
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert [row[0] for row in rows[1:]] == sorted(ids, reverse=True)


@pytest.mark.parametrize("page", ["2", "-1", "x", "9" * 30])
def test_an_export_holds_all_pages_whichever_is_named(page, boss, cast):
    message = cast.message("failed")
    answer = boss.get(reverse("admin:sms_message_export"), {"p": page})
    assert str(message.pk) in b"".join(answer.streaming_content).decode()
