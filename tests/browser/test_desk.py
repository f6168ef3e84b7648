"""Two journeys at the desk, with web, dispatcher and simulated vendors as real processes."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import shop as furnishing
from tests.browser.chromium import Window
from tests.support.stack import Stack
from tests.support.waiting import eventually

AZ, VN = "+994501234567", "+84901234567"
ORDER = "Hörmətli Aysel, 4711 nömrəli sifarişiniz yoldadır."
VIETNAM = "Xin chao An, don hang 12 cua ban dang duoc giao."


@pytest.fixture
def shop(stacks) -> Stack:
    stack = stacks()
    furnishing.run(stack, *furnishing.HIRE)
    return stack


def status_of(stack: Stack, number: str) -> str:
    return stack.messages(f"to={number.replace('+', '%2B')}")[0]["status"]


def send_to_my_number(desk: Window, to: str, text: str) -> None:
    """“Test a text”, confirmed: the message's page opens."""
    page = desk.open("/admin/tools/test-a-text/")
    page.get_by_label("To", exact=True).fill(to)
    page.get_by_label("Text", exact=True).fill(text)
    page.get_by_role("button", name="Check").click()
    page.get_by_label("This number is mine").check()
    page.get_by_role("button", name="Send to my number").click()
    page.get_by_role("heading", name="What happened").wait_for()


def search(desk: Window, term: str) -> None:
    page = desk.open("/admin/sms/message/")
    page.locator("#searchbar").fill(term)
    page.locator("#searchbar").press("Enter")
    page.wait_for_url("**?q=*")


def reload_until(desk: Window, words: str, *, patience: float = 30.0) -> None:
    def shows() -> bool:
        desk.page.reload()
        return desk.page.get_by_text(words).first.is_visible()

    eventually(shows, patience, because=words)


def test_staff_go_from_set_up_to_a_message_that_was_sent_again(shop, browser):
    with furnishing.window(browser, shop) as desk:
        page = desk.page
        desk.open("/admin/tools/set-up/")
        expect(page.get_by_text("Something is still missing")).to_be_visible()

        desk.open("/admin/tools/providers/")
        page.get_by_role("button", name="Test connection").first.click()
        expect(page.get_by_text("The vendor answered:")).to_be_visible()
        send_to_my_number(desk, AZ, ORDER)
        send_to_my_number(desk, VN, VIETNAM)
        desk.open("/admin/tools/set-up/")
        reload_until(desk, "Everything is set up")

        desk.open("/admin/")
        expect(page.get_by_text("Messages by hour and status")).to_be_visible()
        reload_until(desk, "Show as table", patience=100.0)  # dispatchers sum up every half minute
        expect(page.get_by_role("img", name="stacked by status")).to_be_visible()

        shop.vendors.smsplus.fault("code", code="121")
        other = "+994501112233"
        assert shop.send_sms(other, ORDER).status == 201
        eventually(lambda: status_of(shop, other) == "failed")
        calls_before = len(shop.vendors.smsplus.calls())

        search(desk, other)
        page.locator("#result_list").get_by_text("failed", exact=False).first.click()
        expect(page.get_by_text("Whose fault:")).to_be_visible()
        expect(page.get_by_text("What to do:")).to_be_visible()
        page.get_by_role("link", name="Resend").click()
        page.get_by_label("Reason").fill("the customer waits")
        page.get_by_role("button", name="Resend").click()
        expect(page.get_by_text("The message is queued again.")).to_be_visible()
        eventually(lambda: status_of(shop, other) == "submitted")
        assert len(shop.vendors.smsplus.calls()) == calls_before + 1
        page.reload()
        expect(page.get_by_text("Sent again by staff")).to_be_visible()
        expect(page.get_by_text("the customer waits")).to_be_visible()

        refused = "+994507778899"
        assert shop.send_sms(refused, "A text that no template gives").status == 422
        search(desk, refused)
        expect(page.get_by_text("not accepted").first).to_be_visible()
        expect(page.get_by_text("template_not_matched").first).to_be_visible()


def test_a_refused_text_becomes_a_template_and_goes_out(shop, browser):
    text = "Salam! Kodunuz 1234, magazin Bakida."
    for number in range(3):
        assert shop.send_sms(AZ, text.replace("1234", f"12{number}4")).status == 422
    with furnishing.window(browser, shop) as desk:
        page = desk.page
        desk.open("/admin/tools/unmatched-texts/")
        page.get_by_role("link", name="Make a template of these").first.click()
        expect(page.locator("#id_body")).to_have_value("Salam! Kodunuz {number}, magazin Bakida.")
        page.locator("#id_name").fill("greeting-az")
        expect(page.locator("#desk-preview .bubble")).to_be_visible()
        page.get_by_text("Add another Template approval").click()
        page.locator("#id_approvals-0-provider").select_option(label="smsplus-az")
        page.locator("#id_approvals-0-status").select_option("approved")
        page.locator("#id_approvals-0-vendor_template").fill("1500")
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_text("was added successfully").wait_for()
    eventually(lambda: shop.send_sms(AZ, text).status == 201)
    eventually(lambda: status_of(shop, AZ) in ("submitted", "failed"))
    assert shop.vendors.smsplus.calls()
