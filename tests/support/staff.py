"""A member of staff in the admin over HTTP: logs in, reads forms as a browser would, sends them back changed."""

from __future__ import annotations

from html.parser import HTMLParser
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

SECONDS = 30
Fields = dict[str, str]


class Staff:
    """One person with a session of their own at a running admin."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.cookies = CookieJar()
        self.opener = build_opener(HTTPCookieProcessor(self.cookies))

    def log_in(self, username: str, password: str) -> str:
        """The page after it: the admin, or the form again."""
        return self.submit("/admin/login/?next=/admin/", username=username, password=password)

    def get(self, path: str) -> str:
        return self._call(Request(self.url + path))

    def post(self, path: str, *more: tuple[str, str], **fields: str) -> str:
        """Without a form before it: an action of a row, or of a list. `more`: fields that come several times."""
        body = urlencode([*{"csrfmiddlewaretoken": self._token(), **fields}.items(), *more]).encode()
        return self._call(Request(self.url + path, body, {"Referer": self.url + path}))

    def submit(self, path: str, **changes: str) -> str:
        """The form of this page with these fields changed."""
        return self.post(path, **{**form_in(self.get(path)), "csrfmiddlewaretoken": self._token(), **changes})

    def _token(self) -> str:
        return next((cookie.value or "" for cookie in self.cookies if cookie.name == "csrftoken"), "")

    def _call(self, request: Request) -> str:
        try:
            with self.opener.open(request, timeout=SECONDS) as answer:
                return answer.read().decode()
        except HTTPError as error:
            raise AssertionError(f"{request.get_method()} {request.full_url} answered {error.code}") from None


def form_in(page: str) -> Fields:
    """What a browser would send back of the page's forms, if nobody touched them."""
    reader = _Forms()
    reader.feed(page)
    return reader.fields


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.fields: Fields = {}
        self.area = self.select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = dict(attrs)
        name = facts.get("name") or ""
        if tag == "input" and name:
            self._input(name, facts)
        elif tag == "textarea":
            self.area, self.fields[name] = name, ""
        elif tag == "select":
            self.select = name
        elif tag == "option" and self.select and "selected" in facts:
            self.fields[self.select] = facts.get("value") or ""

    def _input(self, name: str, facts: dict[str, str | None]) -> None:
        kind = facts.get("type")
        if kind in ("checkbox", "radio"):
            if "checked" in facts:
                self.fields[name] = facts.get("value") or "on"
        elif kind not in ("submit", "file", "button"):
            self.fields[name] = facts.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.area = ""
        elif tag == "select":
            self.select = ""

    def handle_data(self, data: str) -> None:
        if self.area:
            self.fields[self.area] += data.removeprefix("\n") if not self.fields[self.area] else data
