"""The machine's own Chromium, and the checks of each page that a test opens.

No browser is downloaded: whatever `FOUND_AS` names is taken from the path.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, Request, expect, sync_playwright

FOUND_AS = ("chromium", "chromium-browser", "google-chrome")
WORDS = [
    "--no-sandbox",  # as root, in a container
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDE = {"width": 1440, "height": 900}
NARROW = {"width": 390, "height": 844}
PATIENCE = 30_000  # milliseconds, for a busy machine; no test waits for it to pass


def installed() -> str | None:
    """Where this machine has a Chromium."""
    return next((path for name in FOUND_AS if (path := shutil.which(name))), None)


@contextmanager
def running() -> Iterator[Browser]:
    """A headless Chromium. Raises RuntimeError where none is installed."""
    expect.set_options(timeout=PATIENCE)
    path = installed()
    if path is None:
        raise RuntimeError(f"no Chromium: none of {', '.join(FOUND_AS)} is on the path (Debian: apt install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=WORDS)
        try:
            yield browser
        finally:
            browser.close()


class Window:
    """One page of the admin; records what must not happen there.

    `faults` collects errors and content policy violations of the console, exceptions, requests that leave the host, and
    dialogs that a script opened.
    """

    def __init__(self, browser: Browser, url: str, *, dark: bool = False, size: dict[str, int] = WIDE) -> None:
        self.url = url
        self.faults: list[str] = []
        self.context = self._context(browser, dark, size)
        self.page: Page = self.context.new_page()
        self._listen()

    def _context(self, browser: Browser, dark: bool, size: dict[str, int]) -> BrowserContext:
        scheme = "dark" if dark else "light"
        context = browser.new_context(base_url=self.url, color_scheme=scheme, viewport=size, reduced_motion="reduce")
        context.set_default_timeout(PATIENCE)
        return context

    def _listen(self) -> None:
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.faults.append(f"exception: {error}"))
        self.page.on("dialog", self._opened)
        self.context.on("request", self._asked)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error" or "Content Security Policy" in message.text:
            self.faults.append(f"console: {message.text}")

    def _opened(self, dialog: Dialog) -> None:
        if dialog.type == "beforeunload":  # the theme's own question about unsaved changes
            dialog.accept()
            return
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and f"{parts.scheme}://{parts.netloc}" != self.url:
            self.faults.append(f"request to another host: {request.url}")

    def log_in(self, username: str, password: str) -> None:
        self.page.goto("/admin/login/?next=/admin/")
        self.page.get_by_label("Username").fill(username)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Log in").click()
        self.page.wait_for_url("**/admin/")

    def open(self, address: str) -> Page:
        """Go there, and wait until its scripts have run."""
        answer = self.page.goto(address)
        assert answer is not None, address
        assert answer.status == 200, f"{address} answered {answer.status}"
        self.page.wait_for_load_state("networkidle")
        return self.page

    def state(self) -> Any:
        """Cookies of the log-in, for another window of the same person."""
        return self.context.storage_state()

    def adopt(self, state: Any) -> None:
        self.context.add_cookies(state["cookies"])

    def close(self) -> None:
        self.context.close()
