"""[[objectives]] in a provisioning file."""

from __future__ import annotations

import pytest

from providers.registry import SENDERS
from sms.models import Objective, Provider
from sms.services.provisioning.apply import provision, read
from tests.support.standins import STAND_INS

pytestmark = pytest.mark.django_db

BOTH = """
[[objectives]]
provider = "backup"
country = "AZ"
is_otp = true
answer_percent = 99.5
answer_seconds = 3

[[objectives]]
success_percent = 90
"""


def run(text: str) -> list[str]:
    return [str(change) for change in provision(read(text.encode())).changes]


def test_objectives_are_declared_and_keep_what_a_later_file_leaves_out(monkeypatch):
    for slug, vendor in STAND_INS.items():
        monkeypatch.setitem(SENDERS, slug, vendor)
    Provider.objects.create(slug="backup", vendor="parrot")
    assert run(BOTH) == [
        "created objective backup, AZ, OTP",
        "created objective every provider, every country, both kinds",
    ]
    assert run(BOTH) == []
    assert run("[[objectives]]\nsuccess_percent = 92.5") == [
        "changed objective every provider, every country, both kinds: success_percent 90.0 -> 92.5"
    ]
    row = Objective.objects.get(provider__slug="backup")
    assert (row.answer_percent, row.answer_seconds, row.receipt_percent) == (99.5, 3, None)
