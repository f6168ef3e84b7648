"""From a text that no template gives to one that goes out, with the admin's own pages over HTTP.

Simulators stamp their calls with the machine's monotonic clock, which is the same in every process.
"""

from __future__ import annotations

import time

import pytest

from tests.support.admin import HIRE, PASSWORD, STAFF, AdminSession, Page, run
from tests.support.stack import SHOP, Stack
from tests.support.waiting import eventually

AZ = "+994501234567"
PICK_UP = "Salam! Sifarişiniz 4821 Bakı mağazasında Sizi gözləyir."
CLOSED = "Bu gün mağazalarımız bağlıdır."
HOLDING = SHOP.replace('username = "akinon"\n', 'username = "akinon"\non_no_template = "hold"\n')
PROMISED_SECONDS = 5.0
LIVE_SECONDS = 2.0
IN_A_ROW = 20  # of two web processes, each has answered some of so many calls

CLOSED_TEMPLATE = f"""
[[templates]]
name = "closed-az"
body = "{CLOSED}"
[[templates.approvals]]
provider = "smsplus-az"
vendor_template = "1501"
status = "approved"
"""


@pytest.fixture
def furnish(stacks):
    """Brings up a stack with staff whose vendor has approved both texts already."""

    def bring_up(**options) -> Stack:
        stack = stacks(**options)
        run(stack, *HIRE)
        known = stack.vendors.smsplus.settings()["templates"]
        new = {"1500": PICK_UP.replace("4821", "{1}"), "1501": CLOSED}
        stack.vendors.smsplus.setup(templates={**known, **new})
        return stack

    return bring_up


def logged_in(stack: Stack) -> AdminSession:
    session = AdminSession(stack.url)
    session.log_in(STAFF, PASSWORD)
    return session


def template_of_the_group(session: AdminSession) -> Page:
    """The editor as "make a template of these" fills it."""
    page = session.open("/admin/tools/unmatched-texts/")
    assert "4821" not in page.html
    [address] = [link for link in page.links if "messagetemplate/add/?" in link]
    return session.open(address)


def save_approved(session: AdminSession, editor: Page) -> None:
    provider = editor.choices["approvals-__prefix__-provider"]["smsplus-az"]
    row = {"provider": provider, "status": "approved", "vendor_template": "1500"}
    approval = {f"approvals-0-{name}": value for name, value in row.items()}
    after = session.send(editor, **{"name": "pick-up-az", "approvals-TOTAL_FORMS": "1", **approval})
    assert after.address == "/admin/sms/messagetemplate/", after.html


def status_of(stack: Stack, text: str) -> str:
    return next(each["status"] for each in stack.messages() if each["text"] == text)


def last_refusal(stack: Stack) -> float:
    """When the last call began that was still refused, so that many in a row were taken after it."""
    last, taken = 0.0, 0
    while taken < IN_A_ROW:
        began = time.monotonic()
        if stack.send_sms(AZ, PICK_UP).status == 201:
            taken += 1
        else:
            last, taken = began, 0
    return last


def test_a_refused_text_is_grouped_made_into_a_template_approved_and_goes_out(furnish):
    stack = furnish()
    for number in ("4821", "4822", "51823"):
        refused = stack.send_sms(AZ, PICK_UP.replace("4821", number))
        assert (refused.status, refused.json["errors"][0]["code"]) == (422, "template_not_matched")

    session = logged_in(stack)
    editor = template_of_the_group(session)
    assert editor.fields["body"] == "Salam! Sifarişiniz {number} Bakı mağazasında Sizi gözləyir."
    save_approved(session, editor)
    saved = time.monotonic()

    assert last_refusal(stack) - saved <= LIVE_SECONDS
    eventually(lambda: status_of(stack, PICK_UP) == "submitted")
    call = stack.vendors.smsplus.calls()[0]
    assert (call.accepted, call.fields["first_parameters"]) == (True, ["4821"])


def test_a_held_message_goes_out_within_five_seconds_of_its_approval_once(furnish):
    stack = furnish(provisioning=HOLDING, dispatchers=2)
    eventually(lambda: len(stack.call("GET", "/status").json["dispatchers"]) == 2)
    for text in (PICK_UP, CLOSED):
        assert stack.send_sms(AZ, text).status == 201
        assert status_of(stack, text) == "held"

    session = logged_in(stack)
    editor = session.open("/admin/sms/messagetemplate/add/")
    editor.fields["body"], editor.fields["placeholders"] = PICK_UP.replace("4821", "{order}"), '{"order": "digits"}'
    asked = time.monotonic()  # before it is stored: the true time is shorter
    save_approved(session, editor)
    [call] = eventually(stack.vendors.smsplus.calls)
    assert call.arrived - asked <= PROMISED_SECONDS
    assert status_of(stack, CLOSED) == "held"

    # A change of the configuration makes every dispatcher look at all held messages again, the one that went too.
    stack.provision(CLOSED_TEMPLATE)
    eventually(lambda: status_of(stack, CLOSED) == "submitted")
    assert len(stack.vendors.smsplus.calls()) == 2
    assert stack.vendors.smsplus.accepted_twice() == {}
