"""Screenshots of the admin for the documentation, from a made-up shop's day.

    python -m tests.browser.screenshots [FOLDER]

Twelve pages, light and dark, into docs/screenshots/ or another folder. Look at them before you commit them.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.support.stack import Stack

from . import chromium, shop
from .pages import DAILY

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
SHOWN = (
    "dashboard",
    "search",
    "messages",
    "message",
    "bulk",
    "template",
    "providers",
    "set-up",
    "test-a-text",
    "unmatched-texts",
    "retention",
    "codes",
)
SIZE = {"width": 1280, "height": 900}
LARGEST = 200_000  # bytes of a file
TRIES = 40
HIDE_KEYS = r"""() => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const text = texts.currentNode;
        text.data = text.data.replace(/(webhooks\/[a-z]+|inbound)\/[\w-]{16,}/g, "$1/…");
    }
}"""
"""The keys in vendors' addresses are made up, but who looks at a picture learns that they are to be hidden."""


def take_all(browser: Browser, stack: Stack, folder: Path) -> list[Path]:
    """Every page in both looks; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for look in ("light", "dark"):
        with shop.window(browser, stack, dark=look == "dark", size=SIZE) as window:
            for name in SHOWN:
                file = folder / f"{name}-{look}.png"
                page = DAILY[name](window)
                page.evaluate(HIDE_KEYS)
                file.write_bytes(settled(page))
                files.append(file)
    return files


def settled(page: Page) -> bytes:
    """The screenshot once it no longer changes: charts are animated."""
    last = b""
    for _ in range(TRIES):
        picture = page.screenshot(animations="disabled", caret="hide")
        if picture == last:
            return picture
        last = picture
    raise RuntimeError(f"{page.url} keeps moving")


def main(words: list[str]) -> None:
    folder = Path(words[0]) if words else FOLDER
    with (
        tempfile.TemporaryDirectory() as place,
        shop.furnished(Path(place)) as stack,
        chromium.running() as browser,
    ):
        files = take_all(browser, stack, folder)
    for file in files:
        size = file.stat().st_size
        print(f"{file.name}: {size // 1000} kB{'' if size <= LARGEST else ', too large'}")
    if any(file.stat().st_size > LARGEST for file in files):
        raise SystemExit(f"A picture is larger than {LARGEST // 1000} kB.")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    main(sys.argv[1:])
