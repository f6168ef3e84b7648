"""From a rejected text to a template that matches it, in the admin of a running stack."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import shop as furnishing
from tests.support.stack import Stack
from tests.support.waiting import eventually

AZ = "+994501234567"


@pytest.fixture
def shop(stacks) -> Stack:
    stack = stacks()
    furnishing.run(stack, *furnishing.HIRE)
    return stack


def status_of(stack: Stack, number: str) -> str:
    return stack.messages(f"to={number.replace('+', '%2B')}")[0]["status"]


def test_a_refused_text_becomes_a_template_and_goes_out(shop, browser):
    text = "Salam! Kodunuz 1234, magazin Bakida."
    templates = shop.vendors.smsplus.settings()["templates"]
    shop.vendors.smsplus.setup(templates=templates | {"1500": "Salam! Kodunuz {1}, magazin Bakida."})
    for number in range(3):
        assert shop.send_sms(AZ, text.replace("1234", f"12{number}4")).status == 422
    with furnishing.window(browser, shop) as session:
        page = session.page
        session.open("/admin/tools/unmatched-texts/")
        page.get_by_role("link", name="Create template").first.click()
        expect(page.locator("#id_body")).to_have_value("Salam! Kodunuz {number}, magazin Bakida.")
        page.locator("#id_name").fill("greeting-az")
        expect(page.locator("#template-preview .bubble")).to_be_visible()
        page.get_by_text("Add another Template approval").click()
        page.locator("#id_approvals-0-provider").select_option(label="smsplus-az")
        page.locator("#id_approvals-0-status").select_option("approved")
        page.locator("#id_approvals-0-vendor_template").fill("1500")
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_text("was added successfully").wait_for()
    eventually(lambda: shop.send_sms(AZ, text).status == 201)
    eventually(lambda: status_of(shop, AZ) == "submitted")
    assert shop.vendors.smsplus.calls()
