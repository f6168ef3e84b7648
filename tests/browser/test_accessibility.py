"""Accessibility of the daily pages: axe finds nothing serious, in light and dark mode, at both widths."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize

from tests.support.stack import Stack
from tests.support.waiting import eventually

from . import shop
from .chromium import NARROW, WIDE, Window
from .pages import DAILY

GRAVE = ("critical", "serious")


@pytest.fixture(scope="module", params=[False, True], ids=["light", "dark"])
def window(request: pytest.FixtureRequest, browser: Browser, furnished: Stack) -> Iterator[Window]:
    with shop.window(browser, furnished, dark=request.param) as opened:
        assert opened.page.locator("html.dark").count() == request.param
        yield opened


@pytest.fixture
def sizes(request: pytest.FixtureRequest, window: Window) -> list[ViewportSize]:
    """With `--all` each look at both widths; else the light one wide and the dark one narrow, in half the time."""
    if request.config.getoption("--all"):
        return [WIDE, NARROW]
    return [NARROW if window.page.locator("html.dark").count() else WIDE]


@pytest.mark.parametrize("name", DAILY)
def test_a_daily_page_is_accessible_and_loads_nothing_external(name: str, window: Window, sizes: list[ViewportSize]):
    window.page.set_viewport_size(WIDE)
    page = DAILY[name](window)
    for size in sizes:
        page.set_viewport_size(size)
        assert grave_findings(page) == []
    page.set_viewport_size(NARROW)
    eventually(lambda: scrolls_sideways(page) == 0, because="a chart is drawn again after the width has changed")
    assert window.faults == []


def grave_findings(page: Page) -> list[str]:
    """Each as rule, element and what is wrong."""
    found = Axe().run(page).response
    assert found["passes"], "axe looked at nothing"
    return [
        f"{violation['id']} ({violation['impact']}): {node['html'][:160]}: {node.get('failureSummary', '')}"
        for violation in found["violations"]
        if violation["impact"] in GRAVE
        for node in violation["nodes"]
    ]


def scrolls_sideways(page: Page) -> int:
    """The horizontal overflow in pixels."""
    return page.evaluate("Math.max(0, document.documentElement.scrollWidth - window.innerWidth)")


def test_axe_and_the_window_hear_of_what_they_must(browser: Browser, furnished: Stack):
    """The checks find each fault on a page that has it."""
    window = Window(browser, furnished.url)
    try:
        page = window.open("/admin/login/")
        page.evaluate(
            "document.body.insertAdjacentHTML('beforeend', '<img src=data:image/png,><p style=width:9999px>x')"
        )
        assert any(finding.startswith("image-alt") for finding in grave_findings(page))
        assert scrolls_sideways(page) > 0
        page.evaluate("fetch('/nowhere')")
        page.evaluate("fetch('http://127.0.0.1:9/').catch(() => 0)")
        page.evaluate("alert('heard')")
        page.goto(furnished.vendors.smsplus.url)
        for words in ("Content Security Policy", "dialog: heard", "request to another host", "console: Failed to load"):
            assert any(words in fault for fault in window.faults), (words, window.faults)
    finally:
        window.close()
