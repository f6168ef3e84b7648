"""The API documentation page in a real browser, under a policy that allows only files of this host."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.support.stack import Stack

from .chromium import NARROW, Window


def test_the_page_of_the_interface_is_drawn_and_calls_nobody(browser: Browser, furnished: Stack):
    window = Window(browser, furnished.url)
    try:
        page = window.open("/docs")
        expect(page.get_by_role("heading", name="SMS Desk")).to_be_visible()
        call = page.locator(".opblock", has_text="/send-sms").first
        call.locator(".opblock-summary-control").click()
        expect(call.get_by_text("template_not_matched").first).to_be_visible()
        page.set_viewport_size(NARROW)
        expect(call).to_be_visible()
        assert window.faults == []
    finally:
        window.close()
