"""The live list of messages shows changes without a reload and keeps selected rows."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect

from tests.support.stack import Stack

from . import shop
from .shop import HIRE, NUMBER, SHIPPED

OTHER = "+994507654321"


def test_a_message_changes_its_state_in_the_list_without_a_reload(browser: Browser, stacks: Callable[..., Stack]):
    stack = stacks(dispatchers=0)
    shop.run(stack, *HIRE)
    for number in (NUMBER, OTHER):
        assert stack.send_sms(number, SHIPPED).status == 201
    with shop.window(browser, stack) as window:
        page = window.open("/admin/sms/message/")
        page.evaluate("window.keptSinceTheStart = true")
        page.get_by_role("button", name="Live").click()
        row_of(page, OTHER).get_by_role("checkbox").check()
        expect(row_of(page, NUMBER)).to_contain_text("queued")
        stack.add_dispatcher()
        expect(row_of(page, NUMBER)).to_contain_text("submitted")
        expect(row_of(page, OTHER).get_by_role("checkbox")).to_be_checked()
        expect(row_of(page, OTHER)).to_contain_text("queued")  # somebody is about to act on it
        assert page.evaluate("window.keptSinceTheStart")
        open_in_another_tab_and_back(page)


def row_of(page: Page, number: str):
    return page.locator("#result_list tbody", has_text=number)


def open_in_another_tab_and_back(page: Page) -> None:
    """The setting is stored and can be turned off."""
    page.reload()
    live = page.get_by_role("button", name="Live")
    expect(live).to_have_attribute("aria-pressed", "true")
    live.click()
    expect(live).to_have_attribute("aria-pressed", "false")
