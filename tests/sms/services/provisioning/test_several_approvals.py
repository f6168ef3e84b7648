"""Several approvals of one template at one provider: each table of the file is an approval of its own."""

from __future__ import annotations

import pytest

from sms.models import MessageTemplate, TemplateApproval

from .test_apply import made_up_vendors, run

__all__ = ["made_up_vendors"]

pytestmark = pytest.mark.django_db

TEMPLATE = """
[[providers]]
slug = "stamp-az"
vendor = "stamp"
credentials = { user = "u", password = "p" }
[[templates]]
name = "code"
body = "Code {code}"
"""
FIRST = '{ provider = "stamp-az", vendor_template = "1432", status = "approved" }'
SECOND = '{ provider = "stamp-az", vendor_template = "1500", status = "approved" }'
ENDED = FIRST.replace("approved", "ended")
WAITING = '{ provider = "stamp-az", text = "New code %1", status = "pending" }'


def file_of(*approvals: str) -> str:
    return f"{TEMPLATE}approvals = [{', '.join(approvals)}]"


def stored() -> list[tuple[str, str]]:
    return sorted(TemplateApproval.objects.values_list("vendor_template", "status"))


@pytest.mark.parametrize("tables", [(FIRST, WAITING), (WAITING, FIRST)])
@pytest.mark.parametrize("before", [(), (FIRST,), (FIRST, WAITING)])
def test_an_approval_that_waits_for_its_id_leaves_the_one_in_use_alone(before, tables):
    if before:
        run(file_of(*before))
    run(file_of(*tables))
    assert stored() == [("", "pending"), ("1432", "approved")]
    assert run(file_of(*tables)).changes == []


def test_an_approval_that_ends_is_not_the_one_that_waits():
    run(file_of(FIRST))
    run(file_of(ENDED, WAITING))
    assert stored() == [("", "pending"), ("1432", "ended")]


@pytest.mark.parametrize("tables", [(FIRST, SECOND), (SECOND, FIRST, WAITING), (WAITING, SECOND, FIRST)])
def test_two_ids_do_not_take_the_place_of_one_approval_that_waited(tables):
    run(file_of('{ provider = "stamp-az", status = "pending" }'))
    run(file_of(*tables))
    waiting = [("", "pending")] if WAITING in tables else []
    assert stored() == [*waiting, ("1432", "approved"), ("1500", "approved")]
    assert run(file_of(*tables)).changes == []


def test_a_template_that_was_renamed_in_the_admin_is_told_and_not_doubled_in_silence():
    run(file_of(FIRST))
    assert run(file_of(FIRST)).notes == []
    MessageTemplate.objects.update(name="renamed")
    told = run(file_of(FIRST))
    assert [str(change) for change in told.changes] == ["created template code", "created template code at stamp-az"]
    assert told.notes == [
        "template code at stamp-az: 1432 is approved for the same text of template renamed, too: messages with the "
        "text are rejected (template_ambiguous) unless the kinds of the placeholders differ; end one of the two"
    ]
    run(file_of(ENDED))
    assert run(file_of(ENDED)).notes == []
