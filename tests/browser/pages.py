"""The pages that staff use daily, and how a person gets there."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page

from .chromium import Window
from .shop import NUMBER, SHIPPED

Visit = Callable[[Window], Page]


def at(address: str) -> Visit:
    return lambda window: window.open(address)


def first_row_of(address: str) -> Visit:
    """The page behind the first row of a list."""

    def visit(window: Window) -> Page:
        link = window.open(address).locator("#result_list :is(th, td) a[href*='/change/']").first
        target = link.get_attribute("href")
        assert target, address
        return window.open(target)

    return visit


def checked_text(window: Window) -> Page:
    """With a result beside the form."""
    page = window.open("/admin/tools/test-a-text/")
    page.get_by_label("To", exact=True).fill(NUMBER)
    page.get_by_label("Text", exact=True).fill(SHIPPED)
    page.get_by_role("button", name="Check").click()
    page.get_by_text("The request to smsplus-az").wait_for()
    return page


DAILY: dict[str, Visit] = {
    "dashboard": at("/admin/"),
    "messages": at("/admin/sms/message/"),
    "message": first_row_of("/admin/sms/message/?q=order-48213"),
    "templates": at("/admin/sms/messagetemplate/"),
    "template": first_row_of("/admin/sms/messagetemplate/"),
    "providers": at("/admin/tools/providers/"),
    "provider": first_row_of("/admin/sms/provider/"),
    "set-up": at("/admin/tools/set-up/"),
    "test-a-text": checked_text,
    "unmatched-texts": at("/admin/tools/unmatched-texts/"),
}
