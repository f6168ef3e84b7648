"""Hostile texts stay texts on every page, in every form and in the export."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.stack import Stack

from . import shop
from .chromium import NARROW, WIDE, Window
from .hostile import ENDLESS, HIDDEN, MARKUP
from .pages import Visit, at, row_of
from .shop import HIRE

LISTS = (
    "message",
    "refusedrequest",
    "messagetemplate",
    "sendername",
    "alert",
    "attempt",
    "deliveryreport",
    "callback",
    "provider",
    "dispatcher",
)
ROWS_WITH_TEXT = ("message", "refusedrequest", "messagetemplate", "alert", "attempt", "deliveryreport", "callback")
TOOLS = ("set-up", "providers", "unmatched-texts")
PAGES: dict[str, Visit] = {
    "dashboard": at("/admin/"),
    **{name: at(f"/admin/sms/{name}/") for name in LISTS},
    **{f"{name}'s row": row_of(f"/admin/sms/{name}/") for name in LISTS if name != "dispatcher"},
    **{name: at(f"/admin/tools/{name}/") for name in TOOLS},
}
SAY_LITTLE = {
    "callback",
    "callback's row",
    "provider",
    "provider's row",
    "attempt",
    "attempt's row",
    "set-up",
    "deliveryreport",
}
"""Pages that show no free text, or only some: nothing must be found there either."""
BECAME_MORE = """() => [
    ...document.querySelectorAll("b[x-init], img[onerror], svg[onload], [onerror], [onload]"),
    ...Array.from(document.scripts).filter((script) => /alert\\(2\\)/.test(script.textContent)),
].map((element) => element.outerHTML)"""


@pytest.fixture(scope="module")
def window(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    with Stack(tmp_path_factory.mktemp("hostile"), dispatchers=0) as stack:
        shop.run(stack, *HIRE, "from tests.browser.hostile import plant", "plant()")
        with shop.window(browser, stack) as opened:
            yield opened


@pytest.fixture(autouse=True)
def _wide(window: Window) -> None:
    window.page.set_viewport_size(WIDE)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_hostile_texts_as_texts(name: str, window: Window):
    page = PAGES[name](window)
    if name == "messagetemplate's row":
        expect(page.locator("#template-preview .bubble")).to_be_visible()
    content = page.content()
    if name not in SAY_LITTLE:
        assert "x-init=alert(1)" in content
    assert_harmless(page, content, window)
    assert_fits(page)


@pytest.mark.parametrize("name", ROWS_WITH_TEXT)
def test_a_very_long_word_does_not_widen_a_narrow_page(name: str, window: Window):
    page = row_of(f"/admin/sms/{name}/", 1)(window)
    # the callback repeats its message's text, which is hidden there
    assert ("[hidden]" if name == "callback" else ENDLESS) in page.content()
    assert_fits(page)


def assert_fits(page: Page) -> None:
    page.set_viewport_size(NARROW)
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


def assert_harmless(page: Page, content: str, window: Window) -> None:
    assert page.evaluate(BECAME_MORE) == []
    assert not set(content) & set(HIDDEN) - set("gpj.exe[31m"), "hidden characters"
    assert window.faults == []


def test_a_shown_text_and_a_typed_reason_stay_texts(window: Window):
    page = PAGES["message's row"](window)
    page.get_by_role("link", name="Show text").click()
    page.get_by_label("Reason").fill(MARKUP)
    page.get_by_role("dialog").get_by_role("button", name="Show text").click()
    expect(page.locator(".bubble")).to_have_text(MARKUP)
    expect(page.locator(".admin-timeline")).to_contain_text(MARKUP)
    assert_harmless(page, page.content(), window)


def test_testing_a_hostile_text_runs_nothing(window: Window):
    page = window.open("/admin/tools/test-a-text/")
    page.get_by_label("To", exact=True).fill("+40712345678")
    page.get_by_label("Text", exact=True).fill(MARKUP)
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_text("The request to accolades-ro")).to_be_visible()
    assert "x-init" in page.content()
    assert_harmless(page, page.content(), window)


def test_a_search_for_a_hostile_text_runs_nothing(window: Window):
    page = window.open("/admin/sms/message/")
    page.locator("#searchbar").fill(MARKUP)
    page.locator("#searchbar").press("Enter")
    expect(page.locator("#searchbar")).to_have_value(MARKUP)
    assert_harmless(page, page.content(), window)


def test_the_export_holds_no_formula_and_nothing_hidden(window: Window):
    answer = window.context.request.get(f"{window.url}/admin/sms/message/export/")
    assert answer.ok
    text = answer.body().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    cells = [cell for row in rows for column, cell in row.items() if column != "to"]
    assert any("HYPERLINK" in cell for cell in cells)
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []
    assert not set(text) & set("\u202e\u2066\u200b\u0007\u001b")
