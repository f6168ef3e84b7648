"""The pages that staff use daily, and how to open them."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page

from .chromium import Window
from .shop import NUMBER, SAVED_VIEW, SHIPPED

Visit = Callable[[Window], Page]


def at(address: str) -> Visit:
    return lambda window: window.open(address)


def row_of(address: str, number: int = 0) -> Visit:
    """The page behind a row of a list, counted from 0."""

    def visit(window: Window) -> Page:
        row = window.open(address).locator("#result_list tbody tr").nth(number)
        link = row.locator(":is(th, td) a[href*='/change/']").first
        target = link.get_attribute("href")
        assert target, address
        return window.open(target)

    return visit


def checked_text(window: Window) -> Page:
    """With a result beside the form."""
    page = window.open("/admin/tools/test-a-text/")
    page.get_by_label("To", exact=True).fill(NUMBER)
    page.get_by_label("Text", exact=True).fill(SHIPPED)
    page.get_by_role("button", name="Check").click()
    page.get_by_text("The request to smsplus-az").wait_for()
    return page


def row(name: str, body: str, vendor_template: str, *, provider: str = "smsplus-az", status: str = "approved") -> str:
    """One line of a CSV of templates, in the order of its head."""
    return f'"{name}","{body}","","{provider}","{vendor_template}","","{status}",""'


HEAD = "name,body,placeholders,provider,vendor_template,parameters,status,note"
GOOD_FILE = (
    HEAD,
    row("pick-up-az", "Salam {ad}, {nomre} sifarişiniz Bakı mağazasında Sizi gözləyir.", "1500"),
    row("shipped-az", "Hörmətli {name}, {order} nömrəli sifarişiniz artıq yoldadır.", "1433"),
)
BAD_FILE = (*GOOD_FILE, row("broken-az", "Salam {ad", "1501", provider="nobody-az", status="granted"))


def shown_file(lines: tuple[str, ...]) -> Visit:
    """The import page once it has read a file: what it would change, or its mistakes. Nothing is saved."""

    def visit(window: Window) -> Page:
        page = window.open("/admin/tools/template-import/")
        data = "\n".join(lines).encode()
        page.set_input_files("#file", {"name": "templates.csv", "mimeType": "text/csv", "buffer": data})
        page.get_by_role("button", name="Show changes").click()
        page.get_by_role("heading", name="Another file").wait_for()
        return page

    return visit


def pasted_list(window: Window) -> Page:
    """A vendor's texts as they are understood. Nothing is saved."""
    page = window.open("/admin/tools/vendor-texts/")
    page.get_by_label("Provider").select_option(label="smsplus-az")
    page.get_by_label("Paste one text or a list of texts").fill(
        "1700\tHörmətli %1, %2 nömrəli sifarişiniz Bakıda hazırdır.\n1701\tEndirim ${kod} və <link>"
    )
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("heading", name="2 texts").wait_for()
    return page


def with_effect(window: Window) -> Page:
    """The retention periods with what a change would erase. Nothing is saved."""
    page = window.open("/admin/tools/retention/")
    page.locator("#id_text_days").fill("3")
    page.locator("#id_change_reason").fill("Texts are kept for three days")
    page.get_by_role("button", name="Show what would be erased").click()
    page.get_by_role("heading", name="What this change erases within the next hours").wait_for()
    return page


def saved_view(window: Window) -> Page:
    """The list of messages through a saved view, with the list of the views open."""
    page = window.open("/admin/sms/message/")
    page.get_by_role("link", name=SAVED_VIEW).click()
    page.locator(".admin-saved summary").click()
    page.get_by_role("button", name=f"Delete {SAVED_VIEW}").wait_for()
    return page


def in_language(language: str, visit: Visit) -> Visit:
    """The page for a browser that prefers this language."""

    def translated(window: Window) -> Page:
        window.page.set_extra_http_headers({"Accept-Language": language})
        try:
            page = visit(window)
            assert page.locator(f"html[lang={language}]").count() == 1
            return page
        finally:
            window.page.set_extra_http_headers({})

    return translated


def found(window: Window) -> Page:
    """The answer of the search to a request id."""
    page = window.open("/admin/tools/search/")
    page.locator("#search").fill("order-48213")
    page.keyboard.press("Enter")
    page.locator(".admin-results li").first.wait_for()
    return page


DAILY: dict[str, Visit] = {
    "dashboard": at("/admin/"),
    "messages": at("/admin/sms/message/"),
    "message": row_of("/admin/sms/message/?q=order-48213"),
    "search": found,
    "bulk": at("/admin/tools/bulk/?kind=resend&view=failed"),
    "bulk-operations": at("/admin/sms/bulkoperation/"),
    "alerts": at("/admin/sms/alert/"),
    "templates": at("/admin/sms/messagetemplate/"),
    "template": row_of("/admin/sms/messagetemplate/"),
    "template-import": at("/admin/tools/template-import/"),
    "template-import-shown": shown_file(GOOD_FILE),
    "template-import-mistaken": shown_file(BAD_FILE),
    "vendor-texts": at("/admin/tools/vendor-texts/"),
    "vendor-texts-shown": pasted_list,
    "what-to-submit": at("/admin/tools/what-to-submit/?provider=etelecom-vn"),
    "providers": at("/admin/tools/providers/"),
    "provider": row_of("/admin/sms/provider/"),
    "vendor-description": at("/admin/sms/vendordescription/add/"),
    "vendor-dry-run": at("/admin/tools/vendor-dry-run/"),
    "set-up": at("/admin/tools/set-up/"),
    "test-a-text": checked_text,
    "unmatched-texts": at("/admin/tools/unmatched-texts/"),
    "preferences": at("/admin/tools/preferences/"),
    "retention": with_effect,
    "audit": at("/admin/tools/audit/"),
    "codes": at("/admin/tools/codes/"),
    "deliveries": at("/admin/tools/deliveries/"),
    "new-user": at("/admin/auth/user/add/"),
    "saved-view": saved_view,
    "dashboard-az": in_language("az", at("/admin/")),
    "messages-tr": in_language("tr", at("/admin/sms/message/")),
    "message-ru": in_language("ru", row_of("/admin/sms/message/?q=order-48213")),
    "templates-ru": in_language("ru", at("/admin/sms/messagetemplate/")),
}
