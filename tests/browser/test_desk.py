"""The desk in a real browser, with web, dispatcher and simulated vendors as real processes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.desk import STAFF, Desk, hire, running_browser
from tests.support.stack import Stack
from tests.support.waiting import eventually

pytestmark = pytest.mark.browser

AZ, RO, VN = "+994501234567", "+40721234567", "+84901234567"
ORDER = "Hörmətli Aysel, 4711 nömrəli sifarişiniz yoldadır."
VIETNAM = "Xin chao An, don hang 12 cua ban dang duoc giao."


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as running:
        yield running


@pytest.fixture
def shop(stacks) -> Stack:
    stack = stacks(**STAFF)
    hire(stack)
    return stack


def status_of(stack: Stack, number: str) -> str:
    return stack.messages(f"to={number.replace('+', '%2B')}")[0]["status"]


def reload_until(desk: Desk, words: str, *, patience: float = 30.0) -> None:
    def shows() -> bool:
        desk.page.reload()
        return desk.page.get_by_text(words).first.is_visible()

    eventually(shows, patience, because=words)


def test_staff_go_from_set_up_to_a_message_that_was_sent_again(shop, browser):
    with Desk(browser, shop) as desk:
        page = desk.page
        desk.open("/admin/tools/set-up/")
        expect(page.get_by_text("Something is still missing")).to_be_visible()

        desk.open("/admin/tools/providers/")
        page.get_by_role("button", name="Test connection").first.click()
        expect(page.get_by_text("The vendor answered:")).to_be_visible()
        desk.send_to_my_number(AZ, ORDER)
        desk.send_to_my_number(VN, VIETNAM)
        desk.open("/admin/tools/set-up/")
        reload_until(desk, "Everything is set up")

        desk.open("/admin/")
        expect(page.get_by_text("Messages by hour and status")).to_be_visible()
        reload_until(desk, "Show as table", patience=100.0)  # dispatchers sum up every half minute
        expect(page.get_by_role("img", name="stacked by status")).to_be_visible()

        shop.vendors.smsplus.fault("code", code="121")
        other = "+994501112233"
        assert shop.send_sms(other, ORDER).status == 201
        eventually(lambda: status_of(shop, other) == "failed")
        calls_before = len(shop.vendors.smsplus.calls())

        desk.search(other)
        page.locator("#result_list").get_by_text("failed", exact=False).first.click()
        expect(page.get_by_text("Whose fault:")).to_be_visible()
        expect(page.get_by_text("What to do:")).to_be_visible()
        page.get_by_role("link", name="Resend").click()
        page.get_by_label("Reason").fill("the customer waits")
        page.get_by_role("button", name="Resend").click()
        expect(page.get_by_text("The message is queued again.")).to_be_visible()
        eventually(lambda: status_of(shop, other) == "submitted")
        assert len(shop.vendors.smsplus.calls()) == calls_before + 1
        page.reload()
        expect(page.get_by_text("Sent again by staff")).to_be_visible()
        expect(page.get_by_text("the customer waits")).to_be_visible()

        refused = "+994507778899"
        assert shop.send_sms(refused, "A text that no template gives").status == 422
        desk.search(refused)
        expect(page.get_by_text("not accepted").first).to_be_visible()
        expect(page.get_by_text("template_not_matched").first).to_be_visible()
        assert not desk.outside
        assert not desk.errors


def test_a_refused_text_becomes_a_template_and_goes_out(shop, browser):
    text = "Salam! Kodunuz 1234, magazin Bakida."
    for number in range(3):
        assert shop.send_sms(AZ, text.replace("1234", f"12{number}4")).status == 422
    with Desk(browser, shop) as desk:
        page = desk.page
        desk.open("/admin/tools/unmatched-texts/")
        page.get_by_role("link", name="Make a template of these").first.click()
        expect(page.locator("#id_body")).to_have_value("Salam! Kodunuz {number}, magazin Bakida.")
        page.locator("#id_name").fill("greeting-az")
        expect(page.locator("#desk-preview .bubble")).to_be_visible()
        page.get_by_text("Add another Template approval").click()
        page.locator("#id_approvals-0-provider").select_option(label="smsplus-az")
        page.locator("#id_approvals-0-status").select_option("approved")
        page.locator("#id_approvals-0-vendor_template").fill("1500")
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_text("was added successfully").wait_for()
        assert not desk.errors
    eventually(lambda: shop.send_sms(AZ, text).status == 201)
    eventually(lambda: status_of(shop, AZ) in ("submitted", "failed"))
    assert shop.vendors.smsplus.calls()


def test_the_keyboard_alone_reaches_filters_rows_and_the_account_menu(shop, browser):
    shop.send_sms(AZ, ORDER)
    with Desk(browser, shop) as desk:
        desk.open("/admin/sms/message/")
        reached = set()
        for _ in range(80):
            desk.page.keyboard.press("Tab")
            reached.add(desk.page.evaluate(
                "(() => { const e = document.activeElement;"
                " return e.getAttribute('aria-label') || e.textContent.trim().split('\\n')[0] })()"
            ))  # fmt: skip
        assert "Filters" in {words.split()[0] if words else "" for words in reached}
        assert any("boss" in words or "Account" in words for words in reached), sorted(reached)
        assert any("Skip to the page" in words for words in reached)
        desk.page.get_by_role("button", name="Filters").press("Enter")
        expect(desk.page.locator("#changelist-filter")).to_be_visible()


PAGES = (
    "/admin/",
    "/admin/sms/message/",
    "MESSAGE",
    "/admin/sms/messagetemplate/",
    "/admin/sms/messagetemplate/1/change/",
    "/admin/sms/provider/",
    "/admin/sms/provider/1/change/",
    "/admin/tools/providers/",
    "/admin/tools/set-up/",
    "/admin/tools/test-a-text/",
    "/admin/tools/unmatched-texts/",
)


@pytest.mark.parametrize("width", [1400, 390])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_daily_pages_have_no_critical_and_no_serious_fault(width, dark, shop, browser):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    shop.send_sms(AZ, ORDER)
    shop.send_sms(AZ, "A text that no template gives")
    with Desk(browser, shop, width=width, dark=dark) as desk:
        message = f"/admin/sms/message/{shop.messages()[0]['id']}/change/"
        for path in PAGES:
            desk.open(message if path == "MESSAGE" else path)
            desk.page.wait_for_load_state("networkidle")
            found = axe.run(desk.page).response["violations"]
            bad = [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("critical", "serious")]
            assert not bad, (path, bad)
            assert desk.page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert not desk.outside
        assert not desk.errors
