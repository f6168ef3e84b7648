"""The dialogs of the admin's actions."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.support.stack import Stack

from . import shop


def test_a_double_click_sends_a_dialog_once_and_an_error_leaves_it_usable(browser: Browser, furnished: Stack):
    with shop.window(browser, furnished) as window:
        page = window.open("/admin/sms/message/")
        page.get_by_role("link", name="Show texts").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Show texts").click()
        expect(dialog).to_contain_text("This field is required.")
        dialog.get_by_label("Reason").fill("a customer asks")
        sent: list[str] = []
        page.on("request", lambda request: request.method == "POST" and sent.append(request.url))
        dialog.get_by_role("button", name="Show texts").dblclick()
        expect(page.get_by_text("The texts are shown for 15 minutes.")).to_have_count(1)
        assert len(sent) == 1
