"""Pictures of the desk for docs/screenshots: `python -m tests.browser.screenshots`.

Everything in them is made up: a demonstration shop, simulated vendors, numbers that nobody has.
"""

from __future__ import annotations

import itertools
import os
import tempfile
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

from tests.browser import chromium, shop
from tests.browser.chromium import Window
from tests.support.guardian import guard
from tests.support.stack import Stack
from tests.support.waiting import eventually

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
TEXTS = {
    "+99450555{:04d}": "Hörmətli Aysel, {} nömrəli sifarişiniz yoldadır.",
    "+84901{:06d}": "Xin chao An, don hang {} cua ban dang duoc giao.",
    "+40721{:06d}": "Comanda {} este pe drum.",
}
# A day of sums before now: the shop of the pictures was not opened a minute ago.
HISTORY = """
import math
from datetime import timedelta
from sms.models import HourlyCount, HourlySpeed, Provider, RollupHour
from sms.services.clock import now
at = now()
this = at.replace(minute=0, second=0, microsecond=0)
slugs = {p.slug: p.pk for p in Provider.objects.defer("credentials")}
for back in range(1, 49):
    hour = RollupHour.objects.update_or_create(hour=this - timedelta(hours=back), defaults={"rolled_at": at})[0]
    hour.counts.all().delete()
    busy = round(90 + 70 * math.sin((this.hour - back) / 24 * 2 * math.pi - 2))
    for slug, status, share, code in (
        ("smsplus-az", "submitted", 1.0, ""), ("accolades-ro", "sent", 0.6, ""), ("etelecom-vn", "delivered", 0.9, ""),
        ("etelecom-vn", "undelivered", 0.05, "FAIL"), ("smsplus-az", "failed", 0.04, "121"),
        ("accolades-ro", "unconfirmed", 0.02, "timeout"), ("accolades-ro", "failed", 0.03, "timeout"),
    ):
        count = round(busy * share)
        if count:
            HourlyCount.objects.create(hour=hour, provider_id=slugs[slug], status=status, code=code, count=count)
    for slug, p50, p95 in (("smsplus-az", 210, 640), ("accolades-ro", 320, 910), ("etelecom-vn", 540, 1480)):
        HourlySpeed.objects.create(hour=hour, provider_id=slugs[slug], taken=busy, p50=p50, p95=p95)
"""


def fill(stack: Stack) -> str:
    """Some traffic, with a message that failed; returns the failed one's id."""
    numbers = itertools.count(1017, 37)
    for _ in range(6):
        for pattern, text in TEXTS.items():
            number = next(numbers)
            stack.send_sms(pattern.format(number), text.format(number))
    stack.vendors.accolades.fault("hang")
    stack.send_sms("+40721990011", "Comanda 88 este pe drum.")
    for code in (4127, 9034, 5518):
        stack.send_sms("+994505550199", f"Salam! Kodunuz {code}, magazin Bakida.")
    stack.vendors.smsplus.fault("code", code="121")
    failing = "+994505557788"
    stack.send_sms(failing, "Hörmətli Leyla, 7788 nömrəli sifarişiniz yoldadır.")
    found = f"to={failing.replace('+', '%2B')}"
    eventually(lambda: stack.messages(found)[0]["status"] == "failed")
    stack.manage("shell", "-c", HISTORY)
    return stack.messages(found)[0]["id"]


def pages(failed: str) -> dict[str, str]:
    return {
        "dashboard": "/admin/",
        "messages": "/admin/sms/message/",
        "message": f"/admin/sms/message/{failed}/change/",
        "set-up": "/admin/tools/set-up/",
        "providers": "/admin/tools/providers/",
        "template": "/admin/sms/messagetemplate/1/change/",
        "unmatched-texts": "/admin/tools/unmatched-texts/",
        "test-a-text": "/admin/tools/test-a-text/",
    }


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium.running() as browser:
        guard(folder=Path(folder))
        with Stack(Path(folder)) as stack:
            shop.run(stack, *shop.HIRE)
            failed = fill(stack)
            for dark in (False, True):
                with shop.window(browser, stack, dark=dark) as desk:
                    for name, path in pages(failed).items():
                        _take(desk, name, path, "dark" if dark else "light")


def _take(desk: Window, name: str, path: str, scheme: str) -> None:
    desk.open(path)
    if name == "test-a-text":
        desk.page.get_by_label("To", exact=True).fill("+994505551234")
        desk.page.get_by_label("Text", exact=True).fill("Hörmətli Aysel, 4711 nömrəli sifarişiniz yoldadır.")
        desk.page.get_by_role("button", name="Check").click()
    desk.page.wait_for_load_state("networkidle")
    desk.page.mouse.move(0, 0)
    desk.page.evaluate("document.fonts.ready")
    desk.page.screenshot(path=FOLDER / f"{name}-{scheme}.png")


if __name__ == "__main__":
    main()
