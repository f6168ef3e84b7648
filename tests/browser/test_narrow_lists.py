"""Lists on a narrow page: the cards of the rows show their values in full."""

from __future__ import annotations

from playwright.sync_api import Browser

from tests.support.stack import Stack

from . import shop
from .chromium import NARROW

LISTS = ("alert", "attempt", "deliveryreport", "messagetemplate", "provider", "refusedrequest")
CUT_OFF = """() => Array.from(document.querySelectorAll("#result_list :is(td, th)"))
    .filter((cell) => cell.clientHeight && getComputedStyle(cell).display !== "none")
    .filter((cell) => cell.scrollHeight > cell.clientHeight + 1 || cell.scrollWidth > cell.clientWidth + 1)
    .map((cell) => `${cell.className.match(/field-\\w+/)}: ${cell.textContent.trim().slice(0, 60)}`)"""


def test_no_value_is_cut_off(browser: Browser, furnished: Stack):
    with shop.window(browser, furnished, size=NARROW) as window:
        found = {name: window.open(f"/admin/sms/{name}/").evaluate(CUT_OFF) for name in LISTS}
    assert not any(found.values()), found
