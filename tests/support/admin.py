"""A member of staff at the admin of a running stack, over plain HTTP: logs in, opens pages, fills in their forms."""

from __future__ import annotations

import http.client
from collections import defaultdict
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urljoin, urlsplit

from .stack import Stack

STAFF, PASSWORD = "aysel", "a made-up pass phrase of staff"
TIMEOUT_SECONDS = 30

# An administrator, who may do everything.
HIRE = (
    "from django.contrib.auth import get_user_model",
    f"get_user_model().objects.create_superuser({STAFF!r}, 'aysel@shop.example', {PASSWORD!r})",
)


def run(stack: Stack, *lines: str) -> str:
    """Run these lines with the product's models imported. Returns their output."""
    return stack.manage("shell", "-v", "0", "-c", "\n".join(lines)).stdout


class Page(HTMLParser):
    """The content of a page: its links, the fields of the form that posts, and the choices of its lists."""

    def __init__(self, address: str, html: str) -> None:
        super().__init__()
        self.address, self.html = address, html
        self.links: list[str] = []
        self.fields: dict[str, str] = {}
        self.choices: dict[str, dict[str, str]] = defaultdict(dict)
        """For each field, the labels of its choices with their values."""
        self._text: str | None = None
        self._list: str | None = None
        self._value = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "a":
            self.links.append(given.get("href", ""))
        elif tag == "input" and given.get("name") and given.get("type") not in ("submit", "checkbox", "file"):
            self.fields[given["name"]] = given.get("value", "")
        elif tag in ("textarea", "select") and given.get("name"):
            self._text, self._list = (given["name"], None) if tag == "textarea" else (None, given["name"])
            self.fields[given["name"]] = ""
        elif tag == "option" and self._list:
            self._value = given.get("value", "")
            if "selected" in given:
                self.fields[self._list] = self._value

    def handle_endtag(self, tag: str) -> None:
        if tag in ("textarea", "select"):
            self._text = self._list = None

    def handle_data(self, data: str) -> None:
        if self._text:
            self.fields[self._text] += data
        elif self._list and data.strip():
            self.choices[self._list][data.strip()] = self._value


class AdminSession:
    """`url`: the stack's. Follows redirects, keeps cookies, and submits the forms' CSRF tokens."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.cookies: dict[str, str] = {}

    def log_in(self, name: str, password: str) -> None:
        page = self.open("/admin/login/")
        after = self.send(page, username=name, password=password, next="/admin/")
        assert after.address == "/admin/", after.html

    def open(self, address: str) -> Page:
        return self._call("GET", address)

    def send(self, page: Page, **changes: str) -> Page:
        """Send the page's form with these fields changed. Returns the next page."""
        return self._call("POST", page.address, urlencode({**page.fields, **changes}))

    def _call(self, method: str, address: str, body: str | None = None) -> Page:
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=TIMEOUT_SECONDS)
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Cookie": cookies, "Origin": self.url, "Content-Type": "application/x-www-form-urlencoded"}
        try:
            connection.request(method, address, body, headers)
            answer = connection.getresponse()
            html = answer.read().decode()
        finally:
            connection.close()
        self._keep(answer.headers.get_all("Set-Cookie") or [])
        if answer.status in (301, 302, 303):
            return self._call("GET", urljoin(address, answer.headers["Location"]))
        assert answer.status == 200, (address, answer.status, html[:2000])
        return Page(address, html)

    def _keep(self, set_cookies: list[str]) -> None:
        for header in set_cookies:
            for name, cookie in SimpleCookie(header).items():
                self.cookies[name] = cookie.value
