"""One scenario from an empty installation to a message that failed and was resent."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect
from playwright.sync_api import Error as PlaywrightError

from tests.support.stack import Reply, Stack
from tests.support.waiting import eventually

from . import shop
from .chromium import Window
from .shop import HIRE, NUMBER, SHIPPED

NOTHING_YET = ""
CALLER = "shop"
MINE = "+994501112233"
REASON = "The customer's number was checked by telephone."


@pytest.fixture
def empty(stacks: Callable[..., Stack]) -> Stack:
    """Processes that run, staff, and nothing else."""
    stack = stacks(provisioning=NOTHING_YET)
    shop.run(stack, *HIRE)
    return stack


def test_from_an_empty_installation_to_a_message_resent(browser: Browser, empty: Stack):
    with shop.window(browser, empty) as window:
        secret = set_up(window, empty)
        read_the_dashboard(window)
        refused = send(empty, secret, SHIPPED + " Salam!", "order-1")
        assert refused.status == 422
        empty.vendors.smsplus.fault("code", code="121")
        assert send(empty, secret, SHIPPED, "order-2").status == 201
        see_why_it_failed(window)
        resend(window)
        see_it_go_out(window, empty)
        find_the_refused_one(window)


def send(stack: Stack, secret: str, text: str, request_id: str) -> Reply:
    return stack.send_sms(NUMBER, text, user=CALLER, password=secret, x_akinon_request_id=request_id)


# --- set-up -----------------------------------------------------------------------------


def set_up(window: Window, stack: Stack) -> str:
    """Complete each step of the set-up page; returns the client's secret."""
    page = window.page
    expect(page.get_by_role("link", name="Set-up").first).to_be_visible()
    follow(window, "No provider exists")
    add_provider(page, stack)
    follow(window, "No client exists")
    secret = add_caller(page)
    follow(window, "No sender name is approved")
    add_sender(page)
    follow(window, "No template is approved")
    add_templates(page)
    follow(window, "No route can use it")
    add_route(page)
    follow(window, "The vendor has accepted no request of ours")
    send_to_my_number(page)
    assert accepted(stack) == ["994501112233"]
    window.open("/admin/tools/set-up/")
    expect(page.get_by_role("heading", name="Everything is set up")).to_be_visible()
    return secret


def follow(window: Window, step: str) -> None:
    """Follow the link of the incomplete step."""
    line = window.open("/admin/tools/set-up/").locator("li.missing").filter(has_text=step)
    line.get_by_role("link", name="Open page").click()


def add_provider(page: Page, stack: Stack) -> None:
    page.locator(".addlink").click()
    page.get_by_label("Vendor").select_option("smsplus")
    page.wait_for_url("**vendor=smsplus*")
    page.get_by_label("Slug").fill("smsplus-az")
    page.get_by_label("Address").fill(stack.vendors.smsplus.url)
    page.get_by_label("Token").fill("demo-smsplus-token")
    save(page)


def add_caller(page: Page) -> str:
    page.locator(".addlink").click()
    page.get_by_label("Username").fill(CALLER)
    page.get_by_role("button", name="Save", exact=True).click()
    return page.locator("#the-secret").inner_text()


def add_sender(page: Page) -> None:
    page.locator(".addlink").click()
    page.locator("[name=name]").fill("AKINON")
    approve(page)
    save(page)


def add_templates(page: Page) -> None:
    page.locator(".addlink").click()
    page.locator("[name=name]").fill("shipped-az")
    page.locator("[name=body]").fill("Hörmətli {name}, {order} nömrəli sifarişiniz yoldadır.")
    approve(page)
    page.locator("[name=approvals-0-vendor_template]").fill("1433")
    save(page)


def approve(page: Page) -> None:
    """At the only provider."""
    page.get_by_role("link", name="Add another").click()
    page.locator("[name=approvals-0-provider]").select_option("smsplus-az")
    page.locator("[name=approvals-0-status]").select_option("approved")


def add_route(page: Page) -> None:
    page.locator(".addlink").click()
    page.locator("[name=prefix]").fill("+994")
    page.locator("[name=steps-0-position]").fill("1")
    page.locator("[name=steps-0-provider]").select_option("smsplus-az")
    save(page)


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was added successfully")).to_be_visible()


def send_to_my_number(page: Page) -> None:
    page.get_by_label("To", exact=True).fill(MINE)
    page.get_by_label("Text", exact=True).fill(SHIPPED)
    page.get_by_role("button", name="Check").click()
    page.get_by_label("This is my number").check()
    page.get_by_role("button", name="Send to my number").click()
    expect_status(page, "submitted")


# --- a message that went wrong -------------------------------------------------------------


def read_the_dashboard(window: Window) -> None:
    page = window.open("/admin/")
    expect(
        page.locator("section", has=page.get_by_role("heading", name="Dispatchers running")).locator(".figure")
    ).to_have_text("1")


def see_why_it_failed(window: Window) -> None:
    """Search the number, open the message, read the summary."""
    page = window.open("/admin/sms/message/")
    eventually(lambda: search(page, NUMBER).locator("#result_list").get_by_text("failed").count() == 1)
    page.locator("#result_list").get_by_role("link", name=NUMBER).click()
    box = page.locator(".admin-remedy")
    expect(box).to_contain_text("The mobile number's format is wrong.")
    expect(box).to_contain_text("Responsible party: the client.")
    expect(page.locator(".admin-timeline")).to_contain_text("Attempt 1 via smsplus-az: refused")


def search(page: Page, term: str) -> Page:
    page.locator("#searchbar").fill(term)
    page.locator("#searchbar").press("Enter")
    page.wait_for_load_state()
    return page


def resend(window: Window) -> None:
    page = window.page
    page.get_by_role("link", name="Resend").click()
    page.get_by_label("Reason").fill(REASON)
    page.get_by_role("dialog").get_by_role("button", name="Resend").click()
    expect(page.get_by_text("The message is queued again.")).to_be_visible()


def see_it_go_out(window: Window, stack: Stack) -> None:
    eventually(lambda: accepted(stack)[-1:] == ["994501234567"])
    expect_status(window.page, "submitted")
    expect(window.page.locator(".admin-timeline")).to_contain_text(REASON)


def expect_status(page: Page, status: str) -> None:
    """Reload the message's page until it shows the status."""

    def says() -> bool:
        try:
            page.reload()
        except PlaywrightError as error:
            if "Not attached to an active page" not in str(error):
                raise
            return False  # the dialog's answer is still taking the page elsewhere: it is looked at again after that
        return page.locator(".admin-badge", has_text=status).count() > 0

    eventually(says)


def accepted(stack: Stack) -> list[str]:
    """The numbers that the vendor took a message for, in turn."""
    return [call.phone for call in stack.vendors.smsplus.calls() if call.accepted]


def find_the_refused_one(window: Window) -> None:
    page = search(window.open("/admin/sms/message/"), NUMBER)
    refused = page.locator("section", has=page.get_by_role("heading", name="Rejected requests"))
    expect(refused).to_contain_text("template_not_matched")
    refused.get_by_role("link", name="template_not_matched").click()
    expect(page.get_by_text("order-1").first).to_be_visible()
