"""A vendor drops a template on its side: its messages wait, all others go out, and staff end the doubt."""

from __future__ import annotations

import pytest

from tests.support.admin import HIRE, PASSWORD, STAFF, AdminSession, run
from tests.support.stack import Stack
from tests.support.waiting import eventually

AZ = "+994501234567"
DROPPED = "1433"
LIST = "/admin/sms/approvaldoubt/"


def order(number: int) -> str:
    return f"Hörmətli Aysel, {number} nömrəli sifarişiniz yoldadır."


def arriving(number: int) -> str:
    return f"Hörmətli Aysel, {number} sifarişiniz 05.08 tarixində çatdırılacaq."


@pytest.fixture
def stack(stacks) -> Stack:
    """Two dispatchers, and a vendor that no longer knows one of its templates."""
    stack = stacks(dispatchers=2)
    run(stack, *HIRE)
    templates = stack.vendors.smsplus.settings()["templates"]
    stack.vendors.smsplus.setup(templates={key: text for key, text in templates.items() if key != DROPPED})
    return stack


def status_of(stack: Stack, text: str) -> str:
    return next(each["status"] for each in stack.messages() if each["text"] == text)


def test_messages_of_a_dropped_template_wait_and_go_out_when_staff_end_the_doubt(stack):
    assert stack.send_sms(AZ, order(1)).status == 201
    session = AdminSession(stack.url)
    session.log_in(STAFF, PASSWORD)
    eventually(lambda: "shipped-az" in session.open(LIST).html)

    for number in (2, 3):
        assert stack.send_sms(AZ, order(number)).status == 201
    assert stack.send_sms(AZ, arriving(9)).status == 201
    eventually(lambda: status_of(stack, arriving(9)) == "submitted")
    eventually(lambda: {status_of(stack, order(number)) for number in (1, 2, 3)} == {"queued"})

    alerts = session.open("/admin/sms/alert/").html
    assert "is in doubt: 111" in alerts
    stack.vendors.smsplus.reset(setup=True)
    [page] = {link for link in session.open(LIST).links if link.startswith(LIST) and link.endswith("/change/")}
    dialog = session.open(page.replace("change/", "end/"))
    session.send(dialog, reason="the vendor has restored it", _form_submitted="on")
    eventually(lambda: {status_of(stack, order(number)) for number in (1, 2, 3)} == {"submitted"})
    assert stack.vendors.smsplus.accepted_twice() == {}
