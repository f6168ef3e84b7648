"""Keyboard use: every clickable element can be focused with Tab and activated with Enter or Space."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.stack import Stack

from . import shop
from .chromium import NARROW, WIDE, Window
from .pages import DAILY

FURTHEST = 120  # presses of Tab
NAME_OF_FOCUS = """() => {
    const element = document.activeElement;
    if (element.ariaLabel) return element.ariaLabel;
    const copy = element.cloneNode(true);
    copy.querySelectorAll("[aria-hidden=true]").forEach((hidden) => hidden.remove());
    return copy.textContent.trim().replace(/\\s+/g, " ");
}"""


@pytest.fixture(scope="module")
def window(browser: Browser, furnished: Stack) -> Iterator[Window]:
    with shop.window(browser, furnished) as opened:
        yield opened


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the focus is on what has this name."""
    passed = []
    for _ in range(FURTHEST):
        page.keyboard.press("Tab")
        passed.append(page.evaluate(NAME_OF_FOCUS))
        if passed[-1] == name:
            return
    raise AssertionError(f"{name!r} is not among the stops of Tab: {passed}")


def test_the_first_stop_skips_the_menu(window: Window):
    page = DAILY["messages"](window)
    tab_to(page, "Skip to content")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.getElementById('main').contains(document.activeElement)")


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_the_filters_open_and_narrow_the_list(key: str, window: Window):
    page = DAILY["messages"](window)
    tab_to(page, "Filters")
    page.keyboard.press(key)
    expect(page.locator("#changelist-filter")).to_be_visible()


def test_the_account_menu_opens(window: Window):
    page = DAILY["dashboard"](window)
    expect(page.get_by_role("button", name="Log out")).to_be_hidden()
    tab_to(page, "Account menu")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Log out")).to_be_visible()


def test_the_menu_can_be_hidden_and_shown(window: Window):
    page = DAILY["dashboard"](window)
    expect(page.get_by_role("link", name="Routes")).to_be_visible()
    for is_shown in (False, True):
        tab_to(page, "Show or hide the menu")
        page.keyboard.press("Enter")
        expect(page.get_by_role("link", name="Routes")).to_be_visible(visible=is_shown)


def test_a_row_opens_and_its_actions_too(window: Window):
    page = DAILY["message"](window)
    tab_to(page, "Resend")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Reason")).to_be_visible()


def test_the_menu_inside_a_table_row_opens(window: Window):
    page = DAILY["template"](window)
    tab_to(page, "More actions")
    page.keyboard.press("Enter")
    expect(page.get_by_title("Change selected provider").first).to_be_visible()


def test_a_phone_shows_the_actions_of_a_row_behind_a_button(window: Window):
    window.page.set_viewport_size(NARROW)
    try:
        page = DAILY["message"](window)
        expect(page.get_by_role("link", name="Resend")).to_be_hidden()
        tab_to(page, "More actions")
        page.keyboard.press("Enter")
        expect(page.get_by_role("link", name="Resend")).to_be_visible()
    finally:
        window.page.set_viewport_size(WIDE)


def in_dialog(page: Page) -> bool:
    return page.evaluate("document.getElementById('modal-content').contains(document.activeElement)")


def test_a_dialog_takes_the_focus_keeps_it_and_gives_it_back(window: Window):
    page = DAILY["message"](window)
    for close in ("Escape", "Cancel"):
        tab_to(page, "Resend")
        page.keyboard.press("Enter")
        expect(page.get_by_label("Reason")).to_be_visible()
        page.wait_for_function("document.activeElement.matches('#modal-content :is(input, select)')")
        for key in ("Tab", "Shift+Tab"):
            for _ in range(8):
                page.keyboard.press(key)
                assert in_dialog(page), key
        if close == "Escape":
            page.keyboard.press("Escape")
        else:
            page.get_by_role("link", name="Cancel", exact=True).click()
        expect(page.get_by_label("Reason")).to_be_hidden()
        assert page.evaluate(NAME_OF_FOCUS) == "Resend"
