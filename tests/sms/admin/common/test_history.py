"""The history of a row: who changed it, when, why, and whether a person did."""

from __future__ import annotations

import re

from sms.models import Route
from tests.sms.admin.conftest import HOSTILE


def rows(client, address: str) -> list[str]:
    """The text of each row, the newest first."""
    page = client.get(address)
    assert page.status_code == 200
    found = re.findall(r"<tr>(.*?)</tr>", page.content.decode(), re.DOTALL)[1:]
    return [" ".join(re.sub(r"<[^>]*>", " ", row).split()) for row in found]


def test_changes_of_people_are_told_from_those_of_the_machine(boss, cast):
    route = Route.objects.get(pk=cast.route.pk)
    route._change_reason = "Set by the configuration file."
    route.enabled = False
    route.save()
    address = f"/admin/sms/route/{route.pk}/"
    form = boss.get(f"{address}change/").context["adminform"].form
    data = {name: "" if value is None else value for name, value in form.initial.items()}
    boss.post(f"{address}change/", data | FORMS | {"enabled": "on", "change_reason": f"Too slow. {HOSTILE}"})
    newest, machine, added = rows(boss, f"{address}history/")
    assert "boss person" in newest
    assert "SMS Desk automatic" not in newest
    assert newest.count("Too slow.") == 1
    assert "SMS Desk automatic" in machine
    assert "Set by the configuration file." in machine
    assert "person" not in machine + added
    for page in (newest, machine):
        assert "→" in page
    assert "<b x-init" not in boss.get(f"{address}history/").content.decode()


FORMS = {
    "steps-TOTAL_FORMS": "0", "steps-INITIAL_FORMS": "0", "steps-MIN_NUM_FORMS": "0", "steps-MAX_NUM_FORMS": "9",
}  # fmt: skip
