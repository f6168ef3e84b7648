"""From a vendor's list, pasted as it came, to approved templates with named placeholders: no JSON is seen."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser import shop as furnishing
from tests.support.stack import Stack
from tests.support.waiting import eventually

from .chromium import NARROW, Window
from .test_accessibility import grave_findings, scrolls_sideways

AZ = "+994501234567"
PASTED = "\n".join(
    (
        "№\tŞablon mətni\tŞablon kodu",
        "1\tHörmətli %1, %2 nömrəli sifarişiniz Bakıda hazırdır.\t1700",
        "2\t[Ulduz] Giriş kodunuz {#var#}. Heç kimə deməyin.\t1701",
        "3\tHesabınız ${məbləğ} AZN artırıldı, %x kampaniya.\t1702",
    )
)
JSON = re.compile(r"""[\[{]\s*"|"\s*:\s*[\["{]""")


@pytest.fixture
def shop(stacks) -> Stack:
    stack = stacks()
    furnishing.run(stack, *furnishing.HIRE)
    return stack


@pytest.fixture
def desk(shop, browser) -> Iterator[Window]:
    with furnishing.window(browser, shop) as window:
        yield window


def assert_no_json(page: Page) -> None:
    seen = page.locator("main, #main").first.inner_text()
    typed = page.eval_on_selector_all(
        "input:not([type=hidden]), textarea", "fields => fields.map(field => field.value).join('\\n')"
    )
    assert not JSON.search(seen), JSON.search(seen)
    assert not JSON.search(typed), JSON.search(typed)


def assert_accessible(page: Page) -> None:
    assert grave_findings(page) == []
    wide = page.viewport_size
    page.set_viewport_size(NARROW)
    assert grave_findings(page) == []
    assert scrolls_sideways(page) == 0
    page.set_viewport_size(wide)


def test_a_pasted_list_becomes_approved_templates_that_carry_messages(shop, desk):
    page = desk.open("/admin/sms/messagetemplate/")
    page.get_by_role("link", name="Import a vendor's texts").click()
    page.get_by_label("Provider").select_option(label="smsplus-az")
    page.get_by_label("Paste one text or a list of texts").fill(PASTED)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", name="3 texts; 1 to 3 are shown")).to_be_visible()
    expect(page.get_by_text("Hörmətli {name}, {order} nömrəli sifarişiniz Bakıda hazırdır.")).to_be_visible()
    expect(page.get_by_label("Name of the placeholder ${məbləğ}")).to_have_value("mebleg")
    assert_no_json(page)
    assert_accessible(page)
    page.locator("#text-0-name").fill("pick-up")
    page.get_by_role("button", name="Save the selected texts").click()
    expect(page.get_by_text("3 texts are approved at smsplus-az now.")).to_be_visible()
    assert_no_json(page)
    eventually(lambda: shop.send_sms(AZ, "Hörmətli Aysel, 48213 nömrəli sifarişiniz Bakıda hazırdır.").status == 201)
    eventually(lambda: shop.vendors.smsplus.calls())
    desk.open("/admin/sms/messagetemplate/")
    page.get_by_role("link", name="pick-up", exact=True).click()
    expect(page.locator("[data-placeholder-table] tbody tr")).to_have_count(2)
    expect(page.locator("#template-preview")).to_contain_text("Hörmətli %1, %2 nömrəli sifarişiniz Bakıda hazırdır.")
    assert_no_json(page)


def test_a_template_is_written_and_its_parameters_ordered_by_keyboard_alone(shop, desk):
    page = desk.open("/admin/sms/messagetemplate/add/")
    page.locator("#id_name").fill("greeting")
    body = page.locator("#id_body")
    body.focus()
    page.keyboard.type("Salam {ad}, ")
    page.get_by_role("button", name="{order}").focus()
    page.keyboard.press("Enter")
    expect(body).to_have_value("Salam {ad}, {order}")
    page.keyboard.type(" yoldadir: {Müştəri kodu}")
    take = page.get_by_role("button", name="Use these names")
    take.focus()
    page.keyboard.press("Enter")
    expect(body).to_have_value("Salam {ad}, {order} yoldadir: {musteri_kodu}")
    expect(page.locator("[data-placeholder-table] tbody tr")).to_have_count(3)
    page.get_by_label("Kind musteri_kodu").focus()
    page.keyboard.type("code")
    page.locator("a.add-row").first.focus()
    page.keyboard.press("Enter")
    page.locator("#id_approvals-0-provider").select_option(label="smsplus-az")
    page.get_by_label("Parameter 1", exact=True).select_option("order")
    expect(page.locator("#template-preview")).to_contain_text("Salam %2, %1 yoldadir: %3")
    assert_no_json(page)
    assert_accessible(page)
    page.get_by_role("button", name="Save", exact=True).focus()
    page.keyboard.press("Enter")
    page.get_by_text("was added successfully").wait_for()
    printed = furnishing.run(
        shop,
        "from sms.models import TemplateApproval as A",
        "a = A.objects.get(template__name='greeting')",
        "print(a.parameters, a.template.placeholders)",
    )
    assert printed.split("\n")[0] == "['order', 'ad', 'musteri_kodu'] {'musteri_kodu': 'code'}"


def test_the_text_that_waits_is_listed_for_the_vendor(shop, desk):
    page = desk.open("/admin/tools/what-to-submit/?provider=etelecom-vn")
    expect(page.get_by_role("link", name="Download CSV")).to_be_visible()
    assert_no_json(page)
    assert_accessible(page)
