"""A new colleague is invited by a link that the administrator copies, and sets the password in another browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.browser import shop as furnishing

from .chromium import Window
from .languages import choose
from .test_vendor_list import assert_accessible

NEW = "a made-up pass phrase of Nigar"


@pytest.mark.parametrize("language", ["en", "az"])
def test_a_link_leads_to_the_first_log_in(language: str, stacks, browser: Browser) -> None:
    stack = stacks()
    furnishing.run(stack, *furnishing.HIRE)
    with furnishing.window(browser, stack) as window:
        texts = choose(window, language)
        page = window.open("/admin/auth/user/add/")
        page.locator("#id_username").fill("nigar")
        page.locator("#id_email").fill("nigar@shop.example")
        page.get_by_role("button", name=texts("Save"), exact=True).click()
        page.get_by_role("button", name=texts("Copy"), exact=True).wait_for()
        assert_accessible(page)
        link = page.locator("#the-link").inner_text()
    other = Window(browser, stack.url)
    try:
        page = other.open(link)
        page.get_by_text("Your user name is nigar.").wait_for()
        assert_accessible(page)
        for field in ("#id_new_password1", "#id_new_password2"):
            page.locator(field).fill(NEW)
        page.get_by_role("button", name="Set password").click()
        page.get_by_text("Your password is set. Log in with it.").wait_for()
        other.log_in("nigar", NEW)
        other.page.goto(link)
        other.page.get_by_text("This link is no longer valid.").wait_for()
        assert other.faults == []
    finally:
        other.close()
