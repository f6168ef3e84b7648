"""A stack with a staff user, a day of made-up messages, and some that it really processed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser

from tests.support.admin import HIRE, PASSWORD, STAFF, run
from tests.support.stack import Stack
from tests.support.waiting import eventually

from .chromium import Window

NUMBER = "+994501234567"
OTP = "Sizin təsdiq kodunuz: 004217. Heç kimə verməyin."
SHIPPED = "Hörmətli Aysel, 48213 nömrəli sifarişiniz yoldadır."
SAVED_VIEW = "Failed or expired"
SAVE_A_VIEW = (
    "from sms.models import StaffPreferences",
    f"views = {{{SAVED_VIEW!r}: 'status=failed&status=expired'}}",
    "StaffPreferences.objects.create(user=get_user_model().objects.get(), saved_views=views)",
)
TO_VIETNAM = "Xin chao Linh, don hang 48214 cua ban dang duoc giao."


@contextmanager
def furnished(folder: Path) -> Iterator[Stack]:
    """A stack after a busy day."""
    with Stack(folder) as stack:
        run(stack, *HIRE, *SAVE_A_VIEW, "from tests.browser.day import Day", "Day().fill()")
        stack.register_webhooks()
        send_some(stack)
        yield stack


def send_some(stack: Stack) -> None:
    """A message that the vendor refused, one that was delivered, and a rejected request."""
    stack.vendors.smsplus.fault("code", code="121")
    stack.send_sms(NUMBER, SHIPPED, x_akinon_request_id="order-48213")
    stack.send_sms("+84901234567", TO_VIETNAM, x_akinon_request_id="order-48214")
    assert stack.send_sms(NUMBER, "Salam, dünya", x_akinon_request_id="order-48215").status == 422
    eventually(lambda: status_of(stack, "order-48213") == "failed")
    eventually(lambda: status_of(stack, "order-48214") == "delivered")


def status_of(stack: Stack, request_id: str) -> str:
    """Where the message of this call stands."""
    [message] = stack.messages(f"request_id={request_id}")
    return message["status"]


@contextmanager
def window(browser: Browser, stack: Stack, **look: bool | dict[str, int]) -> Iterator[Window]:
    """A window of a member of staff who has logged in. At its end nothing may have gone wrong in it."""
    opened = Window(browser, stack.url, **look)  # type: ignore[arg-type]
    try:
        opened.log_in(STAFF, PASSWORD)
        yield opened
        assert not opened.faults, opened.faults
    finally:
        opened.close()
