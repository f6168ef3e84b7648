"""The dashboard after a busy day."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.support.stack import Stack

from . import shop


def test_the_dashboard_sums_up_the_day(browser: Browser, furnished: Stack):
    with shop.window(browser, furnished) as window:
        page = window.open("/admin/")
        expect(page.get_by_role("img", name="stacked by status")).to_be_visible()
        reasons = page.locator("section", has=page.get_by_role("heading", name="Reasons for failure"))
        reasons.get_by_role("link").first.click()
        expect(page.locator("#result_list").get_by_text("failed").first).to_be_visible()
