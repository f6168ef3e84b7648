"""An outage, as an operator sees it, in three languages: a vendor stops answering under load, nothing is sent twice.

The times are those that the product promises: a minute until staff can see it, three minutes until it is dealt with.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import Page, expect

from tests.browser import shop as furnishing
from tests.support.stack import Stack
from tests.support.waiting import eventually

from .chromium import Window
from .languages import Texts, choose
from .test_vendor_list import assert_accessible

WAITING = 500
SLOTS = 16
MESSAGES = WAITING + 3 * SLOTS
VISIBLE_SECONDS = 60
DEALT_WITH_SECONDS = 180
PATIENCE = DEALT_WITH_SECONDS * 1000


@pytest.fixture
def shop(stacks) -> Stack:
    stack = stacks(slots=SLOTS)
    furnishing.run(stack, *furnishing.HIRE)
    return stack


@pytest.fixture
def window(shop, browser) -> Iterator[Window]:
    with furnishing.window(browser, shop) as opened:
        yield opened


LONG = pytest.mark.faults
"""Each language takes a minute of a core: the two others are for `python3 dev.py test --all`."""


@pytest.fixture(params=["en", pytest.param("az", marks=LONG), pytest.param("tr", marks=LONG)])
def texts(request, window) -> Texts:
    """Those of the language that the person has chosen."""
    return choose(window, request.param)


def suspended(texts: Texts) -> re.Pattern[str]:
    return texts.like("{slug} is suspended since {since} UTC: {why_text} ({code})")


def waiting(texts: Texts) -> re.Pattern[str]:
    """The title of an outage: since when the provider is suspended, and how many messages wait."""
    return re.compile(suspended(texts).pattern + ".+" + texts.like("{number} waiting").pattern)


def start(page: Page, texts: Texts, reason: str) -> None:
    """Give the reason, and start the operation that the page shows."""
    page.get_by_label(texts("Reason")).fill(reason)
    page.get_by_role("button", name=texts.like("Start for %(n)s message", "Start for %(n)s messages")).click()


def send(shop: Stack, number: int) -> int:
    text = f"Hörmətli Aysel, {48000 + number} nömrəli sifarişiniz yoldadır."
    return shop.send_sms(f"+99450{1_000_000 + number}", text, x_akinon_request_id=f"order-{number}").status


def accepted_phones(shop: Stack) -> list[str]:
    vendors = (shop.vendors.smsplus, shop.vendors.accolades)
    return [call.phone.lstrip("+0") for vendor in vendors for call in vendor.calls() if call.accepted]


def statuses(shop: Stack) -> dict[str, int]:
    lines = furnishing.run(
        shop,
        "from collections import Counter",
        "from sms.models import Message",
        "for pair in Counter(Message.objects.values_list('status', flat=True)).items(): print(*pair)",
    ).split("\n")
    return {name: int(count) for name, count in (line.split() for line in lines if line.strip())}


def until_shown(page: Page, address: str, words: re.Pattern[str]) -> None:
    """Open the page again until the words stand on it."""

    def looks() -> bool:
        page.goto(address)
        return bool(words.search(page.locator("main, #main").first.inner_text()))

    eventually(looks, VISIBLE_SECONDS, because=f"{words.pattern} on {address}")


def run_to_its_end(page: Page, texts: Texts) -> str:
    """Wait until the started operation has finished; returns what its page says."""
    expect(page.locator("#bulk-operation .admin-badge")).to_have_text(texts("finished"), timeout=PATIENCE)
    return page.locator("#bulk-operation").inner_text()


def test_an_outage_is_seen_within_a_minute_and_dealt_with_in_three(shop, window, texts):
    shop.vendors.smsplus.fault("hang", accepted=True, times=0, seconds=30)
    failing_since = time.monotonic()
    with ThreadPoolExecutor(4) as callers:
        assert set(callers.map(lambda number: send(shop, number), range(MESSAGES))) == {201}
    page = window.page
    until_shown(page, "/admin/", waiting(texts))
    until_shown(page, "/admin/sms/alert/?state=open", waiting(texts))
    assert time.monotonic() - failing_since <= VISIBLE_SECONDS
    page.get_by_role("link", name=suspended(texts)).first.click()
    page.get_by_role("link", name=texts("Move all waiting")).wait_for()
    assert_accessible(page)

    begun = time.monotonic()
    window.open("/admin/")
    page.get_by_role("link", name=texts("Move all waiting")).first.click()
    page.get_by_label(texts("To provider")).select_option(label="accolades-ro")
    page.get_by_role("button", name=texts("Check"), exact=True).click()
    checked = "%(n)s of %(checked)s checked messages can be processed now."
    expect(page.get_by_text(texts.like(checked, checked))).to_be_visible()
    start(page, texts, "smsplus does not answer")
    moved = re.search(rf"{re.escape(texts('Done'))}\s+(\d+)", run_to_its_end(page, texts))
    assert moved, page.locator("#bulk-operation").inner_text()
    assert int(moved[1]) >= WAITING
    eventually(lambda: not {"queued", "sending"} & statuses(shop).keys(), timeout=DEALT_WITH_SECONDS)
    window.open("/admin/")
    page.get_by_role("link", name=texts("Resolve all")).first.click()
    page.get_by_label(texts("Sent"), exact=True).check()
    start(page, texts, "The vendor confirms that it sent them")
    run_to_its_end(page, texts)
    assert time.monotonic() - begun <= DEALT_WITH_SECONDS

    phones = accepted_phones(shop)
    assert len(phones) == len(set(phones)) == MESSAGES
    assert shop.vendors.smsplus.accepted_twice() == shop.vendors.accolades.accepted_twice() == {}
    assert statuses(shop).keys() <= {"submitted", "sent"}


@pytest.mark.parametrize("texts", ["tr"], indirect=True)
def test_the_pages_of_an_outage_are_accessible(shop, window, texts):
    shop.vendors.smsplus.fault("hang", accepted=True, times=0, seconds=30)
    assert {send(shop, number) for number in range(3 * SLOTS)} == {201}
    page = window.page
    until_shown(page, "/admin/", suspended(texts))
    assert_accessible(page)
    page.get_by_role("searchbox", name=texts("Search")).last.fill("order-1")
    page.keyboard.press("Enter")
    expect(page.locator(".admin-results li")).to_have_count(1)
    assert_accessible(page)
    window.open("/admin/tools/providers/")
    expect(page.get_by_role("button", name=texts("Probe now"))).to_be_visible()
    window.open("/admin/tools/bulk/?kind=move&view=waiting")
    page.get_by_label(texts("To provider")).select_option(label="etelecom-vn")
    page.get_by_role("button", name=texts("Check"), exact=True).click()
    expect(
        page.get_by_text(texts("None of the templates approved at this provider gives exactly this text."))
    ).to_be_visible()
    assert_accessible(page)
    window.open("/admin/tools/bulk/?kind=cancel&view=waiting")
    start(page, texts, "The shop sends them itself")
    run_to_its_end(page, texts)
    assert_accessible(page)
    window.open("/admin/sms/bulkoperation/")
    assert_accessible(page)
