"""Log-in with a second factor, and the question for the password before a sensitive change."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from django_otp.oath import totp
from playwright.sync_api import Browser, Page, expect

from tests.support.admin import PASSWORD, STAFF, run
from tests.support.stack import Stack

from . import shop
from .chromium import Window

MAKE_PASSWORD_OLD = (
    "from django.contrib.sessions.models import Session",
    "from django.contrib.sessions.backends.db import SessionStore",
    "for row in Session.objects.all():",
    "    session = SessionStore(row.session_key)",
    "    session['password_at'] = session.get('password_at', 0) - 1000",
    "    session.save()",
)


@pytest.fixture
def staffed(stacks: Callable[..., Stack]) -> Stack:
    stack = stacks()
    run(stack, *shop.HIRE)
    return stack


def test_a_second_factor_is_set_up_and_used(browser: Browser, staffed: Stack) -> None:
    with shop.window(browser, staffed) as window:
        window.page.get_by_role("link", name="Set it up now").click()
        codes = set_up(window.page)
    for token in (codes[0], codes[1].upper()):
        again = Window(browser, staffed.url)
        log_in(again.page, token)
        expect(again.page.get_by_role("alert")).to_have_count(0)
        again.close()


def set_up(page: Page) -> list[str]:
    page.get_by_role("button", name="Start").click()
    image = page.get_by_role("img", name="QR code")
    assert image.evaluate("picture => picture.complete && picture.naturalWidth > 100")
    page.get_by_text("If you can't scan the QR code").click()
    key = base64.b32decode(page.locator("#totp").inner_text().replace(" ", ""))
    page.get_by_label("Code", exact=True).fill(f"{totp(key):06d}")
    page.get_by_role("button", name="Turn on").click()
    codes = page.locator("#recovery-codes").inner_text().split()
    assert len(codes) == 10
    page.get_by_role("link", name="I have stored them").click()
    page.wait_for_url("**/admin/")
    return codes


def log_in(page: Page, token: str) -> None:
    page.goto("/admin/login/?next=/admin/")
    page.get_by_label("Username").fill(STAFF)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Authentication code").fill(token)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/admin/")


def test_sensitive_changes_ask_for_the_password_and_lose_nothing(browser: Browser, staffed: Stack) -> None:
    with shop.window(browser, staffed) as window:
        page = window.page
        run(staffed, *MAKE_PASSWORD_OLD)
        window.open("/admin/sms/apiclient/1/change/")
        client = page.url
        page.get_by_role("link", name="New secret").click()
        page.wait_for_url("**/tools/password/**")
        answer(page)
        page.wait_for_url(client)
        page.get_by_role("link", name="New secret").click()
        expect(page.get_by_role("button", name="Create secret")).to_be_visible()

        run(staffed, *MAKE_PASSWORD_OLD)
        window.open("/admin/auth/group/add/")
        page.get_by_label("Name").fill("Night shift \u0259")
        page.get_by_role("button", name="Save", exact=True).click()
        answer(page)
        page.wait_for_url("**/auth/group/")
        expect(page.locator("#result_list").get_by_role("link", name="Night shift \u0259")).to_be_visible()


def answer(page: Page) -> None:
    expect(page.get_by_role("heading", name="Enter your password again")).to_be_visible()
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
