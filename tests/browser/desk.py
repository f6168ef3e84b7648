"""A browser at the desk of a running stack: shared by the tests and by the screenshots."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.support.stack import Stack

USER, PASSWORD = "boss", "made-up-staff-password-0123456789"
STAFF = {"DJANGO_SUPERUSER_PASSWORD": PASSWORD}
"""For the stack's environment: `hire` makes the member of staff with it."""
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
# Without the background's own calls: what is left is what our pages ask for.
WORDS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium() -> str:
    """The machine's own Chromium. Raises RuntimeError where there is none."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        raise RuntimeError("No Chromium on this machine. Install it (Debian, Ubuntu: apt install chromium).")
    return found


@contextmanager
def running_browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(WORDS))
        yield browser
        browser.close()


def hire(stack: Stack) -> None:
    stack.manage("createsuperuser", "--noinput", "--username", USER, "--email", "boss@shop.example")


class Desk:
    """One person's window. `outside` and `errors` collect what must not be: calls to other hosts, console errors."""

    def __init__(self, browser: Browser, stack: Stack, *, width: int = 1400, dark: bool = False) -> None:
        self.stack = stack
        scheme = "dark" if dark else "light"
        self.context: BrowserContext = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, locale="en-GB"
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.outside: list[str] = []
        self.errors: list[str] = []
        self.page.on("request", lambda request: self._seen(request.url))
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def __enter__(self) -> Desk:
        self.log_in()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.context.close()

    def _seen(self, url: str) -> None:
        if not url.startswith((self.stack.url, "data:", "blob:")):
            self.outside.append(url)

    def log_in(self) -> None:
        self.open("/admin/")
        self.page.get_by_label("Username").fill(USER)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Log in").click()
        self.page.get_by_role("heading", name="Dashboard").wait_for()

    def open(self, path: str) -> None:
        self.page.goto(self.stack.url + path, wait_until="load")

    def send_to_my_number(self, to: str, text: str) -> None:
        """ "Test a text", confirmed: the message's page opens."""
        self.open("/admin/tools/test-a-text/")
        self.page.get_by_label("To", exact=True).fill(to)
        self.page.get_by_label("Text", exact=True).fill(text)
        self.page.get_by_role("button", name="Check").click()
        self.page.get_by_label("This number is mine").check()
        self.page.get_by_role("button", name="Send to my number").click()
        self.page.get_by_role("heading", name="What happened").wait_for()

    def search(self, term: str) -> None:
        self.open("/admin/sms/message/")
        self.page.locator("#searchbar").fill(term)
        self.page.locator("#searchbar").press("Enter")
        self.page.wait_for_load_state()
